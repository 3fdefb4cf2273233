// Brings the app in, shows how far it has come, and says so when it has ended: it outlives the app.
const stopped = document.getElementById("stopped");

// Only for the time until the app is there, which looks for itself.
try {
  const theme = localStorage.getItem("easel.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that remembers nothing has no theme of its own.
}

function stop(title, text, cause) {
  // What comes first is the cause; the rest follows from it.
  if (stopped.open) return;
  stopped.querySelector("h2").textContent = title;
  stopped.querySelector("p").textContent = text;
  stopped.querySelector("pre").textContent = cause;
  stopped.showModal();
}
stopped.addEventListener("cancel", (event) => event.preventDefault());
stopped.querySelector("button").addEventListener("click", () => location.reload());

function end(cause) {
  stop(
    "This page has stopped",
    "Something went wrong in it. What runs is not affected, and what was staged is on the server.",
    cause,
  );
}
// What the app says when it panics. A trap that says nothing is an end as well.
window.addEventListener("easel-panic", ({ detail }) => end(detail));
const look = (error) => error instanceof WebAssembly.RuntimeError && end(String(error));
window.addEventListener("error", ({ error }) => look(error));
window.addEventListener("unhandledrejection", ({ reason }) => look(reason));

// What the first screen asks for comes along with the app, not after it: see `view/early.rs`.
const [place, project, page] = location.pathname.split("/").slice(1);
const early = ["/api/auth/me"];
if (place === "projects" && project) {
  early.push(`/api/projects/${project}`);
  if (page !== "settings") early.push(`/api/projects/${project}/canvas`);
}
window.easelEarly = new Map(
  early.map((path) => {
    const answer = fetch(path, { cache: "no-store", signal: AbortSignal.timeout(20_000) });
    // Whoever takes it hears of a failure.
    answer.catch(() => {});
    return [path, answer];
  }),
);

async function compiled(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
  // A copy is counted: the browser keeps compiled code only of an answer that nobody has touched.
  count(response.clone().body);
  return WebAssembly.compileStreaming(response);
}

async function count(body) {
  const bar = document.querySelector(".loading progress");
  const share = document.querySelector(".loading-share");
  const reader = body.getReader();
  let bytes = 0;
  // A stream that breaks ends the other copy too, which says so.
  for (let part; !(part = await reader.read().catch(() => ({ done: true }))).done; ) {
    bytes += part.value.length;
    bar.value = bytes;
    share.textContent = `Loading: ${Math.floor(bar.position * 100)} %`;
  }
}

async function start() {
  const module = compiled(new URL("./{{wasm}}", import.meta.url));
  const { default: init } = await import("./{{js}}");
  await init({ module_or_path: await module });
}

start().catch((error) => {
  look(error);
  const why = navigator.onLine
    ? "Easel did not answer, or something between it and this browser keeps it back. If this goes on, look whether this browser may run WebAssembly."
    : "This device has no network. Reload when it has one.";
  stop("Easel could not be loaded", why, String(error));
  throw error;
});
