//! Input that is wrong: a clear answer, never a crash.

use crate::app::TestApp;
use axum::body::Body;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

// DK-157
#[tokio::test]
async fn every_error_has_a_code_and_a_sentence() {
    let app = TestApp::new().await;

    for (method, path, body, status, code) in [
        ("GET", "/api/nothing", "", 404, "not_found"),
        ("GET", "/api", "", 404, "not_found"),
        ("GET", "/api/", "", 404, "not_found"),
        ("GET", "/api//projects", "", 404, "not_found"),
        ("GET", "/api/projects/", "", 404, "not_found"),
        ("GET", "/api/Projects", "", 404, "not_found"),
        ("GET", "/api/%70rojects%2f", "", 404, "not_found"),
        ("GET", "/api/projects/../users", "", 404, "not_found"),
        ("PUT", "/api/projects", "{}", 405, "method_not_allowed"),
        ("TRACE", "/api/projects", "", 405, "method_not_allowed"),
        ("OPTIONS", "/api/projects", "", 405, "method_not_allowed"),
        ("POST", "/api/projects", "{", 400, "invalid"),
        ("POST", "/api/projects", "", 400, "invalid"),
        ("POST", "/api/projects", "{\"name\":\"a\",\"name\":\"b\"}", 400, "invalid"),
        ("POST", "/api/projects", "{\"name\":\"\\ud800\"}", 400, "invalid"),
        ("POST", "/api/projects", "[]", 422, "invalid"),
        ("POST", "/api/projects", "{\"name\":\"\"}", 422, "invalid"),
        ("POST", "/api/projects", "{\"name\":\"a\\u0000\"}", 422, "invalid"),
        ("POST", "/api/projects", "{\"name\":\"a\",\"owner\":\"me\"}", 422, "invalid"),
    ] {
        let kind = (method == "POST").then_some("application/json");
        let reply = app.admin.call(method, path, kind, Body::from(body)).await;
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.raw);
        assert_eq!(reply.text("/error"), code, "{method} {path} {body}");
        assert!(!reply.text("/message").is_empty());
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-request-id").len(), 36);
    }
}

// S22, S61
#[tokio::test]
async fn a_body_has_bounds() {
    let app = TestApp::new().await;
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(400_000), "]".repeat(400_000));

    let long = app.admin.call("POST", "/api/projects", Some("application/json"), long.into()).await;
    let deep = app.admin.call("POST", "/api/projects", Some("application/json"), deep.into()).await;

    assert_eq!((long.status, long.text("/error").as_str()), (413, "too_large"));
    assert_eq!((deep.status, deep.text("/error").as_str()), (400, "invalid"));
}

// S67
#[tokio::test]
async fn json_may_be_sixty_four_levels_deep_and_no_deeper() {
    let app = TestApp::new().await;
    let post = async |levels: usize| {
        // The object itself is the first.
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        let body = Body::from(format!("{{\"name\":{open}{close}}}"));
        let reply = app.admin.call("POST", "/api/projects", Some("application/json"), body).await;
        (reply.status, reply.text("/message"))
    };

    assert_eq!(post(64).await.0, 422, "it can be read, and is no name");
    for levels in [65, 66, 127, 128, 129, 1_000] {
        let (status, message) = post(levels).await;
        assert_eq!(status, 400, "{levels}");
        assert!(message.contains("64 levels"), "{levels}: {message}");
    }
}

// S66: repeats are a mistake or make work.
#[tokio::test]
async fn what_is_named_twice_in_one_request_is_refused() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    let web = app.service(&id, "web").await;
    let one = "01890000-0000-7000-8000-0000000000ff";
    let twice = json!([one, one]);
    let path = format!("/projects/{id}");

    for (at, body, field) in [
        ("deploy", json!({ "changes": twice }), "changes"),
        ("pending-changes/preview", json!({ "changes": twice }), "changes"),
        ("pending-changes/discard", json!({ "changes": twice }), "changes"),
        ("pending-changes/discard", json!({ "changes": [one], "seen": twice }), "seen"),
        ("pending-changes/restore", json!({ "edits": twice }), "edits"),
        (
            "pending-changes",
            json!({ "edits": [{ "op": "create_group", "name": "g", "services": [web, web] }] }),
            "services",
        ),
    ] {
        let reply = app.admin.post(&format!("{path}/{at}"), body.clone()).await;
        assert_eq!(reply.status, 422, "{at} {body}: {}", reply.raw);
        assert!(reply.body["errors"][field].is_array(), "{at} {body}: {}", reply.raw);
    }
}

// S66: a request is as much work as its size says.
#[tokio::test]
async fn what_one_request_may_stage_is_bounded() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    let path = format!("/projects/{id}/pending-changes");
    let value = json!({ "value": "v" });
    let variables: serde_json::Map<_, _> =
        (0..501).map(|number| (format!("K{number}"), value.clone())).collect();
    let edit = json!({ "op": "create_service", "name": "web", "variables": variables });

    let many = app.admin.post(&path, json!({ "edits": [edit] })).await;
    let set = |number: usize| json!({ "op": "set_variable", "address": format!("variables/K{number}"), "value": "v" });
    let edits: Vec<_> = (0..501).map(set).collect();
    let more = app.admin.post(&path, json!({ "edits": edits })).await;

    assert_eq!((many.status, more.status), (422, 422));
    assert!(many.body["errors"]["variables"].is_array(), "{}", many.raw);
    assert!(more.body["errors"]["edits"].is_array(), "{}", more.raw);
    assert_eq!(app.admin.get(&path).await.body["raw_count"], 0);
}

// S20
#[tokio::test]
async fn nobody_gives_themselves_a_role() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;
    let id = app.project("Shop").await;
    app.add(&id, "eve@example.org", "editor").await;

    for body in [
        json!({ "name": "x", "role": "owner" }),
        json!({ "name": "x", "id": id }),
        json!({ "name": "x", "owner_id": "me" }),
    ] {
        assert_eq!(eve.patch(&format!("/projects/{id}"), body.clone()).await.status, 422, "{body}");
        assert_eq!(eve.post("/projects", body).await.status, 422);
    }
}

// S70
#[tokio::test]
async fn an_answer_never_tells_how_it_was_made() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    *app.scripted.is_down.lock().expect("no panic") = true;
    let web = app.service(&id, "web").await;
    app.container(&web, 0, "c0").await;

    let reply = app.admin.get(&format!("/projects/{id}/services/{web}/logs")).await;

    assert_eq!((reply.status, reply.text("/error").as_str()), (503, "unavailable"));
    assert!(!reply.raw.contains("socket"), "{}", reply.raw);
}

// DK-157
#[tokio::test]
async fn names_that_would_mislead_are_refused() {
    let app = TestApp::new().await;
    let long = "x".repeat(101);

    for name in [
        "a\u{e0041}b",
        "a\u{ad}b",
        " ",
        "a\nb",
        "a\u{202e}b",
        "a\u{200b}b",
        "${{x}}",
        "a}",
        long.as_str(),
    ] {
        let reply = app.admin.post("/projects", json!({ "name": name })).await;
        assert_eq!(reply.status, 422, "{name:?}");
        assert!(reply.body["errors"]["name"].is_array());
    }
    let text = "<img src=x onerror=alert(1)>'\"`--;";
    let reply = app.admin.post("/projects", json!({ "name": text })).await;
    assert_eq!((reply.status, reply.text("/name").as_str()), (201, text));
}

// S61, F91: who sends half a request does not hold a connection for ever.
#[tokio::test]
async fn half_a_request_is_given_up() {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (ports, config, stop) = (app.ports.clone(), app.config.clone(), app.stop.clone());
    tokio::spawn(async move { http::serve(&listener, ports, config, stop).await });

    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\n").await.expect("it is open");
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;

    ended.expect("it ends by itself").expect("it is closed, not reset");
    app.stop.cancel();
}
