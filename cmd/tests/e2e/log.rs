//! What a service prints, as a person reads it.

use crate::{browser::Window, server::Server};
use serde_json::json;

/// Whether the view stands at its newest line.
const AT_END: &str = "(() => { const log = document.querySelector('.log-frame'); \
    return log.scrollHeight - log.scrollTop - log.clientHeight <= 40; })()";
/// The number that the newest line in the page carries.
const NEWEST: &str = "Number([...document.querySelectorAll('.log-row .log-text')]\
    .map(one => one.innerText.match(/^line (\\d+)$/)).filter(Boolean).pop()?.[1] ?? -1)";
/// How many lines there are, seen or not.
const COUNT: &str = "parseInt(document.querySelector('.log-count').innerText)";

// DK-125: a badge that says whether it is live, pause, clear, streams and colours that differ,
// scrolling along, a jump to the newest line, and going on after the server was away.
// DK-169: dark or light as the machine prefers, without a reload.
#[tokio::test]
async fn a_person_reads_along_what_a_service_prints() {
    let (mut server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let print = "i=0; printf '\\033[31mred\\033[0m\\n'; echo 'not well' >&2; \
        while true; do i=$((i+1)); echo \"line $i\"; sleep 0.2; done";
    project
        .run(json!({
            "name": "Talker",
            "source": { "kind": "image", "image": "easel-test/busybox:1", "pull": "never" },
            "command": ["sh", "-c", print],
        }))
        .await;
    let addr = server.url.trim_start_matches("http://").to_owned();
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    window.click("[data-test=card][data-name=talker], [data-test=card][data-name=Talker]").await;
    window.press("Logs").await;

    window.read("[data-test=logs] .log-bar", "Connected").await;
    window.until("lines as they come", &format!("{NEWEST} > 40")).await;
    window.until("the view to scroll along", AT_END).await;
    let top = "(document.querySelector('.log-frame').scrollTop = 0, true)";
    let _: bool = window.eval(top).await;
    window.wait_for(".log-row--error").await;
    window.read(".log-row--error", "not well").await;
    window.read(".log-row .ansi-1", "red").await;
    let colours = "(() => { const of = (one) => getComputedStyle(document.querySelector(one)).color; \
        return of('.log-row .ansi-1') !== of('.log-row--error .log-text'); })()";
    window.until("colours that differ", colours).await;
    let marked = "(() => { const of = (one) => getComputedStyle(document.querySelector(one)).boxShadow; \
        return of('.log-row--error') !== of('.log-row:not(.log-row--error)'); })()";
    window.until("a mark at what went to standard error", marked).await;

    // Whoever scrolls up stays there, until they ask for the newest.
    window.read(".log-jump", "Jump to latest").await;
    let stays: bool = window.eval(&format!("!({AT_END})")).await;
    assert!(stays, "it was scrolled away from where somebody reads");
    window.click(".log-jump button").await;
    window.until("the newest line", AT_END).await;
    window.wait_gone(".log-jump").await;

    window.press("Pause").await;
    window.read("[data-test=logs] .log-bar", "Paused").await;
    let held: i64 = window.eval(NEWEST).await;
    window
        .until(
            "lines to wait",
            "/\\(\\d+ new\\)/.test(document.querySelector('.log-jump').innerText)",
        )
        .await;
    let now: i64 = window.eval(NEWEST).await;
    assert_eq!(now, held, "nothing moves while it is paused");
    window.press("Resume").await;
    window.until("what came meanwhile", &format!("{NEWEST} > {held}")).await;

    let held: i64 = window.eval(NEWEST).await;
    // Without it there are only ever more of them.
    let kept: i64 = window.eval(COUNT).await;
    assert!(kept > held && held > 0, "{kept} lines, the last of them {held}");
    window.press("Clear").await;
    window.until("fewer lines", &format!("{COUNT} < {kept}")).await;
    window.until("new lines all the same", &format!("{NEWEST} > {held}")).await;
    let is_new: bool = window.eval(&format!("{COUNT} <= {NEWEST} - {held}")).await;
    assert!(is_new, "lines from before are back");
    window.wait_gone(".log-row--error").await;

    let ground = "getComputedStyle(document.body).backgroundColor";
    let dark: String = window.eval(ground).await;
    window.theme("light").await;
    window.until("the light theme", &format!("{ground} !== '{dark}'")).await;
    window.theme("dark").await;
    window.until("the dark theme again", &format!("{ground} === '{dark}'")).await;

    // The server restarts at the same address: the page reads on by itself.
    server.stop().await;
    window
        .until(
            "the page to notice",
            "!document.querySelector('[data-test=logs] .log-bar').innerText.includes('Live')",
        )
        .await;
    let held: i64 = window.eval(NEWEST).await;
    server.addr = addr;
    server.resume().await;
    window.read("[data-test=logs] .log-bar", "Connected").await;
    window.until("lines from where it was", &format!("{NEWEST} > {held}")).await;

    // A container that ends says so between what it and its successor print.
    let engine = server.engine();
    engine.kill(&engine.container_of("talker").await).await;
    window.read(".log-row--event .log-text", "container exited").await;
    let painted = "(() => { const of = (one) => getComputedStyle(document.querySelector(one)).color; \
        return of('.log-row--event .log-text') !== of('.log-row:not(.log-row--event) .log-text'); })()";
    window.until("a colour of its own", painted).await;
    window.end().await;
}
