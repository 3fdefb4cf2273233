//! What a card says of a service that does not run, and how a person brings it about again.

use crate::{api::web, browser::Window, server::Server, until};
use serde_json::json;

// DK-42: a service of which nobody wants a replica, and one that never came to serve.
#[tokio::test]
async fn a_card_says_that_a_service_failed_or_was_stopped() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.run(web("web")).await;
    let mut broken = web("broken");
    broken["command"] = json!(["sh", "-c", "echo the moon is missing; exit 3"]);
    project.stage_service(broken).await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    let card = |name: &str, word: &str| {
        format!("[data-test=card][data-name={name}][data-status='{word}']")
    };
    window.wait_for(&format!("{} .status--live", card("web", "Running"))).await;
    window.wait_for(&card("broken", "Not deployed yet")).await;

    let address = format!("service/{id}/replicas");
    let none = json!({ "op": "set", "address": address, "content": { "replicas": 0 } });
    project.stage(&[none]).await;
    window.read("[data-test=change-count]", "2 changes").await;
    window.click("[data-test=apply] button").await;

    let stopped = card("web", "Stopped");
    window.read(&format!("{stopped} .status--stopped .status-word"), "Stopped").await;
    let failed = card("broken", "Failed");
    window.read(&format!("{failed} .status--failed .status-word"), "Failed").await;
    window.read(&format!("{failed} .card-reason"), "exit code 3").await;
    window.wait_for(&format!("{failed} .card--failed")).await;
    window.wait_gone(&format!("{stopped} .card--failed")).await;
    window.screenshot("29-failed-and-stopped").await;
    window.close().await;
}

// DK-42: the same configuration again, in containers of their own.
#[tokio::test]
async fn a_redeploy_is_pressed_and_a_new_container_serves() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("web")).await;
    let first = engine.container_of("web").await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}/services/web/deployments", server.url, project.id)).await;
    let live = "document.querySelectorAll('[data-test=deployment][data-state=live]').length";
    window.until("the one that serves", &format!("{live} === 1")).await;

    window.click("[data-test=redeploy] button").await;

    window.read(".toast--done", "Deployment 2 is under way").await;
    window.wait_for("[data-test=deployment][data-state=superseded]").await;
    window.until("the one that serves now", &format!("{live} === 1")).await;
    until("another container in its place", async || {
        let now = engine.containers_of("web").await;
        (now.len() == 1 && now[0].id.as_ref() != Some(&first)).then_some(())
    })
    .await;
    assert_eq!(project.until_running(&id).await["newest_deployment"]["generation"], 2);
    window.close().await;
}
