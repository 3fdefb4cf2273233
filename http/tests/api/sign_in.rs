//! What signing in costs: those who do, and those who do not.

use crate::app::TestApp;
use axum::{body::Body, extract::ConnectInfo, http::Request};
use futures::future::join_all;
use serde_json::json;
use std::net::SocketAddr;
use tower::ServiceExt;

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
        for _ in 0..100 {
            assert_eq!(app.admin.get("/projects").await.status, 200);
            tokio::task::yield_now().await;
        }
    };
    let mut crowd = Box::pin(crowd);

    tokio::select! {
        biased;
        _ = &mut crowd => panic!("all had signed in before a hundred reads were answered"),
        () = reads => (),
    }

    assert!(crowd.await.iter().all(|status| *status == 401));
}
