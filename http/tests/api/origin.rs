//! What another site can make a browser do: nothing.

use crate::app::{PASSWORD, TestApp};
use axum::body::Body;
use serde_json::json;

// S10
#[tokio::test]
async fn a_browser_gets_a_cookie_that_no_script_reads_and_no_token() {
    let app = TestApp::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD, "kind": "browser" });

    let reply = app.anonymous().post("/auth/login", body).await;

    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("easel="), "{cookie}");
    for part in ["Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let mut fields: Vec<_> = reply.body.as_object().expect("an object").keys().collect();
    fields.sort();
    assert_eq!(fields, ["user"]);
}

// S10
#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host_and_to_https() {
    let mut app = TestApp::with(|config| {
        config.public_url = Some("https://easel.example".to_owned());
    })
    .await;
    app.claim().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD, "kind": "browser" });

    let reply = app.anonymous().post("/auth/login", body).await;

    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("__Host-easel="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}

// S25
#[tokio::test]
async fn a_cookie_counts_only_from_our_own_pages() {
    let app = TestApp::new().await;
    let browser = app.browser("admin@example.org").await;
    let name = json!({ "name": "Shop" });

    assert_eq!(browser.post("/projects", name.clone()).await.status, 201);
    for origin in [
        "https://evil.example",
        "null",
        "http://easel.test.evil.example",
        "http://easel.test:81",
        "http://xeasel.test",
        "easel.test",
        "",
    ] {
        let reply = browser.header("origin", origin).post("/projects", name.clone()).await;
        assert_eq!(reply.status, 403, "{origin:?}");
    }
    for site in ["cross-site", "same-site", "none"] {
        let reply = browser.header("sec-fetch-site", site).post("/projects", name.clone()).await;
        assert_eq!(reply.status, 403, "{site}");
    }
    let listed = app.admin.get("/projects").await;
    assert_eq!(listed.body["total_count"], 1, "nothing else was made");
}

// S25
#[tokio::test]
async fn a_cookie_without_an_origin_mutates_nothing() {
    let app = TestApp::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD, "kind": "browser" });
    let reply = app.anonymous().post("/auth/login", body).await;
    let cookie = reply.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let bare = app.anonymous().header("cookie", &cookie);

    assert_eq!(bare.get("/auth/me").await.status, 200);
    assert_eq!(bare.post("/projects", json!({ "name": "Shop" })).await.status, 403);
    assert_eq!(bare.post("/auth/logout", json!({})).await.status, 403);
}

// S25: a form needs no permission to be sent across sites, JSON does.
#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let app = TestApp::new().await;
    let browser = app.browser("admin@example.org").await;

    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let body = Body::from(r#"{"name":"Shop"}"#);
        let reply = browser.call("POST", "/api/projects", kind, body).await;
        assert_eq!(reply.status, 415, "{kind:?}");
    }
}

// S26
#[tokio::test]
async fn no_other_site_may_read_answers() {
    let app = TestApp::new().await;

    for origin in ["https://evil.example", "null", "http://easel.test"] {
        let reply = app.admin.header("origin", origin).get("/projects").await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        let asked = app.anonymous().header("origin", origin);
        let asked = asked.header("access-control-request-method", "POST");
        let reply = asked.call("OPTIONS", "/api/projects", None, Body::empty()).await;
        assert_eq!(reply.status, 405, "{origin}");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
}

// DK-21, S26: sites that the operator lists, with tokens and never with cookies.
#[tokio::test]
async fn listed_sites_may_call_with_a_token() {
    let mut app = TestApp::with(|config| {
        config.cors_origins = vec!["https://tools.example".to_owned()];
    })
    .await;
    app.claim().await;
    let tool = app.admin.header("origin", "https://tools.example");

    let made = tool.post("/projects", json!({ "name": "Shop" })).await;
    let asked = app.anonymous().header("origin", "https://tools.example");
    let asked = asked.header("access-control-request-method", "POST");
    let asked = asked.call("OPTIONS", "/api/projects", None, Body::empty()).await;
    let browser = app.browser("admin@example.org").await;
    let browser = browser.header("origin", "https://tools.example");
    let browser = browser.post("/projects", json!({ "name": "Shop" })).await;

    assert_eq!(made.status, 201);
    assert_eq!(made.header("access-control-allow-origin"), "https://tools.example");
    assert_eq!(made.header("access-control-allow-credentials"), "");
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(browser.status, 403);
    assert_eq!(browser.header("access-control-allow-origin"), "");
}

// S09
#[tokio::test]
async fn a_token_in_the_address_is_no_token() {
    let app = TestApp::new().await;
    let token = app.admin.token();

    for name in ["token", "access_token", "api_key"] {
        let reply = app.anonymous().get(&format!("/auth/me?{name}={token}")).await;
        assert_eq!(reply.status, 401);
    }
}

// A cookie's value is no bearer token, nor the other way round.
#[tokio::test]
async fn a_proof_opens_only_the_door_that_it_was_made_for() {
    let app = TestApp::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD, "kind": "browser" });
    let reply = app.anonymous().post("/auth/login", body).await;
    let cookie = reply.header("set-cookie").split(';').next().expect("a pair");
    let value = cookie.trim_start_matches("easel=").to_owned();

    let as_bearer = app.anonymous().bearer(value).get("/auth/me").await;
    let as_cookie = format!("easel={}", app.admin.token());
    let as_cookie = app.anonymous().header("cookie", &as_cookie).get("/auth/me").await;

    assert_eq!((as_bearer.status, as_cookie.status), (401, 401));
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away() {
    let app = TestApp::new().await;
    let browser = app.browser("admin@example.org").await;

    let out = browser.post("/auth/logout", json!({})).await;

    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("easel=; Path=/; Max-Age=0"));
    assert_eq!(browser.get("/auth/me").await.status, 401);
}
