//! Services.

use crate::app::TestApp;
use domain::{
    deployment::{Condition, Transition},
    rollout::Step,
};
use serde_json::json;

// DK-35
#[tokio::test]
async fn a_service_is_staged_from_an_image() {
    let app = TestApp::new().await;
    let path = format!("/projects/{}", app.project("Shop").await);
    let edit = json!({
        "op": "create_service", "name": "Web", "source": { "kind": "image", "image": "nginx:1" },
        "variables": { "PORT": { "value": "80" } }, "icon": "https://x.example/i.svg",
    });
    let bare = json!({
        "op": "create_service", "name": "Api", "source": { "kind": "image", "image": "nginx:1" },
    });
    let nameless = json!({
        "op": "create_service", "source": { "kind": "image", "image": "nginx:1" },
    });

    let staged =
        app.admin.post(&format!("{path}/pending-changes"), json!({ "edits": [edit] })).await;

    assert_eq!(staged.status, 201, "{}", staged.raw);
    let address = staged.text("/addresses/0");
    let id = address.strip_prefix("service/").expect("a service");
    assert_eq!(app.admin.get(&format!("{path}/services")).await.body["total_count"], 0);
    let seen = app.admin.get(&format!("{path}/services/{id}")).await;
    assert_eq!((&seen.body["staged"], &seen.body["status"]), (&json!(true), &json!("created")));
    assert_eq!(seen.body["icon_url"], "https://x.example/i.svg");
    let changes = format!("{path}/pending-changes");
    let refused = app.admin.post(&changes, json!({ "edits": [nameless] })).await;
    assert_eq!(refused.status, 422);
    assert!(refused.raw.contains("name"), "{}", refused.raw);
    let staged = app.admin.post(&changes, json!({ "edits": [bare] })).await;
    assert_eq!(staged.status, 201, "icon and variables may be absent: {}", staged.raw);

    let up_to = app.admin.get(&changes).await.body["up_to"].clone();
    let applied = app.admin.post(&format!("{path}/deploy"), json!({ "up_to": up_to })).await;
    assert_eq!(applied.body["applied_count"], 2, "{}", applied.raw);
    let seen = app.admin.get(&format!("{path}/services/{id}")).await;
    assert_eq!((&seen.body["staged"], &seen.body["replicas"]), (&json!(false), &json!(1)));
    assert_eq!(seen.body["newest_deployment"]["image"], "nginx:1");
}

// DK-36, DK-43
#[tokio::test]
async fn a_service_can_be_made_at_once() {
    let app = TestApp::new().await;
    let path = format!("/projects/{}/services", app.project("Shop").await);

    let empty = app.admin.post(&path, json!({ "name": "My Web" })).await;
    let image = app.admin.post(&path, json!({ "name": "api", "image": "sim/app:1" })).await;

    assert_eq!(empty.status, 201, "{}", empty.raw);
    assert_eq!((&empty.body["slug"], &empty.body["status"]), (&json!("my-web"), &json!("created")));
    assert_eq!(image.body["status"], "deploying");
    assert_eq!(image.body["config"]["source"]["image"], "sim/app:1");
    assert!(
        !app.recorder.triggered.lock().expect("no panic").is_empty(),
        "the reconciler was told"
    );
    let none = app.admin.get(&format!("{path}/{}/deployments", empty.text("/id"))).await;
    assert_eq!(none.body["total_count"], 0, "there is nothing to run");
    let taken = app.admin.post(&path, json!({ "name": "API" })).await;
    assert_eq!((taken.status, taken.text("/error").as_str()), (409, "conflict"), "{}", taken.raw);
    for unfit in [json!({}), json!({ "name": " " }), json!({ "name": "a\u{0}b" })] {
        let refused = app.admin.post(&path, unfit).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body["errors"]["name"].is_array(), "{}", refused.raw);
    }
    let nowhere = "/projects/00000000-0000-0000-0000-000000000000/services";
    assert_eq!(app.admin.post(nowhere, json!({ "name": "web" })).await.status, 404);
    // Names are for people; what hosts and containers are called is always a DNS label.
    let mut slugs = Vec::new();
    for name in ["my  web", "Größe & Co.", "日本", "shared", &"x".repeat(100)] {
        let made = app.admin.post(&path, json!({ "name": name })).await;
        assert_eq!((made.status, made.text("/name").as_str()), (201, name), "{}", made.raw);
        slugs.push(made.text("/slug"));
    }
    slugs.push(empty.text("/slug"));
    let is_plain = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-');
    for slug in &slugs {
        assert!((1..=63).contains(&slug.len()) && slug.bytes().all(is_plain), "{slug}");
        assert!(!slug.starts_with('-') && !slug.ends_with('-') && slug != "shared", "{slug}");
    }
    let unique: std::collections::BTreeSet<_> = slugs.iter().collect();
    assert_eq!(unique.len(), slugs.len(), "{slugs:?}");
}

// DK-37, DK-42
#[tokio::test]
async fn services_are_listed_with_what_they_do() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    app.service(&project, "worker").await;
    serve(&app, &web).await;
    let path = format!("/projects/{project}/services");

    let all = app.admin.get(&path).await;
    let running = app.admin.get(&format!("{path}?status=running")).await;
    let deploying = app.admin.get(&format!("{path}?status=deploying")).await;
    let named = app.admin.get(&format!("{path}?name=WORK")).await;

    assert_eq!(all.body["total_count"], 2);
    assert_eq!(all.body["data"][0]["name"], "worker", "newest first");
    assert_eq!(running.body["total_count"], 1);
    let web = &running.body["data"][0];
    assert_eq!((&web["name"], &web["condition"]), (&json!("web"), &json!("running")));
    assert_eq!(web["active_deployment"]["image"], "sim/app:1");
    assert_eq!(web["active_deployment"]["replicas"], 1);
    assert_eq!(web["active_deployment"]["id"], web["active_deployment_id"]);
    assert_eq!(deploying.body["data"][0]["name"], "worker");
    assert_eq!(named.body["data"][0]["name"], "worker");
    let page = app.admin.get(&format!("{path}?offset=1&limit=1")).await;
    assert_eq!(page.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!((&page.body["total_count"], &page.body["offset"]), (&json!(2), &json!(1)));
    assert_eq!(page.body["data"][0]["name"], "web");
    let trimmed = web["active_deployment"].as_object().expect("an object").keys();
    let trimmed: Vec<_> = trimmed.map(String::as_str).collect();
    assert_eq!(trimmed, ["created_at", "id", "image", "replicas", "service_id"]);
}

/// Takes the newest deployment of a service all the way to serving.
pub(crate) async fn serve(app: &TestApp, service: &str) {
    let view = app.view(service).await;
    let deployment = view.deployments.last().expect("it was deployed").id;
    let reached = |transition| Step::Reached { deployment, transition };
    app.record(&[
        reached(Transition::StartRequested),
        reached(Transition::Started),
        reached(Transition::Ready),
        Step::Promoted { deployment },
        reached(Transition::Drained),
        Step::ConditionChanged { service: view.key(), condition: Condition::Running, why: None },
    ])
    .await;
}

// DK-42, DK-52: what is about to start, as in every handover of a volume, has not failed.
#[tokio::test]
async fn a_condition_has_deploykits_word_too() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    serve(&app, &web).await;
    let path = format!("/projects/{project}/services/{web}");

    for (condition, word) in [
        (Condition::Degraded, "degraded"),
        (Condition::Restarting, "deploying"),
        (Condition::Missing, "failed"),
        (Condition::Crashed, "failed"),
        (Condition::Stopped, "stopped"),
        (Condition::Running, "running"),
    ] {
        let service = app.view(&web).await.key();
        let why = Some("because".to_owned());
        app.record(&[Step::ConditionChanged { service, condition, why }]).await;
        let seen = app.admin.get(&path).await;
        assert_eq!((&seen.body["status"], &seen.body["why"]), (&json!(word), &json!("because")));
    }
}

// DK-38, DK-39
#[tokio::test]
async fn a_name_is_taken_whatever_its_letter_case_and_freed_by_a_staged_end() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let api = app.service(&project, "api").await;
    let path = format!("/projects/{project}/services");
    let (web, api) = (format!("{path}/{web}"), format!("{path}/{api}"));

    let taken = app.admin.patch(&api, json!({ "name": "WEB" })).await;
    let own = app.admin.patch(&web, json!({ "name": "Web" })).await;
    let end = app.admin.delete(&web).await;
    let freed = app.admin.patch(&api, json!({ "name": "WEB" })).await;
    let same = app.admin.patch(&api, json!({ "name": "api" })).await;
    let other = app.project("Other").await;
    let path = format!("/projects/{other}/services");
    let elsewhere = app.admin.post(&path, json!({ "name": "web" })).await;

    assert_eq!((taken.status, taken.text("/error").as_str()), (409, "conflict"), "{}", taken.raw);
    assert_eq!((own.status, end.status, freed.status), (200, 200, 200), "{}", freed.raw);
    assert_eq!((same.status, &same.body["change"]), (200, &json!(null)), "what it is called");
    assert_eq!(elsewhere.status, 201, "a name is taken in its project only: {}", elsewhere.raw);
}

// DK-40
#[tokio::test]
async fn an_icon_is_an_absolute_address_and_can_be_cleared() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let path = format!("/projects/{project}/services/{web}");

    for wrong in ["/icon.png", "javascript:alert(1)", "https://", "ftp://x/y"] {
        let reply = app.admin.patch(&path, json!({ "icon_url": wrong })).await;
        assert_eq!(reply.status, 422, "{wrong}");
        assert!(reply.body["errors"]["icon_url"].is_array(), "{}", reply.raw);
    }
    let set = app.admin.patch(&path, json!({ "icon_url": "https://x.example/i.svg" })).await;
    assert_eq!(set.body["change"]["new"]["icon"], "https://x.example/i.svg");
    for clear in [json!(""), json!(null)] {
        let cleared = app.admin.patch(&path, json!({ "icon_url": clear })).await;
        assert_eq!(cleared.status, 200, "{}", cleared.raw);
        assert_eq!(cleared.body["change"], json!(null), "back to the old value");
    }
}

// DK-41
#[tokio::test]
async fn an_end_is_staged_and_happens_when_applied() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let path = format!("/projects/{project}");
    let one = format!("{path}/services/{web}");

    let staged = app.admin.delete(&one).await;
    let meanwhile = app.admin.get(&one).await;
    let body = json!({ "changes": [staged.text("/change/id")] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!(meanwhile.status, 200);
    assert_eq!(applied.body["deleted"], json!([web]));
    assert_eq!(app.admin.get(&one).await.status, 404);
}

// DK-41, W18
#[tokio::test]
async fn a_staged_end_can_be_taken_back_alone() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let api = app.service(&project, "api").await;
    let path = format!("/projects/{project}");
    let changes = format!("{path}/pending-changes");
    let kept = app.admin.patch(&format!("{path}/services/{api}"), json!({ "replicas": 2 })).await;
    let end = app.admin.delete(&format!("{path}/services/{web}")).await;

    let undone = app.admin.delete(&format!("{changes}/{}", end.text("/change/id"))).await;

    assert!(undone.status < 300, "{}", undone.raw);
    let left = app.admin.get(&changes).await;
    assert_eq!(left.body["total_count"], 1, "{}", left.raw);
    assert_eq!(left.body["data"][0]["id"], kept.body["change"]["id"], "others' changes stay");
    let body = json!({ "up_to": left.body["up_to"] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;
    assert_eq!(applied.body["deleted"], json!([]));
    assert_eq!(app.admin.get(&format!("{path}/services/{web}")).await.status, 200);
}

// S18
#[tokio::test]
async fn a_service_of_another_project_does_not_exist_here() {
    let app = TestApp::new().await;
    let (mine, other) = (app.project("Mine").await, app.project("Other").await);
    let foreign = app.service(&other, "web").await;
    let base = format!("/projects/{mine}/services/{foreign}");

    for path in ["", "/deployments", "/containers", "/logs", "/env-vars"] {
        assert_eq!(app.admin.get(&format!("{base}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(app.admin.patch(&base, json!({ "name": "x" })).await.status, 404);
    assert_eq!(app.admin.delete(&base).await.status, 404);
    let image = json!({ "image": "sim/app:1" });
    assert_eq!(app.admin.post(&format!("{base}/deployments"), image).await.status, 404);
    assert_eq!(app.admin.post(&format!("{base}/redeploy"), json!({})).await.status, 404);
    let value = json!({ "key": "A", "value": "b" });
    assert_eq!(app.admin.post(&format!("{base}/env-vars"), value).await.status, 404);
    let seen = app.admin.get(&format!("/projects/{other}/pending-changes")).await;
    assert_eq!(seen.body["raw_count"], 0);
}

#[tokio::test]
async fn the_environment_can_be_named_by_id_or_slug() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let listed = app.admin.get(&format!("/projects/{project}/environments")).await;
    let id = listed.text("/data/0/id");

    for which in ["production", id.as_str()] {
        let path = format!("/projects/{project}/environments/{which}/services/{web}");
        assert_eq!(app.admin.get(&path).await.body["name"], "web");
    }
    let path = format!("/projects/{project}/environments/staging/services/{web}");
    assert_eq!(app.admin.get(&path).await.status, 404);
}
