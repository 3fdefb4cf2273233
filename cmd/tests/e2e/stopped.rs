//! A page whose program has ended.

use crate::{browser::Window, server::Server};

#[tokio::test]
async fn a_page_that_has_stopped_says_so_and_can_be_loaded_again() {
    let (server, _) = Server::claimed().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;

    // As the browser tells of a program that gives up.
    let trap = "(setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable') }), 0)";
    let _: u8 = window.eval(trap).await;
    window.read("[role=alertdialog]", "This page has stopped").await;
    window.picture("27-stopped").await;
    window.press("Load it again").await;

    window.see_no("#stopped").await;
    window.read("h1", "Projects").await;
    window.end().await;
}
