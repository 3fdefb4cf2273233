//! Deployments.

use crate::{app::TestApp, service::serve};
use domain::{
    deployment::{Condition, Failure, Transition},
    event::{Event, Replay},
    rollout::Step,
};
use serde_json::{Value, json};
use std::time::Duration;

async fn shop() -> (TestApp, String, String) {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let path = format!("/projects/{project}/services/{web}");
    (app, path, web)
}

// DK-44, DK-45, DK-46, DK-57
#[tokio::test]
async fn an_image_can_be_deployed_at_once() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id");
    let variables = format!("/projects/{project}/env-vars");
    for (path, key, value) in [
        (&variables, "A", "shared"),
        (&variables, "B", "shared"),
        (&variables, "C", "shared"),
        (&format!("{path}/env-vars"), "B", "before"),
    ] {
        let staged = app.admin.post(path, json!({ "key": key, "value": value })).await;
        assert_eq!(staged.status, 201, "{}", staged.raw);
    }
    let pending = app.admin.get(&format!("/projects/{project}/pending-changes")).await;
    let body = json!({ "up_to": pending.body["up_to"] });
    let applied = app.admin.post(&format!("/projects/{project}/deploy"), body).await;
    assert_eq!(applied.body["applied_count"], 4, "{}", applied.raw);
    app.recorder.triggered.lock().expect("no panic").clear();

    let body = json!({
        "image": "sim/app:2", "env_vars": { "A": "own", "B": "own" }, "replicas": 2,
        "ports": [{ "container_port": 80 }, { "number": 53, "protocol": "udp" }],
        "resources": { "memory_mb": 64, "cpu_shares": 512 }, "message": "now",
    });
    let made = app.admin.post(&format!("{path}/deployments"), body).await;

    assert_eq!(made.status, 201, "{}", made.raw);
    assert_eq!(
        (&made.body["image"], &made.body["status"]),
        (&json!("sim/app:2"), &json!("pending"))
    );
    assert_eq!(made.body["state"], "queued");
    assert_eq!(made.body["ports"][1], json!({ "number": 53, "protocol": "udp" }));
    assert_eq!(made.body["resources"]["memory_mb"], 64);
    assert_eq!(made.body["resources"]["cpu_shares"], 512);
    assert_eq!(made.body["ports"][0], json!({ "number": 80, "protocol": "tcp" }));
    assert_eq!(made.body["message"], "now");
    let view = app.view(&web).await;
    assert_eq!(view.desired_count, 2);
    let config = &view.deployments.last().expect("it was made").config;
    for (key, value) in [("A", "own"), ("B", "own"), ("C", "shared")] {
        let key = key.parse().expect("a key");
        assert_eq!(config.variables[&key].expose(), value, "what was asked for wins: {key}");
    }
    let id = made.text("/id");
    let again = app.admin.patch(&format!("{path}/deployments/{id}"), json!({})).await;
    assert_eq!(again.status, 405, "a deployment never changes");
    let events = app.ports.events.after(view.environment, 0, 100).await.expect("it can be read");
    let Replay::Events(events) = events else { panic!("they are all kept") };
    let told = events.iter().any(|one| match &one.event {
        Event::Moved { deployment, .. } => deployment.id.to_string() == id,
        _ => false,
    });
    assert!(told, "everybody who looks is told");
    let triggered = app.recorder.triggered.lock().expect("no panic").clone();
    assert!(triggered.iter().flatten().any(|key| key.service.to_string() == web), "{triggered:?}");
}

// DK-56: ports of the host come with a later release, and are not silently ignored.
#[tokio::test]
async fn what_is_not_known_is_refused() {
    let (app, path, _) = shop().await;
    let path = format!("{path}/deployments");

    for (body, field) in [
        (json!({}), "image"),
        (json!({ "image": "UPPER" }), "image"),
        (
            json!({ "image": "a", "ports": [{ "container_port": 80, "host_port": 80 }] }),
            "ports[0].host_port",
        ),
        (json!({ "image": "a", "ports": [{ "container_port": 0 }] }), "ports[0].container_port"),
        (
            json!({ "image": "a", "ports": [{ "container_port": 70000 }] }),
            "ports[0].container_port",
        ),
        (json!({ "image": "a", "replicas": 101 }), "replicas"),
        (json!({ "image": "a", "resources": { "memory_mb": 1 } }), "resources"),
        (json!({ "image": "a", "privileged": true }), "privileged"),
    ] {
        let reply = app.admin.post(&path, body.clone()).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.raw);
        assert!(reply.body["errors"][field].is_array(), "{body}: {}", reply.raw);
    }
}

// DK-47
#[tokio::test]
async fn a_newer_deployment_overtakes_one_that_is_on_its_way() {
    let (app, path, web) = shop().await;

    let newer = app.admin.post(&format!("{path}/redeploy"), json!({ "message": "again" })).await;
    let listed = app.admin.get(&format!("{path}/deployments")).await;

    assert_eq!(newer.status, 201, "{}", newer.raw);
    assert_eq!(newer.body["cause"], "redeploy");
    assert_eq!(listed.body["total_count"], 2);
    assert_eq!(listed.body["data"][0]["id"], newer.body["id"], "newest first");
    assert_eq!(listed.body["data"][1]["state"], "superseded");
    assert_eq!(listed.body["data"][1]["status"], "cancelled", "it never served");

    let deployment = app.view(&web).await.deployments.last().expect("it was made").id;
    app.record(&[Step::Reached { deployment, transition: Transition::StartRequested }]).await;
    let started = app.admin.get(&format!("{path}/deployments/{deployment}")).await;
    assert_eq!(started.body["status"], "starting");
    app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    let overtaken = app.admin.get(&format!("{path}/deployments/{deployment}")).await;
    assert_eq!(overtaken.body["status"], "cancelled");
}

// DK-48
#[tokio::test]
async fn a_deployment_is_found_under_its_own_service_only() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id");
    let other = app.service(project, "other").await;
    let id = app.admin.get(&format!("{path}/deployments")).await.text("/data/0/id");

    let found = app.admin.get(&format!("{path}/deployments/{id}")).await;
    let elsewhere = path.replace(&web, &other);
    let elsewhere = app.admin.get(&format!("{elsewhere}/deployments/{id}")).await;

    assert_eq!((found.status, &found.body["service"]), (200, &json!(web)));
    assert_eq!(elsewhere.status, 404);
    let unknown = app.admin.get(&format!("{path}/deployments/{web}")).await;
    assert_eq!((unknown.status, unknown.text("/error").as_str()), (404, "not_found"));
    app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    let page = app.admin.get(&format!("{path}/deployments?offset=1&limit=1")).await;
    assert_eq!((&page.body["total_count"], &page.body["limit"]), (&json!(2), &json!(1)));
    assert_eq!(page.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.body["data"][0]["id"], json!(id), "newest first");
}

// DK-49, DK-50, DK-51
#[tokio::test]
async fn states_have_deploykits_words_and_times() {
    let (app, path, web) = shop().await;
    app.clock.advance(Duration::from_secs(1));
    app.container(&web, 0, "c0").await;
    app.clock.advance(Duration::from_secs(1));
    serve(&app, &web).await;
    let first = app.admin.get(&format!("{path}/deployments")).await.text("/data/0/id");
    let times = app.admin.get(&format!("{path}/deployments/{first}")).await;
    let mut seen: Vec<_> =
        ["created_at", "started_at", "live_at"].map(|time| times.text(&format!("/{time}"))).into();
    seen.dedup();
    assert!(seen.len() == 3 && seen.is_sorted(), "{seen:?}");
    assert_eq!(times.body["ended_at"], Value::Null);
    app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    let second = app.admin.get(&format!("{path}/deployments")).await;
    assert_eq!(second.body["data"][0]["status"], "pending");
    assert_eq!(second.body["data"][1]["status"], "healthy");
    let meanwhile = app.admin.get(&path).await;
    assert_eq!(meanwhile.body["active_deployment_id"], json!(first), "the old one still serves");

    serve(&app, &web).await;

    let listed = app.admin.get(&format!("{path}/deployments")).await;
    assert_eq!(listed.body["data"][0]["status"], "healthy");
    assert_eq!(listed.body["data"][1]["status"], "superseded");
    assert!(listed.body["data"][1]["ended_at"].is_string());
    let after = app.admin.get(&path).await;
    assert_eq!(after.body["active_deployment_id"], listed.body["data"][0]["id"]);
}

// DK-52, DK-53
#[tokio::test]
async fn a_failure_says_why_and_shows_last_lines_to_editors_only() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id");
    let viewer = app.member("Eve").await;
    app.add(project, "eve@example.org", "viewer").await;
    let deployment = app.view(&web).await.deployments[0].id;
    let failure = Failure {
        reason: "it ended with code 3".to_owned(),
        exit_code: Some(3),
        log_tail: Some("last words".into()),
    };
    let transition = Transition::Failed(failure.clone());
    let retry_at = app.ports.clock.now();
    let why = "no answer".to_owned();
    app.record(&[
        Step::Attempted { deployment, attempts: 2, retry_at: Some(retry_at), why },
        Step::Reached { deployment, transition },
    ])
    .await;
    let one = format!("{path}/deployments/{deployment}");

    let seen = app.admin.get(&one).await;
    let by_viewer = viewer.get(&one).await;
    let listed = app.admin.get(&format!("{path}/deployments")).await;

    assert_eq!((&seen.body["status"], &seen.body["exit_code"]), (&json!("failed"), &json!(3)));
    assert_eq!(seen.text("/failure_reason"), "it ended with code 3");
    assert_eq!(seen.text("/log_tail"), "last words");
    assert_eq!(seen.body["attempts"], 2);
    assert_eq!(by_viewer.body["log_tail"], Value::Null);
    assert!(!by_viewer.raw.contains("last words") && !listed.raw.contains("last words"));
    assert_eq!(app.admin.get(&path).await.body["status"], "failed", "nothing serves");

    app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    serve(&app, &web).await;
    app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    let deployment = app.view(&web).await.deployments.last().expect("it was made").id;
    app.record(&[Step::Reached { deployment, transition: Transition::Failed(failure) }]).await;
    let service = app.admin.get(&path).await;
    assert_eq!(service.body["newest_deployment"]["status"], "failed");
    assert_eq!(service.body["status"], "running", "the one before serves on");
    let key = app.view(&web).await.key();
    let (condition, why) = (Condition::Crashed, None);
    app.record(&[Step::ConditionChanged { service: key, condition, why }]).await;
    assert_eq!(app.admin.get(&path).await.body["status"], "failed", "now nothing is left");
}

#[tokio::test]
async fn only_what_does_not_serve_yet_can_be_cancelled() {
    let (app, path, web) = shop().await;
    serve(&app, &web).await;
    let serving = app.admin.get(&format!("{path}/deployments")).await.text("/data/0/id");
    let newer = app.admin.post(&format!("{path}/redeploy"), json!({})).await.text("/id");

    let cancelled = app.admin.post(&format!("{path}/deployments/{newer}/cancel"), json!({})).await;
    let refused = app.admin.post(&format!("{path}/deployments/{serving}/cancel"), json!({})).await;

    assert_eq!((cancelled.status, cancelled.text("/state").as_str()), (200, "cancelled"));
    assert_eq!((refused.status, refused.text("/error").as_str()), (409, "not_now"));
}

// DK-55, DK-58
#[tokio::test]
async fn containers_are_listed_by_deployment_and_state() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id").parse().expect("an id");
    app.container(&web, 0, "c0").await;
    let replica = app.container(&web, 1, "c1").await;
    let view = app.view(&web).await;
    let identity = domain::runtime::ReplicaIdentity {
        project,
        environment: view.environment,
        service: view.id,
        deployment: view.deployments[0].id,
        replica,
        generation: 1,
    };
    app.scripted.run("c0", identity);
    app.scripted.run("c1", identity);
    app.scripted.exit("c1");
    let path = format!("{path}/containers");

    let all = app.admin.get(&path).await;
    let running = app.admin.get(&format!("{path}?status=running")).await;
    let of = app.admin.get(&format!("{path}?deployment_id={}", identity.deployment)).await;
    let none = app.admin.get(&format!("{path}?deployment_id={}", view.id)).await;
    let wrong = app.admin.get(&format!("{path}?status=sparkling")).await;

    assert_eq!(all.body["total_count"], 2, "{}", all.raw);
    assert_eq!(running.body["total_count"], 1);
    assert_eq!(running.body["data"][0]["docker_container_id"], "c0");
    assert_eq!(running.body["data"][0]["address"], "192.0.2.7", "as the engine reports it");
    let addresses = all.body["data"].as_array().expect("a list").iter().map(|it| &it["address"]);
    assert_eq!(addresses.filter(|address| address.is_null()).count(), 1, "{}", all.raw);
    assert_eq!(of.body["total_count"], 2);
    assert_eq!(none.body["total_count"], 0);
    assert_eq!(wrong.status, 400);
    let page = app.admin.get(&format!("{path}?offset=1&limit=1")).await;
    assert_eq!(page.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.body["total_count"], 2);
}

// DK-58
#[tokio::test]
async fn containers_of_two_deployments_are_told_apart_and_narrowed_by_state() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id").parse().expect("an id");
    let mut deployments = Vec::new();
    for container in ["old", "new"] {
        let replica = app.container(&web, 0, container).await;
        serve(&app, &web).await;
        let view = app.view(&web).await;
        let deployment = view.deployments.last().expect("it was deployed");
        let identity = domain::runtime::ReplicaIdentity {
            project,
            environment: view.environment,
            service: view.id,
            deployment: deployment.id,
            replica,
            generation: deployment.generation,
        };
        app.scripted.run(container, identity);
        deployments.push(deployment.id);
        app.admin.post(&format!("{path}/redeploy"), json!({})).await;
    }
    app.scripted.exit("old");
    let list = async |query: &str| {
        let reply = app.admin.get(&format!("{path}/containers{query}")).await;
        let data = reply.body["data"].as_array().expect("a list").clone();
        assert_eq!(reply.body["total_count"], data.len(), "{}", reply.raw);
        let mut found: Vec<String> = (data.iter())
            .map(|item| {
                let fields = ["docker_container_id", "deployment_id", "status"];
                fields.map(|field| item[field].as_str().unwrap_or_default()).join(" ")
            })
            .collect();
        found.sort();
        found
    };
    let [first, second] = [deployments[0], deployments[1]];
    let (old, new) = (&*format!("old {first} exited"), &*format!("new {second} running"));

    let exited = list("?status=exited").await;

    assert_eq!(exited, [old]);
    assert_eq!(list("").await, [new, old]);
    assert_eq!(list("?status=running").await, [new]);
    assert_eq!(list(&format!("?deployment_id={first}")).await, [old]);
    assert_eq!(list(&format!("?deployment_id={second}")).await, [new]);
    assert_eq!(list(&format!("?deployment_id={first}&status=exited")).await, [old]);
    assert!(list(&format!("?deployment_id={second}&status=exited")).await.is_empty());
    assert!(list("?status=created").await.is_empty());
}
