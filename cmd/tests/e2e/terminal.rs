//! The command line where something is in the way: nobody reads on, nothing is there yet, the
//! server goes away.

use crate::{
    api::web,
    cli::Cli,
    server::{EMAIL, PASSWORD, Server, binary},
    until,
};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

const CHATTER: &str = "sh -c 'while true; do echo a line; sleep 0.1; done'";

fn service(name: &str, command: &str) -> Vec<String> {
    let image = "easel-test/busybox:1";
    ["services", "create", name, "--image", image, "--pull", "never", "--command", command]
        .map(ToOwned::to_owned)
        .into()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

async fn signed_in() -> (Server, Cli) {
    let (server, _) = Server::claimed().await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    cli.run(&["projects", "create", "Shop"]).await;
    (server, cli)
}

#[tokio::test]
async fn what_follows_ends_when_nobody_reads_on() {
    let (_server, cli) = signed_in().await;
    cli.run(&words(&service("chat", CHATTER))).await;
    cli.run(&["apply", "--yes", "--wait"]).await;

    let mut follow =
        cli.command(&["logs", "-f", "chat"]).stdout(Stdio::piped()).spawn().expect("the binary");
    let mut lines = BufReader::new(follow.stdout.take().expect("its output")).lines();
    lines.next_line().await.expect("text").expect("a line");
    drop(lines);

    let ended = tokio::time::timeout(crate::DEADLINE, follow.wait()).await;
    assert!(ended.expect("an end in time").expect("an end").success());
}

// The order in which the README's tour has it.
#[tokio::test]
async fn logs_can_be_followed_before_there_is_a_container() {
    let (_server, cli) = signed_in().await;
    cli.run(&words(&[service("chat", CHATTER), vec!["--replicas".into(), "0".into()]].concat()))
        .await;
    let none = cli.type_in(&["logs", "chat"], "").await;
    assert_eq!(none.code, 4, "{none:#?}");
    assert!(none.err.contains("chat has no container"), "{none:#?}");

    let mut follow = cli
        .command(&["logs", "-f", "chat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut told = BufReader::new(follow.stderr.take().expect("its errors")).lines();
    let told = told.next_line().await.expect("text").expect("a line");
    assert_eq!(told, "chat has no container yet; waiting for one");
    cli.run(&["stage", "set", "chat", "--replicas", "1"]).await;
    cli.run(&["apply", "--yes"]).await;

    let mut lines = BufReader::new(follow.stdout.take().expect("its output")).lines();
    let line = tokio::time::timeout(crate::DEADLINE, lines.next_line()).await;
    assert_eq!(line.expect("in time").expect("text").as_deref(), Some("a line"));
}

#[tokio::test]
async fn what_follows_goes_on_when_the_server_is_back_and_says_both_once() {
    let (mut server, cli) = signed_in().await;
    cli.run(&words(&service("chat", CHATTER))).await;
    until("a line", async || {
        let logs = cli.type_in(&["logs", "chat"], "").await;
        logs.out.contains("a line").then_some(())
    })
    .await;
    server.addr = server.url.trim_start_matches("http://").to_owned();

    let mut follow = cli
        .command(&["logs", "-f", "-n", "1", "chat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut lines = BufReader::new(follow.stdout.take().expect("its output")).lines();
    lines.next_line().await.expect("text").expect("a line");
    server.stop().await;
    let mut told = BufReader::new(follow.stderr.take().expect("its errors")).lines();
    let lost = told.next_line().await.expect("text").expect("a line");
    server.resume().await;
    let back = told.next_line().await.expect("text").expect("a line");

    assert!(lost.contains("disconnected"), "{lost}");
    assert_eq!(back, "connected again");
    lines.next_line().await.expect("text").expect("another line");
}

#[tokio::test]
async fn what_follows_goes_on_when_a_stopped_service_runs_again() {
    let (_server, cli) = signed_in().await;
    cli.run(&words(&service("chat", CHATTER))).await;
    cli.run(&["apply", "--yes", "--wait"]).await;
    let mut follow = cli
        .command(&["logs", "-f", "-n", "1", "chat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut lines = BufReader::new(follow.stdout.take().expect("its output")).lines();
    lines.next_line().await.expect("text").expect("a line");

    cli.run(&["stage", "set", "chat", "--replicas", "0"]).await;
    cli.run(&["apply", "--yes"]).await;
    let mut told = BufReader::new(follow.stderr.take().expect("its errors")).lines();
    let mut ends = 0;
    let paused = loop {
        let told = tokio::time::timeout(crate::DEADLINE, told.next_line()).await;
        let told = told.expect("in time").expect("text").expect("a remark");
        if !told.contains("has ended") {
            break told;
        }
        ends += 1;
    };
    let moment = std::time::Duration::from_secs(1);
    while let Ok(line) = tokio::time::timeout(moment, lines.next_line()).await {
        line.expect("text").expect("it has not given up");
    }
    cli.run(&["stage", "set", "chat", "--replicas", "1"]).await;
    cli.run(&["apply", "--yes"]).await;
    let line = tokio::time::timeout(crate::DEADLINE, lines.next_line()).await;

    assert!(ends <= 1, "an end is told once");
    // By whether the container was stopped or already removed when it looked.
    let stopped = "nothing of chat runs; waiting for it";
    let removed = "chat has no container yet; waiting for one";
    assert!(paused == stopped || paused == removed, "{paused}");
    assert_eq!(line.expect("in time").expect("text").as_deref(), Some("a line"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut version = binary();
    version.arg("version").stdout(Stdio::from(full)).stderr(Stdio::piped());

    let child = version.spawn().expect("the binary");
    let ended = child.wait_with_output().await.expect("an end");

    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("could not be written"));
}

#[tokio::test]
async fn a_failed_deployment_shows_its_last_lines() {
    let (_server, cli) = signed_in().await;
    let broken = service("broken", "sh -c 'echo no database here; exit 3'");

    let ended = cli.type_in(&[words(&broken), vec!["--wait"]].concat(), "").await;

    assert_eq!(ended.code, 7, "{ended:#?}");
    assert!(ended.out.contains("broken | no database here"), "{ended:#?}");
    assert_eq!(ended.err.matches("exit code 3").count(), 1, "{ended:#?}");
}

#[tokio::test]
async fn who_signs_in_before_the_first_account_learns_what_is_missing() {
    let server = Server::start().await;
    let cli = Cli::new();

    let refused = cli.type_in(&["login", "--url", &server.url, "--email", EMAIL], PASSWORD).await;

    assert_eq!(refused.code, 3, "{refused:#?}");
    assert!(refused.err.contains("claim token"), "{refused:#?}");
}

#[tokio::test]
async fn a_choice_of_project_is_the_servers_that_one_is_signed_in_at() {
    let (_server, cli) = signed_in().await;
    let (other, key) = Server::claimed().await;
    key.project("Elsewhere").await;
    let at_other = async |arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.args(["--url", &other.url]).env("EASEL_API_KEY", key.key());
        command.output().await.expect("the binary")
    };

    let status = at_other(&["status", "--json"]).await;
    assert!(status.status.success(), "{status:#?}");
    assert!(String::from_utf8_lossy(&status.stdout).contains("Elsewhere"), "{status:#?}");
    let refused = at_other(&["projects", "use", "Elsewhere"]).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
    assert_eq!(cli.json(&["status"]).await["project"]["name"], "Shop");

    let mut strange = cli.command(&["status"]);
    let strange = strange.env("EASEL_API_KEY", "a\nb").output().await.expect("the binary");
    assert_eq!(strange.status.code(), Some(2), "{strange:#?}");
}

#[tokio::test]
async fn what_answers_and_is_no_easel_is_told_apart_from_what_does_not_exist() {
    use tokio::io::AsyncWriteExt;
    let (_server, cli) = signed_in().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let answer =
                "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });

    let mut status = cli.command(&["status", "--url", &url]);
    let ended = status.env("EASEL_API_KEY", "easel_x").output().await.expect("the binary");

    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("not as Easel does"), "{ended:#?}");
}

#[tokio::test]
async fn volumes_groups_and_variables_can_be_listed() {
    let (_server, cli) = signed_in().await;
    let image = ["--image", "easel-test/busybox:1"];
    cli.run(&[&["stage", "create-service", "db"][..], &image].concat()).await;
    cli.run(&["stage", "volume", "create", "data", "-s", "db", "--path", "/data"]).await;
    cli.run(&["stage", "group", "create", "back", "-s", "db"]).await;
    cli.run(&["stage", "var", "set", "-g", "back", "TOKEN=hush"]).await;
    cli.run(&["stage", "var", "set", "-s", "db", "LEVEL=debug"]).await;

    let volumes = cli.run(&["volumes"]).await;
    assert!(volumes.contains("data") && volumes.contains("db at /data"), "{volumes}");
    assert_eq!(cli.json(&["volumes"]).await["data"][0]["mounts"][0]["path"], "/data");
    assert_eq!(cli.json(&["groups"]).await["data"][0]["services"][0], "db");
    let variables = cli.json(&["variables", "-s", "db"]).await;
    assert_eq!(variables["data"][0]["key"], "LEVEL");
    assert_eq!(variables["data"][1]["from"], "group");
    assert!(!cli.run(&["variables", "-s", "db"]).await.contains("hush"), "values stay hidden");
}

#[tokio::test]
async fn while_the_engine_is_away_the_status_says_so() {
    let server = Server::start_with("/nowhere/docker.sock", &[]).await;
    let api = server.first_account().await;
    let project = api.project("Shop").await;
    project.stage_service(web("Web")).await;
    let cli = Cli::new();
    cli.login(&server.url).await;

    let status = cli.type_in(&["status"], "").await;

    assert_eq!(status.code, 0, "{status:#?}");
    assert!(status.err.contains("engine is away"), "{status:#?}");
}
