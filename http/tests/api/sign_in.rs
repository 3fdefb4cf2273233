//! What signing in costs: those who do, and those who do not.

use crate::app::TestApp;
use axum::{body::Body, extract::ConnectInfo, http::Request};
use futures::future::join_all;
use serde_json::json;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tower::ServiceExt;

// S03: nor does the time tell whether somebody has an account.
#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let mut app = TestApp::with(|config| config.password_cost = 8);
    app.claim().await;
    let took = async |email: &str| {
        let body = json!({ "email": email, "password": "wrong password" });
        let began = Instant::now();
        let reply = app.anonymous().post("/auth/login", body).await;
        assert_eq!(reply.status, 401, "{}", reply.raw);
        began.elapsed().as_secs_f64()
    };

    // The least of many: whatever else this machine does only adds to it.
    let mut least = [f64::MAX; 2];
    let mut ratio = 0.0;
    for _ in 0..20 {
        for _ in 0..5 {
            least[0] = took("admin@example.org").await.min(least[0]);
            least[1] = took("nobody@example.org").await.min(least[1]);
            app.clock.forward(Duration::from_secs(16 * 60));
        }
        ratio = least[1] / least[0];
        if (0.95..1.05).contains(&ratio) {
            return;
        }
    }
    panic!("an unknown address takes {ratio} times as long");
}

// S02: a crowd at the door holds up nobody who is in.
#[tokio::test]
async fn a_hundred_sign_ins_at_once_hold_up_no_read() {
    let mut app = TestApp::with(|config| config.password_cost = 9);
    app.claim().await;
    app.project("Shop").await;
    let sign_in = async |number: u8| {
        let source = SocketAddr::from(([10, 0, 0, number], 1));
        let body = json!({ "email": format!("p{number}@example.org"), "password": "some guess" });
        let mut request = Request::post("/api/auth/login")
            .header("host", "easel.test")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .expect("a sound request");
        request.extensions_mut().insert(ConnectInfo(source));
        app.router.clone().oneshot(request).await.expect("it never fails").status().as_u16()
    };
    let crowd = join_all((0..100).map(sign_in));
    let reads = async {
        let mut took = Vec::new();
        for _ in 0..100 {
            let began = Instant::now();
            assert_eq!(app.admin.get("/projects").await.status, 200);
            took.push(began.elapsed());
            tokio::task::yield_now().await;
        }
        took.sort();
        took[98]
    };
    let mut crowd = Box::pin(crowd);

    let slowest = tokio::select! {
        biased;
        _ = &mut crowd => panic!("all had signed in before a hundred reads were answered"),
        slowest = reads => slowest,
    };

    assert!(slowest <= Duration::from_millis(100), "{slowest:?}");
    assert!(crowd.await.iter().all(|status| *status == 401));
}
