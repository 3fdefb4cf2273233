//! Who may open a canvas, and how long.

use super::{Shop, replicas, status};
use domain::testing::clock::EPOCH;
use futures::StreamExt;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

// DK-119
#[tokio::test]
async fn a_token_or_a_key_in_the_first_frame_opens_the_canvas() {
    let shop = Shop::new().await;
    let key = shop.app.key(&shop.app.admin, json!({ "description": "k" })).await;

    for who in [&shop.app.admin, &key] {
        let (_, snapshot) = shop.open(who).await;
        assert_eq!(snapshot["spec"]["services"][&shop.web]["name"], "web");
        assert_eq!(snapshot["project"]["name"], "Shop");
    }
    shop.stop().await;
}

// DK-119
#[tokio::test]
async fn whoever_does_not_say_who_they_are_is_shown_out() {
    let shop = Shop::new().await;
    let began = Instant::now();

    let mut silent = shop.connect(&[]).await.expect("it can be opened");
    let mut wrong = shop.connect(&[]).await.expect("it can be opened");
    wrong.say(json!({ "type": "auth", "token": "guess" })).await;
    let mut other = shop.connect(&[]).await.expect("it can be opened");
    other.say(json!({ "type": "open" })).await;

    assert_eq!(wrong.closed().await, 4001);
    assert_eq!(other.closed().await, 4001);
    assert_eq!(silent.closed().await, 4001, "after five seconds");
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
}

// S17, S18
#[tokio::test]
async fn an_outsider_learns_of_no_project() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;

    let mut tab = shop.connect(&[]).await.expect("it can be opened");
    tab.say(json!({ "type": "auth", "token": eve.token() })).await;
    let bearer = format!("Bearer {}", eve.token());
    let refused = shop.connect(&[("authorization", &bearer)]).await.err().expect("it is refused");

    assert_eq!(tab.closed().await, 4004);
    assert_eq!(status(refused), 404);
}

// S27
#[tokio::test]
async fn only_our_own_pages_open_sockets() {
    let shop = Shop::new().await;
    let browser = shop.app.browser("admin@example.org").await;
    drop(browser);
    let body = json!({ "email": "admin@example.org", "password": crate::app::PASSWORD, "kind": "browser" });
    let reply = shop.app.anonymous().post("/auth/login", body).await;
    let cookie = reply.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let ours = format!("http://{}", shop.address);

    let mut tab = shop.connect(&[("cookie", &cookie), ("origin", &ours)]).await.expect("ours");
    assert_eq!(tab.hear().await["type"], "welcome");
    for origin in
        ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1.evil.example"]
    {
        for headers in
            [vec![("cookie", cookie.as_str()), ("origin", origin)], vec![("origin", origin)]]
        {
            let refused = shop.connect(&headers).await.err().expect("it is refused");
            assert_eq!(status(refused), 403, "{origin}");
        }
    }
    let refused = shop.connect(&[("cookie", &cookie)]).await.err().expect("no origin");
    assert_eq!(status(refused), 403);
    let bearer = format!("Bearer {}", shop.app.admin.token());
    shop.connect(&[("authorization", &bearer)]).await.expect("a token needs no origin");
}

// S17: messages have doors too.
#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;
    shop.app.add(&shop.project, "eve@example.org", "viewer").await;
    let (mut tab, _) = shop.open(&eve).await;
    let (mut other, _) = shop.open(&shop.app.admin).await;
    let node = format!("service/{}", shop.web);
    let places = json!([[node, { "x": 1, "y": 2 }]]);

    tab.say(json!({ "type": "drag", "places": places })).await;
    tab.say(json!({ "type": "place", "op": 1, "places": places })).await;
    let place = tab.hear().await;
    let body = json!({ "edits": [replicas(&shop.web, 2)] });
    let stage = eve.post(&format!("{}/pending-changes", shop.path()), body).await;

    assert_eq!((&place["type"], &place["error"]), (&json!("refused"), &json!("forbidden")));
    assert_eq!((stage.status, stage.text("/error").as_str()), (403, "forbidden"));
    let quiet = timeout(Duration::from_millis(200), other.raw.next()).await;
    assert!(quiet.is_err(), "nothing happened: {quiet:?}");
}

// S07
#[tokio::test]
async fn whoever_loses_the_right_to_look_is_shown_out() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;
    shop.app.add(&shop.project, "eve@example.org", "viewer").await;
    let (mut out, _) = shop.open(&eve).await;
    let twin = shop.app.sign_in("eve@example.org").await;
    let (mut removed, _) = shop.open(&twin).await;

    eve.post("/auth/logout", json!({})).await;
    let out = out.closed().await;
    let me = twin.get("/auth/me").await.text("/id");
    shop.app.admin.delete(&format!("{}/members/{me}", shop.path())).await;

    assert_eq!(out, 4001);
    assert_eq!(removed.closed().await, 4004);
}

#[tokio::test]
async fn another_role_is_greeted_anew() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;
    shop.app.add(&shop.project, "eve@example.org", "viewer").await;
    let (mut tab, _) = shop.open(&eve).await;
    let me = eve.get("/auth/me").await.text("/id");

    let path = format!("{}/members/{me}", shop.path());
    shop.app.admin.put(&path, json!({ "role": "editor" })).await;

    assert_eq!(tab.closed().await, u16::from(CloseCode::Restart));
}

// S07: also what ends by itself, such as a token.
#[tokio::test]
async fn a_token_that_has_run_out_ends_its_socket() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;

    shop.app.clock.advance(Duration::from_secs(15 * 60));

    assert_eq!(tab.closed().await, 4001);
    assert!(shop.app.ports.clock.now().as_millis() > EPOCH);
}

// DK-32, W84
#[tokio::test]
async fn a_deleted_project_says_so_before_its_canvas_closes() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;

    shop.app.admin.delete(&shop.path()).await;

    let told = tab.wait("events").await;
    assert_eq!(told["events"][0]["event"], "deleted");
    assert_eq!(tab.closed().await, 4004);
}
