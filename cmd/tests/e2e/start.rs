//! What keeps Easel from starting is said in a sentence, with a code.

use crate::{
    cli::Outcome,
    server::{Server, binary},
};
use std::process::Stdio;
use tokio::process::Command;

pub(crate) async fn outcome(mut command: Command) -> Outcome {
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).output();
    let run = tokio::time::timeout(std::time::Duration::from_secs(20), run).await;
    let run = run.expect("an end in time").expect("the binary");
    Outcome {
        code: run.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&run.stdout).into_owned(),
        err: String::from_utf8_lossy(&run.stderr).into_owned(),
    }
}

/// The last line of standard error: the sentence for people.
fn sentence(outcome: &Outcome) -> &str {
    outcome.err.lines().last().unwrap_or_default()
}

fn serve(arguments: &[&str]) -> Command {
    let mut command = binary();
    command.arg("serve").args(arguments);
    command
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = holder.local_addr().expect("an address").to_string();
    let data = tempfile::tempdir().expect("a folder");

    let ended =
        outcome(serve(&["--addr", &addr, "--data-dir", &data.path().join("d").to_string_lossy()]))
            .await;

    assert_eq!(ended.code, 8, "{ended:#?}");
    assert!(sentence(&ended).contains(&format!("{addr} is in use already")), "{ended:#?}");
    assert!(!data.path().join("d").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_data_directory_in_use_is_named_with_its_holder() {
    let server = Server::start().await;

    let ended = outcome(server.command()).await;

    assert_eq!(ended.code, 8, "{ended:#?}");
    assert!(sentence(&ended).contains("is in use by process"), "{ended:#?}");
}

#[tokio::test]
async fn a_wrong_or_missing_key_stops_it_and_changes_nothing() {
    let mut server = Server::start().await;
    server.stop().await;
    let key = server.data().join("easel.key");
    let right = std::fs::read(&key).expect("the key");
    let other = tempfile::tempdir().expect("a folder");
    let before = std::fs::read(server.data().join("easel.db")).expect("the database");

    std::fs::rename(&key, other.path().join("easel.key")).expect("a move");
    let missing = outcome(server.command()).await;
    assert_eq!(missing.code, 8, "{missing:#?}");
    assert!(sentence(&missing).contains("is missing"), "{missing:#?}");

    // The key of another installation.
    let stranger = Server::start().await;
    std::fs::copy(stranger.data().join("easel.key"), &key).expect("a copy");
    let wrong = outcome(server.command()).await;
    assert_eq!(wrong.code, 8, "{wrong:#?}");
    assert!(sentence(&wrong).contains("does not belong to this database"), "{wrong:#?}");
    let after = std::fs::read(server.data().join("easel.db")).expect("the database");
    assert!(before == after, "the database is as it was");

    std::fs::write(&key, right).expect("the right key");
    server.resume().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");

    let ended =
        outcome(serve(&["--addr", "127.0.0.1:0", "--data-dir", &file.path().to_string_lossy()]))
            .await;

    assert_eq!(ended.code, 8, "{ended:#?}");
    assert!(sentence(&ended).contains("--data-dir"), "{ended:#?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let mut server = Server::start().await;
    server.stop().await;
    for name in ["easel.db-wal", "easel.db-shm"] {
        let _not_there = std::fs::remove_file(server.data().join(name));
    }
    std::fs::write(server.data().join("easel.db"), "not a database ".repeat(1000)).expect("a file");

    let ended = outcome(server.command()).await;

    assert_eq!(ended.code, 8, "{ended:#?}");
    assert!(sentence(&ended).contains("easel.db"), "{ended:#?}");
}

// DK-161
#[tokio::test]
async fn wrong_settings_are_named_and_exit_with_two() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "addr = \"127.0.0.1:0\"\ncolour = \"red\"\n").expect("a file");
    let path = file.path().to_string_lossy().into_owned();
    let cases: [(&[&str], &str); 7] = [
        (&["--addr", "here"], "--addr"),
        (&["--log-level", "loud"], "error, warn, info, debug or trace"),
        (&["--network-range", "8.8.8.0/24"], "private"),
        (&["--reconcile-interval", "0s"], "1s"),
        (&["--config", &path], "line 2"),
        (&["--addr", "8080"], "127.0.0.1:8080"),
        (&["--data-dir", "", "--addr", "127.0.0.1:0"], "--data-dir"),
    ];

    for (arguments, wanted) in cases {
        let ended = outcome(serve(arguments)).await;
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:#?}");
        assert!(ended.err.contains(wanted), "{arguments:?}: {ended:#?}");
    }
}

// DK-161
#[tokio::test]
async fn help_explains_every_flag_and_the_version_is_told() {
    let mut help = binary();
    help.args(["serve", "--help"]);
    let help = outcome(help).await;
    for flag in [
        "--addr",
        "--data-dir",
        "--key-file",
        "--docker-host",
        "--log-level",
        "--log-format",
        "--public-url",
        "--cors-origin",
        "--reconcile-interval",
        "--network-range",
        "--network-size",
        "--dev-web",
        "--config",
        "EASEL_ADDR",
        "Exit codes",
    ] {
        assert!(help.out.contains(flag), "{flag}: {}", help.out);
    }

    let mut version = binary();
    version.arg("--version");
    assert_eq!(outcome(version).await.out, format!("easel {}\n", env!("CARGO_PKG_VERSION")));
}

// DK-162
#[tokio::test]
async fn logs_are_json_with_level_and_request_id() {
    let (mut server, _) = Server::claimed().await;
    server.stop().await;

    let log = server.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()));
    assert!(log.contains("\"request.id\""), "requests can be told apart: {log}");
}
