//! The web app and what surrounds it, as a browser meets them.

use crate::server::Server;
use reqwest::{Method, header};

// DK-159
#[tokio::test]
async fn the_binary_holds_the_web_app_and_answers_every_page_of_it() {
    let server = Server::start().await;

    for page in ["/", "/projects/some-project", "/login"] {
        let answer = reqwest::get(format!("{}{page}", server.url)).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{page}");
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
        assert!(kind.starts_with("text/html"), "{page}: {kind}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }
    for nothing in ["/assets/nothing.js", "/api/nothing"] {
        let answer = reqwest::get(format!("{}{nothing}", server.url)).await.expect("an answer");
        assert!(matches!(answer.status().as_u16(), 401 | 404), "{nothing}: {}", answer.status());
    }
}

// DK-160
#[tokio::test]
async fn the_web_app_can_come_from_a_folder_while_it_is_worked_on() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), "<p>first</p>").expect("a page");
    let path = folder.path().to_string_lossy().into_owned();
    let server = Server::start_with(&crate::engine::address(), &["--dev-web", &path]).await;
    let page = async || {
        let answer = reqwest::get(&server.url).await.expect("an answer");
        answer.text().await.expect("text")
    };

    assert_eq!(page().await, "<p>first</p>");
    std::fs::write(folder.path().join("index.html"), "<p>second</p>").expect("a page");

    assert_eq!(page().await, "<p>second</p>");
}

// DK-21
#[tokio::test]
async fn foreign_origins_are_allowed_only_when_they_are_named() {
    let friend = "https://friend.example.org";
    let engine = crate::engine::address();
    let server = Server::start_with(&engine, &["--cors-origin", friend]).await;
    let ask = async |origin: &str| {
        let asked = reqwest::Client::new()
            .request(Method::OPTIONS, format!("{}/api/projects", server.url))
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        let answer = asked.send().await.expect("an answer");
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned();
        (answer.status().as_u16(), allowed)
    };

    let (status, allowed) = ask(friend).await;
    assert_eq!(status, 204);
    assert_eq!(allowed.expect("a header"), friend);
    assert_eq!(ask("https://foe.example.org").await.1, None);
}
