//! What was done and what was refused, as an admin reads it.

use crate::{
    app::{CLAIM, PASSWORD, TestApp},
    client::Client,
};
use domain::page::Page;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the audit says of these actions, oldest first.
async fn told(app: &TestApp, action: &str) -> Vec<Value> {
    let page = app.admin.get("/audit?limit=100").await;
    assert_eq!(page.status, 200, "{}", page.raw);
    let entries = page.body["data"].as_array().expect("a list");
    let of_action = entries.iter().filter(|entry| entry["action"] == action);
    of_action.rev().cloned().collect()
}

// S69: failures too, with where they came from, and never what was typed.
#[tokio::test]
async fn a_wrong_password_is_told_with_whose_account_and_from_where() {
    let app = TestApp::new().await;
    let me = app.admin.get("/auth/me").await.text("/id");
    let client = app.anonymous().peer("192.0.2.9");
    let sign_in = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        client.post("/auth/login", body).await
    };

    let wrong = sign_in("admin@example.org", "hunter2-typed").await;
    sign_in("hunter2@example.org", "hunter2-typed").await;
    sign_in("hunter2 typed as e-mail", "hunter2-typed").await;
    let right = sign_in("admin@example.org", PASSWORD).await;

    assert_eq!((wrong.status, right.status), (401, 200));
    let entries = told(&app, "accounts.open_session").await;
    let refused = |target: &str| {
        let is_meant = |entry: &&Value| entry["outcome"] == "refused" && entry["target"] == target;
        entries.iter().filter(is_meant).collect::<Vec<_>>()
    };
    let hers = refused(&me);
    assert_eq!(hers.len(), 1, "{entries:?}");
    assert_eq!((&hers[0]["actor"], &hers[0]["count"]), (&Value::Null, &json!(1)));
    assert_eq!((&hers[0]["via"], &hers[0]["source"]), (&json!("password"), &json!("192.0.2.9")));
    assert_eq!(hers[0]["request"], wrong.header("x-request-id"));
    let nobodys = refused("nobody's account");
    let count: u64 = nobodys.iter().filter_map(|entry| entry["count"].as_u64()).sum();
    assert_eq!(count, 2);
    let is_hers = |entry: &&Value| entry["request"] == right.header("x-request-id");
    let opened = entries.iter().find(is_hers).expect("she is in");
    assert_eq!((&opened["outcome"], &opened["source"]), (&json!("done"), &json!("192.0.2.9")));
    assert!(!app.admin.get("/audit").await.raw.contains("hunter2"), "what was typed is not told");
}

// S69
#[tokio::test]
async fn a_wrong_claim_token_is_told() {
    let mut app = TestApp::unclaimed().await;
    let claim = json!({ "claim_token": format!("{CLAIM}x"), "email": "a@b", "name": "Ada",
        "password": PASSWORD });
    assert_eq!(app.anonymous().peer("192.0.2.9").post("/auth/register", claim).await.status, 403);
    app.claim().await;

    let entries = told(&app, "accounts.register_first").await;

    let outcomes: Vec<_> = entries.iter().map(|entry| entry["outcome"].clone()).collect();
    assert!(outcomes.contains(&json!("refused")) && outcomes.contains(&json!("done")));
    let refused = entries.iter().find(|entry| entry["outcome"] == "refused").expect("one");
    assert_eq!((&refused["via"], &refused["source"]), (&json!("claim"), &json!("192.0.2.9")));
}

// S69: by whom, with which key, and what they wanted.
#[tokio::test]
async fn what_somebody_may_not_do_is_told_with_the_key_that_they_used() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let eve = app.member("Eve").await;
    app.add(&project, "eve@example.org", "viewer").await;
    let made = app.admin.post("/api-keys", json!({ "description": "k", "scopes": ["read"] })).await;
    let key = app.anonymous().bearer(made.text("/token"));

    let path = format!("/projects/{project}");
    assert_eq!(eve.delete(&path).await.status, 403);
    assert_eq!(key.delete(&path).await.status, 403);
    assert_eq!(eve.get("/users").await.status, 403);
    assert_eq!(eve.get(&format!("/projects/{}", app.project("Other").await)).await.status, 404);

    let entries = told(&app, "requests.forbidden").await;
    let line = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
        (text("target"), text("project"), text("key"), text("via"))
    };
    let eve_id = eve.get("/auth/me").await.text("/id");
    let mut lines: Vec<_> = entries.iter().map(line).collect();
    lines.sort();
    let refused = |target: &str, project: &str, key: &str, via: &str| {
        (target.to_owned(), project.to_owned(), key.to_owned(), via.to_owned())
    };
    let mut expected = vec![
        refused("DELETE /api/projects/{project}", &project, "-", "session"),
        refused("DELETE /api/projects/{project}", &project, &made.text("/id"), "api_key"),
        refused("GET /api/users", "-", "-", "session"),
    ];
    expected.sort();
    assert_eq!(lines, expected);
    assert_eq!(entries.iter().filter(|entry| entry["actor"] == eve_id.as_str()).count(), 2);
    let of_project = app.admin.get(&format!("/projects/{project}/audit")).await;
    assert!(of_project.raw.contains("requests.forbidden"), "its owners see it too");
}

// S66, S69: nobody fills the disk by being refused.
#[tokio::test]
async fn three_hundred_refusals_are_one_entry_that_says_so() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;
    for _ in 0..300 {
        assert_eq!(eve.get("/users").await.status, 403);
    }

    let entries = told(&app, "requests.forbidden").await;

    assert!(entries.len() <= 2, "{}", entries.len());
    let told: u64 = entries.iter().filter_map(|entry| entry["count"].as_u64()).sum();
    assert_eq!(told, 300);
}

// S69: counts are whole, also those of the last minutes.
#[tokio::test]
async fn what_was_only_counted_is_written_when_the_server_stops() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let site = http::Site::new(app.ports.clone(), app.config.clone(), app.stop.clone());
    let client = Client::new(site.router()).bearer(eve.token());
    let serving = tokio::spawn(async move { site.serve(&listener).await });
    for _ in 0..3 {
        assert_eq!(client.get("/users").await.status, 403);
    }

    app.stop.cancel();
    serving.await.expect("no panic").expect("no error");

    let page = app.ports.audit.entries(None, Page::new(0, 100)).await.expect("it answers");
    let refused = page.data.iter().filter(|entry| entry.action == "requests.forbidden");
    assert_eq!(refused.map(|entry| entry.count).sum::<u64>(), 3);
}

// S69
#[tokio::test]
async fn an_admin_can_ask_whether_the_audit_is_whole() {
    let app = TestApp::new().await;
    app.project("Shop").await;

    let check = app.admin.get("/audit/verification").await;

    assert_eq!((check.status, &check.body["broken_at"]), (200, &Value::Null));
    assert!(check.body["entries"].as_u64().is_some_and(|entries| entries >= 3), "{}", check.raw);
}
