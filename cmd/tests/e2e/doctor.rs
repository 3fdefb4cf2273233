//! The doctor says what is wrong, where, and what to do next.

use crate::{
    cli::Outcome,
    server::{Server, binary},
    start::outcome,
};
use serde_json::Value;
use std::path::Path;

async fn doctor(data: &Path, host: &str) -> (Outcome, Value) {
    let mut command = binary();
    command.args(["doctor", "--json", "--addr", "127.0.0.1:0", "--docker-host", host]);
    command.arg("--data-dir").arg(data);
    let outcome = outcome(command).await;
    let report = serde_json::from_str(&outcome.out).expect("JSON");
    (outcome, report)
}

fn finding<'a>(report: &'a Value, what: &str) -> &'a Value {
    let all = report["findings"].as_array().expect("a list");
    let mut found = all.iter().filter(|one| one["what"] == what);
    found.find(|one| one["status"] != "ok").unwrap_or_else(|| panic!("{what}: {report:#}"))
}

#[tokio::test]
async fn a_healthy_place_is_healthy_and_a_missing_engine_is_named() {
    let mut server = Server::start().await;
    server.stop().await;

    let (healthy, report) = doctor(&server.data(), &crate::engine::address()).await;
    assert_eq!((healthy.code, &report["ok"]), (0, &true.into()), "{healthy:#?}");

    let (broken, report) = doctor(&server.data(), "/nowhere/docker.sock").await;
    assert_eq!(broken.code, 7, "{broken:#?}");
    let engine = finding(&report, "engine");
    assert!(engine["advice"].as_str().expect("advice").contains("--docker-host"));
}

#[tokio::test]
async fn what_would_keep_the_server_from_starting_is_found() {
    let mut server = Server::start().await;
    server.stop().await;
    let (data, engine) = (server.data(), crate::engine::address());
    let key = data.join("easel.key");
    let right = std::fs::read(&key).expect("the key");

    let stranger = Server::start().await;
    std::fs::copy(stranger.data().join("easel.key"), &key).expect("a copy");
    let (wrong, report) = doctor(&data, &engine).await;
    assert_eq!(wrong.code, 7, "{wrong:#?}");
    let found = finding(&report, "key")["detail"].as_str().expect("text");
    assert!(found.contains("does not belong to this database"), "{found}");

    std::fs::remove_file(&key).expect("a removal");
    let (_, report) = doctor(&data, &engine).await;
    assert!(finding(&report, "key")["detail"].as_str().expect("text").contains("is missing"));
    std::fs::write(&key, right).expect("the right key");
    let mut private = std::fs::metadata(&key).expect("the key").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut private, 0o600);
    std::fs::set_permissions(&key, private).expect("a mode");

    let mut file = std::fs::read(data.join("easel.db")).expect("the database");
    file.truncate(100_000);
    std::fs::write(data.join("easel.db"), file).expect("a damaged database");
    let (_, report) = doctor(&data, &engine).await;
    let database = finding(&report, "database");
    assert!(database["detail"].as_str().expect("text").contains("is damaged"), "{database}");
    assert!(database["advice"].as_str().expect("advice").contains("backup"), "{database}");
}

#[tokio::test]
async fn an_engine_that_takes_connections_and_never_answers_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("docker.sock");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(one) = listener.accept().await {
            held.push(one);
        }
    });

    let (hung, report) = doctor(&folder.path().join("data"), &socket.to_string_lossy()).await;

    held.abort();
    assert_eq!(hung.code, 7, "{hung:#?}");
    let engine = finding(&report, "engine");
    assert!(engine["detail"].as_str().expect("text").contains("does not answer"), "{engine}");
    assert!(engine["advice"].as_str().expect("advice").contains("journalctl"), "{engine}");
}

/// A disk that is mounted here, until it is dropped.
struct Disk<'a>(&'a std::path::Path);

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _unmounted = std::process::Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_found_where_the_data_lies() {
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "easel-test"])
        .arg(folder.path())
        .status();
    assert!(mounted.is_ok_and(|it| it.success()), "this test mounts a small disk: run it as root");
    let _disk = Disk(folder.path());
    let filled = std::fs::write(folder.path().join("filler"), vec![0; 2 << 20]);

    let (full, report) = doctor(folder.path(), &crate::engine::address()).await;

    assert!(filled.is_err(), "it is full");
    assert_eq!(full.code, 7, "{full:#?}");
    let data = finding(&report, "data");
    assert!(data["advice"].as_str().expect("advice").contains("free some space"), "{data}");
    let disk = finding(&report, "disk");
    assert!(disk["detail"].as_str().expect("text").starts_with("0 bytes free"), "{disk}");
}
