//! Keys for scripts.

use crate::app::{PASSWORD, TestApp};
use domain::testing::clock::EPOCH;
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
        "description": "all", "scopes": ["read", "stage", "deploy", "write", "admin"]
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
