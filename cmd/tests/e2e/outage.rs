//! What people do to containers behind Easel's back, and what Easel's own end does to them.

use crate::{api::web, canvas_socket, server::Server, until};
use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use std::collections::{HashMap, HashSet};

// F36
#[tokio::test]
async fn a_killed_or_removed_container_is_back_and_the_history_says_why() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let first = engine.container_of("web").await;

    engine.kill(&first).await;
    let told = canvas_socket::incident(&project, &id).await;
    assert!(told.contains("outside Easel"), "{told}");
    let second = engine.container_of("web").await;

    engine.remove(&second).await;
    until("another container", async || {
        let now = engine.containers_of("web").await;
        let is_new = now.len() == 1 && now[0].id.as_ref() != Some(&second);
        is_new.then_some(())
    })
    .await;
    engine.container_of("web").await;
    until("the history to say so", async || {
        let told = canvas_socket::incidents(&project, &id).await;
        told.iter().any(|one| one.contains("removed")).then_some(())
    })
    .await;
    assert_eq!(project.deployments(&id).await.len(), 1, "that was no deployment");
}

// F37
#[tokio::test]
async fn a_stopped_container_is_started_and_a_paused_one_resumed() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let container = engine.container_of("web").await;

    engine.docker.pause_container(&container).await.expect("a pause");
    until("the paused one to run on", async || {
        let state = engine.inspect(&container).await.state?;
        (state.paused == Some(false)).then_some(())
    })
    .await;
    engine.docker.stop_container(&container, None).await.expect("a stop");
    engine.container_of("web").await;
    until("the history to say both", async || {
        let told = canvas_socket::incidents(&project, &id).await;
        let says = |word: &str| told.iter().any(|one| one.contains(word));
        (says("paused") && says("stopped")).then_some(())
    })
    .await;
    project.until_running(&id).await;
}

// I4, DK-131, DK-138
#[tokio::test]
async fn containers_outlive_easel_and_its_return_changes_nothing() {
    let (mut server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let mut ids = Vec::new();
    for name in ["Web", "Api"] {
        ids.push(project.run(web(name)).await);
    }
    let before = [engine.container_of("web").await, engine.container_of("api").await];
    let starts: Vec<_> = started(&engine, &before).await;

    let (status, _) = server.stop().await;
    assert!(status.success(), "{status}");
    assert_eq!(started(&engine, &before).await, starts, "they run on");

    let since = now();
    server.resume().await;
    let api = api.at(&server.url);
    until("Easel to be ready", async || {
        let (status, _) = api.call(reqwest::Method::GET, "ready", None).await;
        status.is_success().then_some(())
    })
    .await;
    // Every service has been looked at: its state is told anew.
    for id in &ids {
        let again = crate::api::Project { api: &api, id: project.id.clone() };
        again.until_running(id).await;
        assert_eq!(again.deployments(id).await.len(), 1, "nothing is redeployed");
    }

    assert_eq!(started(&engine, &before).await, starts);
    let ours: HashSet<&str> = before.iter().map(String::as_str).collect();
    let events = changes_since(&engine.docker, since).await;
    let touched: Vec<_> = events.iter().filter(|(id, _)| ours.contains(id.as_str())).collect();
    assert!(touched.is_empty(), "no call changed anything: {touched:?}");
}

async fn started(engine: &crate::engine::Engine, containers: &[String]) -> Vec<Option<String>> {
    let mut times = Vec::new();
    for id in containers {
        let state = engine.inspect(id).await.state.expect("a state");
        assert_eq!(state.running, Some(true), "{id}");
        times.push(state.started_at.map(|at| at.to_string()));
    }
    times
}

/// Seconds since 1970, with all their digits.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = since.expect("a clock after 1970");
    format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
}

/// What the engine did to containers, exec probes apart.
async fn changes_since(docker: &bollard::Docker, since: String) -> Vec<(String, String)> {
    let kinds = HashMap::from([("type", vec!["container"])]);
    let options = EventsOptionsBuilder::new().since(&since).until(&now()).filters(&kinds).build();
    let mut events = docker.events(Some(options));
    let mut found = Vec::new();
    while let Some(Ok(event)) = events.next().await {
        let action = event.action.unwrap_or_default();
        if !action.starts_with("exec_") {
            found.push((event.actor.and_then(|actor| actor.id).unwrap_or_default(), action));
        }
    }
    found
}
