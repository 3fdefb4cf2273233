//! How Easel says that it is doing.

use crate::app::TestApp;
use domain::rollout::EngineHealth;
use serde_json::json;

// DK-156
#[tokio::test]
async fn it_lives() {
    let app = TestApp::unclaimed().await;

    let reply = app.anonymous().get("/health").await;

    assert_eq!((reply.status, reply.body), (200, json!({ "status": "ok" })));
}

#[tokio::test]
async fn it_is_ready_when_all_that_it_needs_is_there() {
    let app = TestApp::unclaimed().await;

    let ready = app.anonymous().get("/ready").await;
    {
        let mut status = app.recorder.status.lock().expect("no panic");
        let why = "/run/secret.sock is missing".to_owned();
        status.engine = EngineHealth::Unreachable { since: app.ports.clock.now(), why };
    }
    let without = app.anonymous().get("/ready").await;

    assert_eq!((ready.status, &ready.body["ready"]), (200, &json!(true)), "{}", ready.raw);
    assert_eq!((without.status, &without.body["engine"]), (503, &json!(false)));
    assert!(!without.raw.contains("secret.sock"), "strangers learn no paths");
}

#[tokio::test]
async fn a_late_reconciler_is_not_ready() {
    let app = TestApp::unclaimed().await;
    app.recorder.status.lock().expect("no panic").lag_ms = 120_000;

    let reply = app.anonymous().get("/ready").await;

    assert_eq!((reply.status, &reply.body["reconciler"]), (503, &json!(false)));
}

#[tokio::test]
async fn admins_see_the_whole_machine_also_without_an_engine() {
    let app = TestApp::new().await;

    let with = app.admin.get("/system/status").await;
    *app.scripted.is_down.lock().expect("no panic") = true;
    let without = app.admin.get("/system/status").await;

    assert_eq!((with.status, &with.body["host"]["name"]), (200, &json!("some-host")));
    assert!(with.body["engine"]["version"].is_string(), "{}", with.raw);
    assert_eq!((without.status, &without.body["engine"]), (200, &json!(null)));
    assert!(without.text("/engine_error").contains("cannot be reached"));
}

// S69
#[tokio::test]
async fn what_is_done_is_written_down_with_who_and_by_which_request() {
    let app = TestApp::new().await;
    let made = app.admin.post("/projects", json!({ "name": "Shop" })).await;

    let audit = app.admin.get("/audit").await;
    let of_project = app.admin.get(&format!("/projects/{}/audit", made.text("/id"))).await;

    let entry = &of_project.body["data"][0];
    assert_eq!((&entry["action"], &entry["via"]), (&json!("projects.create"), &json!("session")));
    assert_eq!(entry["request"], made.header("x-request-id"));
    assert!(audit.body["total_count"].as_u64() >= of_project.body["total_count"].as_u64());
}
