//! API keys, made and ended in the browser.

use crate::{api::Api, browser::Window, server::Server};
use reqwest::Method;

// DK-13, DK-15, DK-17: a key is shown once, works, and is refused once it is deleted.
#[tokio::test]
async fn a_key_is_shown_once_works_and_is_refused_when_it_is_deleted() {
    let (server, owner) = Server::claimed().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/settings/api-keys", server.url)).await;
    window.read("main", "e2e").await;

    window.press("New key").await;
    window.press("Create key").await;
    window.wait_for("[role=dialog] .field-error").await;
    window.fill("#key-for", "Pipeline").await;
    window.screenshot("25-new-key").await;
    window.press("Create key").await;
    window.wait_for(".token code").await;
    let token: String = window.eval("document.querySelector('.token code').innerText").await;
    window.screenshot("26-key-once").await;
    // A slip beside the dialog does not lose it.
    window.key("Escape").await;
    window.press("I have copied it").await;
    window.wait_gone(".token").await;
    window.read("table", "Pipeline").await;
    let page: String = window.eval("document.documentElement.outerHTML").await;
    assert!(!page.contains(&token), "it is shown a second time");
    window.reload().await;
    window.read("table", "Pipeline").await;
    let page: String = window.eval("document.documentElement.outerHTML").await;
    assert!(!page.contains(&token), "it is shown a second time");

    let script = Api { http: owner.http.clone(), url: owner.url.clone(), key: token };
    script.get("auth/me").await;
    window.press("Delete Pipeline").await;
    window.press("Delete the key").await;
    window
        .until(
            "the key to be gone",
            "!document.querySelector('table').innerText.includes('Pipeline')",
        )
        .await;
    let (status, _) = script.call(Method::GET, "auth/me", None).await;
    assert_eq!(status.as_u16(), 401);
    window.close().await;
}
