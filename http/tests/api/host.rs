//! Under which names the server answers: a name of another site is another site's.

use crate::{
    app::{PASSWORD, TestApp},
    client::Client,
};
use axum::{body::Body, http::Request};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

async fn app_at(listen: &str) -> TestApp {
    let mut app = TestApp::with(|config| {
        config.public_url = Some("https://easel.example:8443".to_owned());
        config.listen = listen.parse().ok();
    })
    .await;
    app.claim().await;
    app
}

// S56
#[tokio::test]
async fn it_answers_under_its_own_names_only() {
    let app = app_at("192.0.2.7:8080").await;
    for host in [
        "easel.example:8443",
        "easel.example",
        "EASEL.example",
        "localhost",
        "localhost:8080",
        "localhost:9999",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
        "192.0.2.7",
        "192.0.2.7:8080",
    ] {
        let client = app.anonymous().header("host", host);
        assert_eq!(client.get("/health").await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "easel.example.evil.example",
        "xeasel.example",
        "easel.example.",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.evil.example",
        "127.0.0.1.",
        "2130706433",
        "0.0.0.0",
        "[::]",
        "192.0.2.8",
        "easel",
    ] {
        let client = app.anonymous().header("host", host);
        assert_eq!(client.get("/health").await.status, 421, "{host}");
        let page = client.call("GET", "/", None, Body::empty()).await;
        assert_eq!(page.status, 421, "{host}: pages too");
    }
}

// S56
#[tokio::test]
async fn a_request_names_one_host() {
    let app = app_at("127.0.0.1:8080").await;
    let get = async |uri: &str, hosts: &[&str]| {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        let request = request.body(Body::empty()).expect("a request");
        app.router.clone().oneshot(request).await.expect("it never fails").status().as_u16()
    };

    assert_eq!(get("/api/health", &["localhost"]).await, 200);
    assert_eq!(get("http://localhost/api/health", &["localhost"]).await, 200);
    for (uri, hosts) in [
        ("/api/health", &[][..]),
        ("/api/health", &["localhost", "localhost"]),
        ("/api/health", &["localhost", "evil.example"]),
        ("/api/health", &[""]),
        ("/api/health", &["a b"]),
        ("/api/health", &["user@localhost"]),
        ("/api/health", &["localhost/x"]),
        ("http://evil.example/api/health", &["localhost"]),
        ("http://localhost/api/health", &["evil.example"]),
    ] {
        assert_eq!(get(uri, hosts).await, 400, "{uri} {hosts:?}");
    }
}

// S15, S25, S56: a page of another site that has led the browser here under its own name.
#[tokio::test]
async fn a_rebound_name_reaches_nothing() {
    let app = TestApp::new().await;
    let browser = app.browser("admin@example.org").await;
    let rebound = browser.header("host", "evil.example").header("origin", "http://evil.example");

    for client in [rebound.clone(), rebound.header("sec-fetch-site", "same-origin")] {
        assert_eq!(client.get("/auth/me").await.status, 421);
        assert_eq!(client.post("/projects", json!({ "name": "Shop" })).await.status, 421);
    }
    assert_eq!(app.admin.get("/projects").await.body["total_count"], 0);
}

/// A browser without a proxy: at this host, with pages from there.
async fn status_from(app: &TestApp, host: &str, origin: &str, site: Option<&str>) -> u16 {
    let mut client = app.anonymous().header("host", host).header("origin", origin);
    if let Some(site) = site {
        client = client.header("sec-fetch-site", site);
    }
    let body = json!({ "email": "admin@example.org", "password": PASSWORD, "kind": "browser" });
    client.post("/auth/login", body).await.status
}

// S25: by what is configured; what the request says of itself makes no stranger ours.
#[tokio::test]
async fn pages_of_ours_come_from_the_public_url_or_from_where_it_listens() {
    let app = app_at("192.0.2.7:8080").await;

    for (host, origin, site) in [
        ("easel.example:8443", "https://easel.example:8443", None),
        // A proxy that does not pass the name on.
        ("127.0.0.1:8080", "https://easel.example:8443", Some("same-origin")),
        ("localhost:8080", "http://localhost:8080", None),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", Some("same-origin")),
        ("192.0.2.7:8080", "http://192.0.2.7:8080", None),
        // A tunnel: the browser vouches for it, but not when it asks for a socket.
        ("localhost:9000", "http://localhost:9000", Some("same-origin")),
        ("localhost:9000", "http://localhost:9000", None),
    ] {
        assert_eq!(status_from(&app, host, origin, site).await, 200, "{host} {origin} {site:?}");
    }
    for (host, origin, site) in [
        // What else listens on this machine.
        ("localhost:8080", "http://localhost:3000", None),
        ("localhost:9000", "http://localhost:3000", None),
        ("localhost:8080", "http://localhost:8080", Some("same-site")),
        ("easel.example", "https://easel.example", None),
        ("easel.example:8443", "http://easel.example:8443", None),
        ("localhost:8080", "https://localhost:8080", None),
        ("192.0.2.7:8080", "http://192.0.2.8:8080", None),
        ("localhost:8080", "null", None),
        ("localhost:8080", "http://", None),
    ] {
        assert_eq!(status_from(&app, host, origin, site).await, 403, "{host} {origin} {site:?}");
    }
}

// S56: of a server that listens everywhere, the address that was reached is its own.
#[tokio::test]
async fn the_address_that_a_connection_has_reached_is_a_name_of_the_server() {
    let app = TestApp::new().await;
    // Which address of this machine leads outside; where none does, the loopback shows less.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a free port");
    let outside = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    let host = outside.map_or_else(|_| [127, 0, 0, 1].into(), |address| address.ip());
    let listener = TcpListener::bind((host, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let mut config = app.config.clone();
    config.listen = Some(([0, 0, 0, 0], address.port()).into());
    let (ports, stop) = (app.ports.clone(), app.stop.clone());
    tokio::spawn(async move { http::serve(&listener, ports, config, stop).await });
    let ask = async |host: &str| {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request =
            format!("GET /api/health HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is open");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer.split(' ').nth(1).expect("a status").to_owned()
    };

    assert_eq!(ask(&address.to_string()).await, "200");
    assert_eq!(ask(&format!("192.0.2.9:{}", address.port())).await, "421");
    app.stop.cancel();
}

// A listed site calls by its own pages, and names this server as everybody does.
#[tokio::test]
async fn a_listed_site_reaches_the_server_by_its_name_only() {
    let mut app =
        TestApp::with(|config| config.cors_origins = vec!["https://tools.example".to_owned()])
            .await;
    app.claim().await;
    let tool: Client = app.admin.header("origin", "https://tools.example");

    let made = tool.post("/projects", json!({ "name": "Shop" })).await;
    let elsewhere = tool.header("host", "tools.example").get("/projects").await;

    assert_eq!((made.status, elsewhere.status), (201, 421));
    assert_eq!(elsewhere.header("access-control-allow-origin"), "");
}
