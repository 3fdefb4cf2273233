//! From a staged edit to a running container, by REST and by the command line.

use crate::{
    api::web,
    cli::Cli,
    server::{EMAIL, Server},
    until,
};
use serde_json::json;
use std::time::Duration;

/// Asks until it answers.
async fn page(address: &str) -> String {
    until(&format!("an answer from {address}"), async || {
        let asked = reqwest::get(format!("http://{address}/")).await.ok()?;
        let status = asked.status();
        Some(format!("{status} {}", asked.text().await.ok()?))
    })
    .await
}

// DK-18, DK-42, DK-86, DK-133, I2, I9
#[tokio::test]
async fn a_script_stages_applies_watches_and_deletes_a_service() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;

    let web_id = project.stage_service(web("Web")).await;
    let pending = api.get(&project.path("pending-changes")).await;
    assert_eq!(pending["total_count"], 1, "{pending:#}");
    assert_eq!(pending["consequences"]["created"], json!([web_id]));
    assert!(engine.containers().await.is_empty(), "staged is not applied");

    let applied = project.apply("first light").await;
    assert_eq!(applied["applied_count"], 1, "{applied:#}");
    assert_eq!(applied["revision"]["message"], "first light");
    let service = project.until_running(&web_id).await;
    assert_eq!(service["status"], "running");

    let container = engine.container_of("web").await;
    let address = engine.address_of(&container).await;
    assert!(page(&format!("{address}:8080")).await.starts_with("404"), "busybox has no page");
    let logs = project.path(&format!("services/{web_id}/logs?tail=50&follow=false"));
    until("what the server printed about the request", async || {
        let text = api.stream(&logs).await.text().await.ok()?;
        text.contains("response:404").then_some(())
    })
    .await;

    let deployments = project.deployments(&web_id).await;
    assert_eq!(deployments.len(), 1);
    assert_eq!(deployments[0]["message"], "first light");

    project.stage(&[json!({ "op": "clear", "address": format!("service/{web_id}") })]).await;
    assert_eq!(engine.containers().await.len(), 1, "staged is not applied");
    let applied = project.apply("good night").await;
    assert_eq!(applied["deleted"], json!([web_id]));
    until("the container to be gone", async || engine.containers().await.is_empty().then_some(()))
        .await;
}

// DK-3, DK-4, DK-10, DK-186
#[tokio::test]
async fn a_person_does_the_same_at_the_command_line() {
    let server = Server::start().await;
    let api = server.first_account().await;
    drop(api);
    let engine = server.engine();
    let cli = Cli::new();

    let wrong = cli.type_in(&["login", "--url", &server.url, "--email", EMAIL], "wrong one").await;
    assert_eq!(wrong.code, 3, "{wrong:#?}");
    let nobody = ["login", "--url", &server.url, "--email", "nobody@example.org"];
    let nobody = cli.type_in(&nobody, "wrong one").await;
    assert_eq!((nobody.code, nobody.err), (3, wrong.err), "nobody learns who has an account");
    cli.login(&server.url).await;
    assert_eq!(cli.json(&["whoami"]).await["email"], EMAIL);

    assert!(cli.run(&["projects"]).await.contains("No projects yet"));
    cli.run(&["projects", "create", "Shop"]).await;
    assert_eq!(cli.json(&["projects"]).await["data"][0]["name"], "Shop");

    let staged = cli
        .run(&[
            "stage",
            "create-service",
            "Web",
            "--image",
            "easel-test/busybox:1",
            "--pull",
            "never",
            "--command",
            "httpd -f -v -p 8080 -h /www",
            "--port",
            "8080",
            "--var",
            "GREETING=hello",
        ])
        .await;
    assert!(staged.contains("Staged web"), "{staged}");
    let changes = cli.run(&["changes", "--details"]).await;
    assert!(changes.contains("new: Web (easel-test/busybox:1, never pulled)"), "{changes}");
    assert!(changes.contains("Ada"), "{changes}");
    assert_eq!(cli.json(&["changes"]).await["data"].as_array().expect("a list").len(), 1);

    let refused = cli.type_in(&["apply", "-m", "nobody can be asked"], "").await;
    assert_eq!(refused.code, 2, "{refused:#?}");
    let applied = cli.run(&["apply", "-m", "first light", "--yes", "--wait"]).await;
    assert!(applied.contains("creates web"), "{applied}");
    assert!(applied.contains("Applied 1 change as revision 1"), "{applied}");
    assert!(applied.contains("web: live") || applied.contains("web: draining"), "{applied}");
    let container = engine.container_of("web").await;

    until("the service to run", async || {
        let status = cli.json(&["status"]).await;
        (status["services"][0]["status"] == "running").then_some(())
    })
    .await;
    let table = cli.run(&["status"]).await;
    assert!(table.contains("Shop / production, revision 1"), "{table}");

    let address = engine.address_of(&container).await;
    page(&format!("{address}:8080")).await;
    until("the log line of the request", async || {
        cli.run(&["logs", "web"]).await.contains("response:404").then_some(())
    })
    .await;
    let lines = cli.run(&["logs", "web", "--json"]).await;
    let line: serde_json::Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert!(line["line"].is_string(), "{line}");

    let shown = cli.run(&["services", "show", "web"]).await;
    assert!(shown.contains("GREETING"), "{shown}");
    assert!(!shown.contains("hello"), "values are not shown: {shown}");
    assert!(cli.run(&["deployments", "web"]).await.contains("first light"));

    let redeployed = cli.run(&["redeploy", "web", "-m", "again", "--wait"]).await;
    assert!(redeployed.contains("web: "), "{redeployed}");
    until("another container", async || {
        let now = engine.containers_of("web").await;
        (now.len() == 1 && now[0].id.as_ref() != Some(&container)).then_some(())
    })
    .await;

    cli.run(&["stage", "delete", "web"]).await;
    let deleted = cli.run(&["apply", "--all-seen", "--yes"]).await;
    assert!(deleted.contains("deletes web"), "{deleted}");
    until("the container to be gone", async || engine.containers().await.is_empty().then_some(()))
        .await;

    cli.run(&["projects", "delete", "Shop", "--yes"]).await;
    cli.run(&["logout"]).await;
    let out = cli.type_in(&["projects"], "").await;
    assert_eq!(out.code, 3, "{out:#?}");
}

#[tokio::test]
async fn what_was_discarded_comes_back_and_what_is_unknown_is_said_so() {
    let server = Server::start().await;
    let api = server.first_account().await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    cli.run(&["projects", "create", "Shop"]).await;
    cli.run(&["stage", "var", "set", "A=1", "B=2"]).await;

    let changes = cli.json(&["changes"]).await;
    let first = changes["data"][0]["id"].as_str().expect("an id").to_owned();
    let discarded = cli.json(&["changes", "discard", &first]).await;
    assert_eq!(cli.json(&["changes"]).await["data"].as_array().expect("a list").len(), 1);
    let edit = discarded["edits"][0].as_str().expect("an id").to_owned();
    cli.run(&["changes", "restore", &edit]).await;
    assert_eq!(cli.json(&["changes"]).await["data"].as_array().expect("a list").len(), 2);

    let unknown = cli.type_in(&["stage", "set", "nothing", "--replicas", "2"], "").await;
    assert_eq!(unknown.code, 4, "{unknown:#?}");
    let wrong = cli.type_in(&["stage", "var", "set", "BAD/KEY=x"], "").await;
    assert_eq!(wrong.code, 2, "{wrong:#?}");
    let gone = cli.type_in(&["apply", "deadbeef", "--yes"], "").await;
    assert_eq!(gone.code, 5, "{gone:#?}");
    let away = cli.type_in(&["status", "--url", "http://127.0.0.1:9"], "").await;
    assert_eq!(away.code, 3, "tokens go to their own server alone: {away:#?}");
    drop(api);
}

// DK-87, DK-140
#[tokio::test]
async fn watching_tells_what_happens_as_it_happens() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let cli = Cli::new();
    let mut child = cli
        .command(&["status", "--watch", "--json"])
        .env("EASEL_URL", &server.url)
        .env("EASEL_API_KEY", &api.key)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut lines = {
        use tokio::io::AsyncBufReadExt;
        tokio::io::BufReader::new(child.stdout.take().expect("its output")).lines()
    };
    let mut next = async || {
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        let line = line.expect("news in time").expect("text").expect("a line");
        serde_json::from_str::<serde_json::Value>(&line).expect("JSON")
    };
    assert_eq!(next().await["type"], "status");

    project.run(web("Web")).await;

    let mut seen = Vec::new();
    let ends = ["condition running", "moved live"];
    while !ends.iter().all(|end| seen.iter().any(|one| one == end)) {
        let event = next().await;
        let detail = event["deployment"]["state"].as_str().or(event["condition"].as_str());
        seen.push(format!("{} {}", event["event"].as_str().unwrap_or("?"), detail.unwrap_or("")));
    }
    for wanted in ["staged ", "applied ", "moved queued"] {
        assert!(seen.iter().any(|one| one == wanted), "{wanted} in {seen:?}");
    }
}

// DK-181
#[tokio::test]
async fn a_conflict_is_shown_with_both_values_and_can_be_settled() {
    let (server, api) = Server::claimed().await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    let project = api.project("Shop").await;
    let mut empty = web("Web");
    empty["source"] = json!({ "kind": "empty" });
    let id = project.stage_service(empty).await;
    project.apply("there").await;
    cli.run(&["stage", "set", "web", "--replicas", "2"]).await;
    // Somebody else writes the same place at once.
    let path = project.path(&format!("services/{id}/deployments"));
    let image = json!({ "image": "easel-test/busybox:1", "replicas": 3 });
    api.post(&path, &image).await;

    let refused = cli.type_in(&["apply", "--yes"], "").await;
    assert_eq!(refused.code, 5, "{refused:#?}");
    assert!(refused.err.contains("web replicas is 3 by now, and 2 is staged"), "{refused:#?}");
    let listed = cli.json(&["changes"]).await;
    let change = listed["data"][0]["id"].as_str().expect("an id");
    cli.run(&["changes", "settle", change, "--keep", "mine"]).await;
    cli.run(&["apply", "--yes"]).await;

    assert_eq!(project.service(&id).await["replicas"], 2);
}

// DK-6
#[tokio::test]
async fn tokens_that_have_ended_are_renewed_also_by_many_commands_at_once() {
    let server = Server::start().await;
    server.first_account().await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    let path = cli.home.path().join(".config/easel/credentials.json");
    let read = || {
        let text = std::fs::read_to_string(&path).expect("credentials");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let mut known = read();
    known["expires_at"] = json!("2001-01-01T00:00:00Z");
    std::fs::write(&path, known.to_string()).expect("credentials");

    let who = ["whoami", "--json"];
    tokio::join!(cli.run(&who), cli.run(&who), cli.run(&who), cli.run(&who));

    let renewed = read();
    assert_ne!(renewed["refresh_token"], known["refresh_token"]);
    // A token that the server does not know any more is renewed too.
    let mut known = renewed;
    known["access_token"] = json!("easela_unknown");
    std::fs::write(&path, known.to_string()).expect("credentials");
    cli.run(&who).await;
    assert_ne!(read()["access_token"], known["access_token"]);
}
