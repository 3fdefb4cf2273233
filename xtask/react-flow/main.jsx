// The cards of the bench in React Flow, and nothing else: no account, no server to ask, no changes.
import { Handle, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { memo } from "react";
import { createRoot } from "react-dom/client";
import "./style.css";

const CARDS = 1000;
const COLUMNS = 32;
const [WIDTH, HEIGHT] = [340, 200];

const Card = memo(({ data }) => (
  <article className="card">
    <Handle type="target" position={Position.Left} />
    <header className="card-head">
      <span className="card-icon">
        <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2">
          <path d="M21 8a2 2 0 0 0-1-1.73l-7-4a2 2 0 0 0-2 0l-7 4A2 2 0 0 0 3 8v8a2 2 0 0 0 1 1.73l7 4a2 2 0 0 0 2 0l7-4A2 2 0 0 0 21 16Z" />
          <path d="m3.3 7 8.7 5 8.7-5M12 22V12" />
        </svg>
      </span>
      <div>
        <h3 className="card-name">{data.name}</h3>
        <p className="card-source">sim/app:1</p>
      </div>
    </header>
    <p className="card-address">{data.host}</p>
    <footer className="card-foot">
      <span className="card-mark" />
      <span>Waiting</span>
    </footer>
    <Handle type="source" position={Position.Right} />
  </article>
));

const nodes = Array.from({ length: CARDS }, (_, number) => ({
  id: String(number),
  type: "card",
  position: { x: (number % COLUMNS) * WIDTH, y: Math.floor(number / COLUMNS) * HEIGHT },
  data: { name: `service ${number}`, host: `service-${number}` },
}));

createRoot(document.getElementById("root")).render(
  <ReactFlow defaultNodes={nodes} defaultEdges={[]} nodeTypes={{ card: Card }} minZoom={0.02} fitView />,
);
