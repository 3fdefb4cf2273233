//! An engine that is not there yet, or not any more.

use crate::{api::web, server::Server, until};
use std::path::Path;
use tokio::net::{UnixListener, UnixStream};

/// A way to the engine that can be opened and closed.
fn open_way(path: &Path) -> tokio::task::JoinHandle<()> {
    let listener = UnixListener::bind(path).expect("a socket");
    let engine = crate::engine::address();
    let engine = engine.trim_start_matches("unix://").to_owned();
    tokio::spawn(async move {
        let mut ways = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let engine = engine.clone();
            ways.spawn(async move {
                if let Ok(mut far) = UnixStream::connect(engine).await {
                    let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    })
}

// DK-156, DK-188, F28
#[tokio::test]
async fn easel_starts_without_an_engine_and_goes_on_when_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("docker.sock");
    let begun = std::time::Instant::now();
    let server = Server::start_with(&format!("unix://{}", socket.display()), &[]).await;
    let api = server.first_account().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());

    let project = api.project("Shop").await;
    let id = project.stage_service(web("Web")).await;
    project.apply("before there is an engine").await;
    let (status, ready) = api.call(reqwest::Method::GET, "ready", None).await;
    assert_eq!(status.as_u16(), 503, "{ready}");
    assert_eq!(ready["engine"], false);
    assert_eq!(ready["database"], true);
    let (status, _) = api.call(reqwest::Method::GET, "health", None).await;
    assert!(status.is_success(), "alive all the same");

    let way = open_way(&socket);
    project.until_running(&id).await;
    until("Easel to be ready", async || {
        let (status, _) = api.call(reqwest::Method::GET, "ready", None).await;
        status.is_success().then_some(())
    })
    .await;

    // Gone again: said so, and nothing is lost.
    way.abort();
    std::fs::remove_file(&socket).expect("a socket");
    until("Easel to notice", async || {
        let (status, _) = api.call(reqwest::Method::GET, "ready", None).await;
        (status.as_u16() == 503).then_some(())
    })
    .await;
    let again = open_way(&socket);
    until("Easel to be ready again", async || {
        let (status, _) = api.call(reqwest::Method::GET, "ready", None).await;
        status.is_success().then_some(())
    })
    .await;
    assert_eq!(project.deployments(&id).await.len(), 1, "nothing is redeployed");
    again.abort();
}
