//! A copied database looks on, until a person says that it is the one.

use crate::{api::web, server::Server, until};
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

// DK-187, F21, I7
#[tokio::test]
async fn a_copy_touches_nothing_until_it_is_told_to_rule() {
    let (mut server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let container = engine.container_of("web").await;
    server.stop().await;

    // Moved elsewhere; meanwhile the container is gone.
    let elsewhere = server.data().with_file_name("copy");
    copy(&server.data(), &elsewhere);
    engine.remove(&container).await;
    server.move_to(elsewhere);
    server.more = vec!["--reconcile-interval".to_owned(), "1s".to_owned()];
    server.resume().await;
    let ready = until("the copy to look", async || {
        let (_, ready) = api.at(&server.url).call(reqwest::Method::GET, "ready", None).await;
        (ready["reconciler"] == true).then_some(ready)
    })
    .await;
    assert_eq!(ready["observe_only"], true, "{ready}");
    // Three looks of its own at everything, and nothing comes of them.
    let looks = async || {
        let status = api.at(&server.url).get("system/status").await;
        status["reconciler"]["reconciled_at"].as_str().map(ToOwned::to_owned)
    };
    for _ in 0..3 {
        let last = looks().await;
        until("another look", async || (looks().await != last).then_some(())).await;
    }
    assert!(engine.containers().await.is_empty(), "it looks on");
    assert!(server.log().contains("--adopt-engine"), "and says what to do");

    server.stop().await;
    server.more.push("--adopt-engine".to_owned());
    server.resume().await;
    let api = api.at(&server.url);
    crate::api::Project { api: &api, id: project.id.clone() }.until_running(&id).await;
    engine.container_of("web").await;
}

// DK-187, F21, I7: a backup knows nothing of what came after it, and takes none of it away.
#[tokio::test]
async fn a_restored_backup_removes_nothing_that_came_after_it() {
    let (mut server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let old = engine.container_of("web").await;
    server.stop().await;
    let backup = server.data().with_file_name("backup");
    copy(&server.data(), &backup);
    server.resume().await;
    let api = api.at(&server.url);
    let project = crate::api::Project { api: &api, id: project.id.clone() };
    project.run(web("Later")).await;
    let later = engine.container_of("later").await;
    server.stop().await;

    // The database of the backup, in the place of the newer one.
    for entry in std::fs::read_dir(server.data()).expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().starts_with("easel.db") {
            std::fs::remove_file(entry.path()).expect("a file");
        }
    }
    for entry in std::fs::read_dir(&backup).expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().starts_with("easel.db") {
            let place = server.data().join(entry.file_name());
            std::fs::copy(entry.path(), place).expect("a copy");
        }
    }
    server.more = vec!["--reconcile-interval".to_owned(), "1s".to_owned()];
    server.resume().await;
    let ready = until("the backup to look", async || {
        let (_, ready) = api.at(&server.url).call(reqwest::Method::GET, "ready", None).await;
        (ready["reconciler"] == true).then_some(ready)
    })
    .await;
    assert_eq!(ready["observe_only"], true, "it notices that it is old: {ready}");

    server.stop().await;
    server.more.push("--adopt-engine".to_owned());
    server.resume().await;
    let api = api.at(&server.url);
    crate::api::Project { api: &api, id: project.id.clone() }.until_running(&id).await;
    until("what nobody names to be listed", async || {
        let status = api.get("system/status").await;
        let orphans = status["reconciler"]["orphans"].to_string();
        orphans.contains(&later[..12]).then_some(())
    })
    .await;
    assert_eq!(engine.container_of("web").await, old, "what it knows runs on");
    assert_eq!(engine.container_of("later").await, later, "what it does not know, too");
}
