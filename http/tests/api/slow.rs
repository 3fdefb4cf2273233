//! Clients that take their time, by a clock that jumps whenever everybody waits.

use crate::app::TestApp;
use axum::body::Body;
use futures::{StreamExt, stream};
use std::convert::Infallible;

// S61, F91: a body that comes to a halt is given up.
#[tokio::test(start_paused = true)]
async fn half_a_body_is_given_up() {
    let app = TestApp::new().await;
    let half = stream::iter([Ok::<_, Infallible>("{\"name\":")]).chain(stream::pending());
    let began = tokio::time::Instant::now();

    let kind = Some("application/json");
    let reply = app.admin.call("POST", "/api/projects", kind, Body::from_stream(half)).await;

    assert!((400..500).contains(&reply.status), "{}", reply.raw);
    assert!(!reply.text("/message").is_empty());
    assert_eq!(began.elapsed().as_secs(), 15);
}
