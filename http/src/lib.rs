//! REST, WebSocket, SSE and the embedded web app.
