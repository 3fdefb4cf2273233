//! A page whose program has ended, or never came.

use crate::{browser::Window, server::Server, until};

#[tokio::test]
async fn a_panic_is_read_in_the_console_and_on_the_page_which_can_be_loaded_again() {
    let (server, _) = Server::claimed().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.read("main", "Create your first project").await;

    // A browser that makes no more elements leaves the app no way on.
    let refusal = "document.createElement = document.createElementNS = \
                   () => { throw new Error('no more elements'); }; 0";
    let _: u8 = window.eval(refusal).await;
    window.press("Create a project").await;

    window.read("[role=alertdialog]", "This page has stopped").await;
    window.read("[role=alertdialog] pre", "panicked at").await;
    window.read("[role=alertdialog] pre", "no more elements").await;
    let said = until("the panic in the console", async || {
        let errors = window.errors.lock().expect("no listener panics").join("\n");
        errors.contains("panicked at").then_some(errors)
    })
    .await;
    assert!(said.contains("no more elements"), "{said}");
    assert_eq!(window.eval::<String>("document.activeElement.innerText").await, "Reload");
    window.screenshot("27-stopped").await;
    window.key("Escape").await;
    window.press("Reload").await;

    window.wait_gone("#stopped[open]").await;
    window.read("h1", "Projects").await;
    window.end().await;
}

#[tokio::test]
async fn a_trap_without_words_stops_the_page_too() {
    let (server, _) = Server::claimed().await;
    let window = Window::open(&format!("{}/login", server.url)).await;

    // As the browser tells of a program that gives up.
    let trap = "(setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable') }), 0)";
    let _: u8 = window.eval(trap).await;

    window.read("[role=alertdialog]", "This page has stopped").await;
    window.end().await;
}

#[tokio::test]
async fn a_slow_line_shows_the_logo_and_how_much_has_come() {
    let (server, _) = Server::claimed().await;
    let window = Window::blank().await;
    window.line(Some(80_000)).await;

    window.ask(&format!("{}/login", server.url)).await;
    window.wait_for(".loading .logo").await;
    let bar = "document.querySelector('.loading progress')";
    window.until("some of it", &format!("{bar}.value > 0 && {bar}.value < {bar}.max")).await;
    window.read(".loading", "%").await;
    window.screenshot("30-loading").await;
    window.line(None).await;

    window.wait_for("#email").await;
    window.wait_gone(".loading").await;
    window.close().await;
}

#[tokio::test]
async fn an_app_that_cannot_be_loaded_says_so_and_is_loaded_on_request() {
    let (server, _) = Server::claimed().await;
    let window = Window::blank().await;
    window.keep_back(Some("*://*:*/*.wasm")).await;

    window.ask(&format!("{}/login", server.url)).await;

    window.read("[role=alertdialog]", "Easel could not be loaded").await;
    assert_eq!(window.eval::<String>("document.activeElement.innerText").await, "Reload");
    window.screenshot("31-not-loaded").await;
    window.keep_back(None).await;
    window.press("Reload").await;
    window.wait_for("#email").await;
    window.end().await;
}
