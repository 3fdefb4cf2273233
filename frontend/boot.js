// Starts the app, and says so when it has ended: a page that stands still looks as if it were well.
function say(text) {
  if (document.getElementById("stopped")) return;
  const frame = document.createElement("div");
  frame.id = "stopped";
  frame.className = "dialog-frame";
  frame.innerHTML =
    '<div class="dialog-scrim"></div>' +
    '<div class="dialog" role="alertdialog" aria-labelledby="stopped-title" aria-describedby="stopped-text">' +
    '<div class="dialog-head"><h2 id="stopped-title">This page has stopped</h2></div>' +
    '<div class="dialog-body"><p id="stopped-text"></p>' +
    '<p><button class="button button--primary" type="button">Load it again</button></p></div></div>';
  frame.querySelector("#stopped-text").textContent = text;
  const again = frame.querySelector("button");
  again.addEventListener("click", () => location.reload());
  document.body.append(frame);
  again.focus();
}

function look(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    say("Something went wrong in it. What runs is not affected, and what was staged is on the server.");
  }
}
window.addEventListener("error", (event) => look(event.error));
window.addEventListener("unhandledrejection", (event) => look(event.reason));

import("./{{js}}")
  .then(({ default: init }) => init({ module_or_path: new URL("./{{wasm}}", import.meta.url) }))
  .catch((error) => {
    look(error);
    say("It could not be loaded. Look at your connection, and whether this browser runs WebAssembly.");
    throw error;
  });
