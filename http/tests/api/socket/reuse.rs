//! A refresh token that is used twice: somebody has a copy.

use super::Shop;
use crate::app::PASSWORD;
use serde_json::json;
use std::time::Duration;

// S06, S07: whoever sits in an open canvas is shown out, too.
#[tokio::test]
async fn a_refresh_token_used_twice_closes_what_its_session_has_open() {
    let shop = Shop::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD });
    let first = shop.app.anonymous().post("/auth/login", body).await;
    let old = json!({ "refresh_token": first.text("/refresh_token") });
    let second = shop.app.anonymous().post("/auth/refresh", old.clone()).await;
    let stolen = shop.app.anonymous().bearer(second.text("/access_token"));
    let (mut tab, _) = shop.open(&stolen).await;

    shop.app.clock.advance(Duration::from_secs(60));
    let again = shop.app.anonymous().post("/auth/refresh", old).await;

    assert_eq!(again.status, 401);
    assert_eq!(tab.closed().await, 4001);
    assert_eq!(shop.app.admin.get("/auth/me").await.status, 200, "other sessions go on");
}
