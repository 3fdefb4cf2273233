//! What becomes of a deployment on a real engine: replicas, failures, safe defaults.

use crate::{api::web, cli::Cli, server::Server, until};
use serde_json::json;
use std::collections::HashSet;

// DK-51, DK-52, DK-53, DK-136, I5
#[tokio::test]
async fn a_deployment_that_fails_says_why_and_the_old_one_serves_on() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let old = engine.container_of("web").await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    let broken = "sh -c 'echo the moon is missing; exit 3'";
    cli.run(&["stage", "set", "web", "--command", broken]).await;

    let applied = cli.type_in(&["apply", "--yes", "--wait", "-m", "bad idea"], "").await;

    assert_eq!(applied.code, 7, "{applied:#?}");
    assert!(applied.out.contains("the moon is missing"), "{applied:#?}");
    assert!(applied.err.contains("exit code 3"), "{applied:#?}");
    let newest = &project.deployments(&id).await[0];
    assert_eq!(newest["state"], "failed");
    let newest = newest["id"].as_str().expect("an id");
    let whole = api.get(&project.path(&format!("services/{id}/deployments/{newest}"))).await;
    assert_eq!(whole["exit_code"], 3, "{whole:#}");
    assert!(whole["log_tail"].as_str().expect("lines").contains("the moon is missing"));
    assert_eq!(engine.container_of("web").await, old, "the old one serves on");
    assert_eq!(project.service(&id).await["status"], "running");
    until("the failed one to be cleared away", async || {
        (engine.containers_of("web").await.len() == 1).then_some(())
    })
    .await;
}

// DK-55, DK-58, DK-132
#[tokio::test]
async fn replicas_come_and_go_while_the_others_run_on() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let asker = project.run(web("Asker")).await;
    let first = engine.container_of("web").await;
    let scale = async |count: u16| {
        let address = format!("service/{id}/replicas");
        project
            .stage(&[json!({ "op": "set", "address": address, "content": { "replicas": count } })])
            .await;
        let applied = project.apply(&format!("{count} of them")).await;
        assert_eq!(applied["deployments"], json!([]), "scaling deploys nothing");
        until("that many containers", async || {
            let list = format!("services/{id}/containers?status=running");
            let listed = api.get(&project.path(&list)).await["total_count"].as_u64();
            let running = engine.containers_of("web").await.len();
            (running == usize::from(count) && listed == Some(u64::from(count))).then_some(())
        })
        .await;
    };

    scale(3).await;
    let now: HashSet<_> =
        engine.containers_of("web").await.into_iter().filter_map(|one| one.id).collect();
    assert!(now.contains(&first), "the first one runs on");
    let container = engine.container_of("asker").await;
    until("all three to be found by name", async || {
        let found = engine.exec(&container, &["nslookup", "web"]).await;
        (found.lines().skip(2).filter(|line| line.contains("Address")).count() == 3).then_some(())
    })
    .await;

    scale(1).await;
    assert_eq!(project.deployments(&id).await.len(), 1);
    scale(0).await;
    until("the service to be stopped", async || {
        (project.service(&id).await["status"] == "stopped").then_some(())
    })
    .await;
    assert_eq!(project.service(&asker).await["status"], "running");
}

// F51
#[tokio::test]
async fn work_that_ends_with_zero_is_completed_and_not_started_again() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let job = json!({
        "name": "Job",
        "source": { "kind": "image", "image": "easel-test/busybox:1", "pull": "never" },
        "command": ["true"],
    });

    let id = project.stage_service(job).await;
    project.apply("once").await;

    let service = until("the work to be done", async || {
        let service = project.service(&id).await;
        (service["condition"] == "completed").then_some(service)
    })
    .await;
    assert_eq!(service["newest_deployment"]["state"], "live", "{service:#}");
    let containers = server.engine().containers_of("job").await;
    assert!(containers.len() <= 1, "{containers:?}");
}

// DK-43, S42, S43, F48, W32: whatever things are called.
#[tokio::test]
async fn containers_are_given_no_more_than_they_need() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop;(id)|").await;
    project.run(web("Web 'quoted' \"ü\" ;")).await;
    let container = engine.containers().await.remove(0);

    let names = container.names.expect("a name");
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.".contains(letter);
    assert!(names.iter().all(|name| name.chars().all(plain)), "{names:?}");
    let found = engine.inspect(&container.id.expect("an id")).await;
    let host = found.host_config.expect("a configuration");
    let options = host.security_opt.unwrap_or_default();
    assert!(options.iter().any(|one| one.starts_with("no-new-privileges")), "{options:?}");
    assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
    assert!(host.cap_add.unwrap_or_default().len() <= 8);
    assert_eq!(host.init, Some(true));
    assert_eq!(host.privileged, Some(false));
    assert!(host.pids_limit.is_some_and(|limit| limit > 0));
    assert!(host.memory.is_some_and(|memory| memory > 0));
    let log = host.log_config.and_then(|log| log.config).unwrap_or_default();
    assert!(log.contains_key("max-size"), "{log:?}");
    for binds in [host.binds, host.devices.map(|all| vec![format!("{all:?}")])] {
        let binds = binds.unwrap_or_default();
        assert!(binds.iter().all(|one| one == "[]"), "{binds:?}");
    }
}

// S44, DK-64
#[tokio::test]
async fn commands_and_values_are_never_read_by_a_shell() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    project.run(web("Db")).await;
    let mut user = web("User");
    let value = "a;id;$(id)`id`\\ 'x' \"y\" $HOME";
    user["variables"] = json!({
        "PLAIN": { "value": value },
        "URL": { "value": "http://${{db.HOST}}:${{db.PORT}}/nothing" },
    });
    user["command"] = json!(["httpd", "-f", "-p", "8080", "-h", "/www", "-r", "$(id);a b"]);
    project.run(user).await;
    let container = engine.container_of("user").await;

    let found = engine.inspect(&container).await.config.expect("a configuration");
    let command = found.cmd.expect("a command");
    assert_eq!(command.last().map(String::as_str), Some("$(id);a b"));
    let variables = found.env.expect("variables");
    assert!(variables.contains(&format!("PLAIN={value}")), "{variables:?}");
    let answer = engine.exec(&container, &["sh", "-c", "wget -O- \"$URL\" 2>&1"]).await;
    assert!(answer.contains("404"), "the other service answers by name: {answer}");
}
