//! The web app.

use crate::app::TestApp;
use axum::body::Body;
use http::Web;
use std::fs;

struct Site {
    app: TestApp,
    _folder: tempfile::TempDir,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, content: &str| {
        fs::write(folder.path().join(path), content).expect("it can be written");
    };
    fs::create_dir(folder.path().join("assets")).expect("a folder");
    write("index.html", "<!doctype html><title>app</title>");
    write("app.txt", "cafe01\n");
    write("assets/app.cafe01.js", "plain");
    write("assets/app.cafe01.js.br", "brotli");
    write("assets/app.cafe01.js.gz", "gzip");
    write("assets/app.cafe01.wasm", "wasm");
    let path = folder.path().to_owned();
    fs::write(folder.path().join("../secret.txt"), "secret").ok();
    Site { app: TestApp::with(|config| config.web = Web::Folder(path)).await, _folder: folder }
}

// DK-159, DK-160
#[tokio::test]
async fn every_page_of_the_app_is_its_index() {
    let site = site().await;

    for path in ["/", "/index.html", "/projects/1/canvas", "/login?next=%2F", "/unknown.thing"] {
        let reply = site.app.anonymous().call("GET", path, None, Body::empty()).await;
        assert_eq!(
            (reply.status, reply.raw.as_str()),
            (200, "<!doctype html><title>app</title>"),
            "{path}"
        );
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(reply.header("cache-control"), "no-cache");
    }
    let reply = site.app.anonymous().call("POST", "/login", None, Body::empty()).await;
    assert_eq!(reply.status, 405);
}

// S28
#[tokio::test]
async fn a_page_may_run_nothing_but_our_files() {
    let site = site().await;

    let reply = site.app.anonymous().call("GET", "/", None, Body::empty()).await;

    let policy = reply.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval';",
        "style-src 'self';",
        // S33: no host that a person typed is asked by whoever looks.
        "img-src 'self' data:;",
        "connect-src 'self';",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
}

// S28: an answer that is no page of ours may load nothing at all, whatever it says.
#[tokio::test]
async fn what_is_no_page_may_load_nothing() {
    let site = site().await;

    for (path, status) in [
        ("/api/health", 200),
        ("/api/projects", 401),
        ("/api/nothing", 404),
        ("/assets/app.cafe01.js", 200),
        ("/assets/old.svg", 404),
    ] {
        let reply = site.app.anonymous().call("GET", path, None, Body::empty()).await;
        assert_eq!(reply.status, status, "{path}");
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{path}");
        if path.starts_with("/api") {
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_in_the_form_that_the_client_reads() {
    let site = site().await;

    for (accept, body, encoding) in [
        ("gzip, deflate, br", "brotli", "br"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
        ("identity", "plain", ""),
    ] {
        let client = site.app.anonymous().header("accept-encoding", accept);
        let reply = client.call("GET", "/assets/app.cafe01.js", None, Body::empty()).await;
        assert_eq!((reply.raw.as_str(), reply.header("content-encoding")), (body, encoding));
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(reply.header("vary"), "accept-encoding");
        assert_eq!(reply.header("content-type"), "text/javascript; charset=utf-8");
    }
    let wasm =
        site.app.anonymous().call("GET", "/assets/app.cafe01.wasm", None, Body::empty()).await;
    assert_eq!(wasm.header("content-type"), "application/wasm");
}

#[tokio::test]
async fn a_missing_asset_is_missing_and_nothing_outside_is_served() {
    let site = site().await;

    for path in ["/assets/old.js", "/assets/../../secret.txt", "/assets/%2e%2e/app.txt"] {
        let reply = site.app.anonymous().call("GET", path, None, Body::empty()).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    for path in ["/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/..%2fsecret.txt"] {
        let reply = site.app.anonymous().call("GET", path, None, Body::empty()).await;
        assert!(!reply.raw.contains("secret") && !reply.raw.contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn an_index_that_is_known_is_not_sent_again() {
    let site = site().await;
    let first = site.app.anonymous().call("GET", "/", None, Body::empty()).await;

    let again = site.app.anonymous().header("if-none-match", first.header("etag"));
    let again = again.call("GET", "/", None, Body::empty()).await;
    let head = site.app.anonymous().call("HEAD", "/", None, Body::empty()).await;

    assert_eq!((again.status, again.raw.as_str()), (304, ""));
    assert_eq!((head.status, head.raw.as_str()), (200, ""));
}

// A fresh clone has no web app: a page stands in.
#[tokio::test]
async fn the_binary_has_a_page_of_its_own() {
    let app = TestApp::unclaimed().await;

    let reply = app.anonymous().call("GET", "/", None, Body::empty()).await;

    assert_eq!(reply.status, 200);
    assert!(reply.raw.contains("Easel"), "{}", reply.raw);
}
