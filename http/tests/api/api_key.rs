//! Keys for scripts.

use crate::app::{PASSWORD, TestApp};
use domain::{
    deployment::{Failure, Transition},
    rollout::Step,
    testing::clock::EPOCH,
};
use serde_json::json;
use std::time::Duration;

// DK-13
#[tokio::test]
async fn a_key_is_shown_once_and_known_by_its_prefix() {
    let app = TestApp::new().await;

    for nameless in [json!({}), json!({ "description": " " })] {
        let nameless = app.admin.post("/api-keys", nameless).await;
        assert_eq!(nameless.status, 422);
        assert!(nameless.body["errors"]["description"].is_array(), "{}", nameless.raw);
    }
    let made = app.admin.post("/api-keys", json!({ "description": "deploys" })).await;
    let listed = app.admin.get("/api-keys").await;

    assert_eq!(made.status, 201);
    let (token, prefix) = (made.text("/token"), made.text("/prefix"));
    assert_eq!(prefix.len(), 8);
    assert!(token.starts_with(&format!("easel_{prefix}_")), "{token}");
    assert_eq!(made.body["expires_at"], serde_json::Value::Null);
    assert_eq!(listed.body["data"][0]["prefix"], prefix.as_str());
    assert!(!listed.raw.contains(&token));
}

// A retry whose first answer was lost: no second key, and no token that opens nothing.
#[tokio::test]
async fn a_retried_key_is_not_made_twice() {
    let app = TestApp::new().await;
    let client = app.admin.header("idempotency-key", "once");

    let one = client.post("/api-keys", json!({ "description": "k" })).await;
    let two = client.post("/api-keys", json!({ "description": "k" })).await;

    assert_eq!((one.status, two.status, two.text("/error").as_str()), (201, 409, "not_now"));
    assert_eq!(app.admin.get("/api-keys").await.body["total_count"], 1);
}

// DK-14
#[tokio::test]
async fn keys_belong_to_who_made_them() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;
    let made = app.admin.post("/api-keys", json!({ "description": "mine" })).await;
    let path = format!("/api-keys/{}", made.text("/id"));

    assert_eq!(eve.get("/api-keys").await.body["total_count"], 0);
    assert_eq!(eve.delete(&path).await.status, 404);
    let key = app.anonymous().bearer(made.text("/token"));
    assert_eq!(key.get("/auth/me").await.status, 200, "it is still there");
    assert_eq!(app.admin.delete(&path).await.status, 204);
    assert_eq!(key.get("/auth/me").await.status, 401);
    let hers = eve.post("/api-keys", json!({ "description": "hers" })).await;
    assert_eq!(app.admin.get("/api-keys").await.body["total_count"], 0, "not even for admins");
    let path = format!("/api-keys/{}", hers.text("/id"));
    assert_eq!(app.admin.delete(&path).await.status, 404);
}

// DK-15, DK-16
#[tokio::test]
async fn a_key_notes_its_use_and_ends_in_time() {
    let app = TestApp::new().await;
    let end = domain::Timestamp::from_millis(EPOCH + 3_600_000);
    let past = domain::Timestamp::from_millis(EPOCH - 1).to_string();

    let late = json!({ "description": "late", "expires_at": past });
    assert_eq!(app.admin.post("/api-keys", late).await.status, 422);
    let key = app.key(&app.admin, json!({ "description": "brief", "expires_at": end })).await;
    let listed = async || app.admin.get("/api-keys").await.body["data"][0].clone();
    assert_eq!(listed().await["expires_at"], json!(end));
    assert_eq!(listed().await["last_used_at"], json!(null));

    for minute in 0..2 {
        assert_eq!(key.get("/auth/me").await.status, 200);
        let now = domain::Timestamp::from_millis(EPOCH + minute * 60_000);
        assert_eq!(listed().await["last_used_at"], json!(now));
        app.clock.advance(Duration::from_secs(60));
    }
    app.clock.advance(Duration::from_secs(3600 - 120 - 1));
    assert_eq!(key.get("/auth/me").await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(key.get("/auth/me").await.status, 401);
}

// S11
#[tokio::test]
async fn a_key_cannot_exceed_its_scopes_or_make_keys_or_people() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let scopes = json!({ "description": "look", "scopes": ["read"] });
    let reader = app.key(&app.admin, scopes).await;
    let all = json!({
        "description": "all", "scopes": ["read", "stage", "deploy", "logs", "write", "admin"]
    });
    let all = app.key(&app.admin, all).await;

    let rename = json!({ "name": "Other" });
    assert_eq!(reader.get(&format!("/projects/{project}")).await.status, 200);
    let refused = reader.patch(&format!("/projects/{project}"), rename).await;
    assert_eq!(refused.status, 403);
    assert_eq!(reader.get("/system/status").await.status, 403);
    assert_eq!(all.get("/system/status").await.status, 200);
    assert_eq!(all.post("/api-keys", json!({ "description": "child" })).await.status, 401);
    let person = json!({ "email": "eve@x", "name": "Eve", "password": PASSWORD });
    assert_eq!(all.post("/users", person).await.status, 401);
}

// S11: a key reads what its scopes say, also where one answer holds much.
#[tokio::test]
async fn what_containers_wrote_is_shown_to_keys_with_the_scope_for_logs_only() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    let deployment = app.view(&web).await.deployments.last().expect("it was deployed").id;
    let log_tail = Some("password=hunter2".into());
    let failure = Failure { log_tail, ..Failure::default() };
    app.record(&[Step::Reached { deployment, transition: Transition::Failed(failure) }]).await;
    let path = format!("/projects/{project}/services/{web}/deployments/{deployment}");

    for (scopes, is_shown) in [(json!(["read", "logs"]), true), (json!(["read"]), false)] {
        let key = app.key(&app.admin, json!({ "description": "k", "scopes": scopes })).await;
        let reply = key.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.raw);
        assert_eq!(reply.raw.contains("hunter2"), is_shown, "{scopes}");
    }
}

// S11: what an admin's key may not administer, it does not even see.
#[tokio::test]
async fn an_admins_key_lists_and_finds_only_projects_that_the_admin_belongs_to() {
    let app = TestApp::new().await;
    let own = app.project("Own").await;
    let eve = app.member("Eve").await;
    let foreign = eve.post("/projects", json!({ "name": "Foreign" })).await;
    let scopes = |scopes: &[&str]| json!({ "description": "k", "scopes": scopes });
    let plain = app.key(&app.admin, scopes(&["read", "write"])).await;
    let admin = app.key(&app.admin, scopes(&["read", "admin"])).await;

    let listed = plain.get("/projects").await;
    assert_eq!(listed.body["total_count"], 1, "{}", listed.raw);
    assert_eq!(listed.body["data"][0]["id"], own.as_str());
    for name in [foreign.text("/id"), foreign.text("/slug")] {
        assert_eq!(plain.get(&format!("/projects/{name}")).await.status, 404, "{name}");
        assert_eq!(admin.get(&format!("/projects/{name}")).await.status, 200, "{name}");
    }
    assert_eq!(admin.get("/projects").await.body["total_count"], 2);
}
