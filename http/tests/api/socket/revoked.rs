//! Revoked means that nothing more is sent, however little the client has read so far.

use super::Shop;
use crate::app::PASSWORD;
use domain::account::{ACCESS_TTL, REFRESH_GRACE};
use serde_json::{Value, json};
use std::time::Duration;

/// Marks that none may see who was shown out.
async fn edit(shop: &Shop, replicas: u32) {
    let service = format!("{}/services/{}", shop.path(), shop.web);
    let reply = shop.app.admin.patch(&service, json!({ "replicas": replicas })).await;
    assert_eq!(reply.status, 200, "{}", reply.raw);
}

fn events(said: &[Value]) -> usize {
    said.iter().filter(|message| message["type"] == "events").count()
}

// S07: what waits for somebody who reads nothing is dropped with their right to have it.
#[tokio::test]
async fn who_was_removed_gets_nothing_more_however_slow_they_were() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;
    shop.app.add(&shop.project, "eve@example.org", "viewer").await;
    let (mut painter, _) = shop.open(&shop.app.admin).await;
    let (mut reader, _) = shop.open(&shop.app.admin).await;
    let mut slow = shop.open_narrow(&eve).await;
    shop.fill_the_way(&mut painter, &mut reader).await;
    edit(&shop, 2).await;
    let me = eve.get("/auth/me").await.text("/id");

    let removed = shop.app.admin.delete(&format!("{}/members/{me}", shop.path())).await;
    edit(&shop, 3).await;

    assert_eq!(removed.status, 204);
    let (said, code) = slow.rest().await;
    assert_eq!(said[0]["type"], "welcome", "what was sent before is read");
    assert_eq!(events(&said), 0, "neither what waited nor what came later");
    // A frame that is half written may be ended for two seconds; then there is no close, but a cut.
    assert!(matches!(code, Some(4004) | None), "{code:?}");
}

// The same for all ways to lose it, and for a reader that keeps up: the close is all that comes.
#[tokio::test]
async fn after_the_answer_nothing_but_the_close_comes() {
    let shop = Shop::new().await;
    let eve = shop.app.member("Eve").await;
    shop.app.add(&shop.project, "eve@example.org", "editor").await;
    let key = shop.app.key(&eve, json!({ "description": "k" })).await;
    let me = eve.get("/auth/me").await.text("/id");
    let keys = eve.get("/api-keys").await.text("/data/0/id");
    let twin = shop.app.sign_in("eve@example.org").await;
    let (mut by_key, _) = shop.open(&key).await;
    let (mut by_session, _) = shop.open(&eve).await;
    let (mut by_twin, _) = shop.open(&twin).await;

    eve.delete(&format!("/api-keys/{keys}")).await;
    edit(&shop, 2).await;
    let (by_key, key_code) = by_key.rest().await;
    eve.post("/auth/logout", json!({})).await;
    edit(&shop, 3).await;
    let (by_session, session_code) = by_session.rest().await;
    shop.app.admin.delete(&format!("{}/members/{me}", shop.path())).await;
    edit(&shop, 4).await;
    let (by_twin, twin_code) = by_twin.rest().await;

    assert_eq!((key_code, session_code, twin_code), (Some(4001), Some(4001), Some(4004)));
    assert_eq!((by_key.len(), by_twin.len() > 1), (0, true), "{by_key:?}");
    let heard = |said: &[Value]| said.last().map(|message| message.to_string());
    let (by_session, by_twin) = (heard(&by_session), heard(&by_twin));
    assert!(by_session.is_none_or(|last| !last.contains("\"replicas\":3")), "nothing came after");
    assert!(by_twin.is_none_or(|last| !last.contains("\"replicas\":4")), "nothing came after");
}

// DK-6, S07: a refresh uses up the old access token, and what it opened.
#[tokio::test]
async fn a_token_that_was_traded_in_ends_its_socket() {
    let shop = Shop::new().await;
    let login = json!({ "email": "admin@example.org", "password": PASSWORD });
    let tokens = shop.app.anonymous().post("/auth/login", login).await;
    let ada = shop.app.anonymous().bearer(tokens.text("/access_token"));
    let (mut tab, _) = shop.open(&ada).await;

    let refresh = json!({ "refresh_token": tokens.text("/refresh_token") });
    let traded = shop.app.anonymous().post("/auth/refresh", refresh).await;

    assert_eq!(traded.status, 200);
    assert_eq!(tab.closed().await, 4001);
}

// DK-7, S07: a refresh token that turns up again ends the session, and what is open in it.
#[tokio::test]
async fn a_session_that_ends_by_a_copied_token_ends_its_sockets() {
    let shop = Shop::new().await;
    let login = json!({ "email": "admin@example.org", "password": PASSWORD });
    let tokens = shop.app.anonymous().post("/auth/login", login).await;
    let refresh = json!({ "refresh_token": tokens.text("/refresh_token") });
    let traded = shop.app.anonymous().post("/auth/refresh", refresh.clone()).await;
    let ada = shop.app.anonymous().bearer(traded.text("/access_token"));
    let (mut tab, _) = shop.open(&ada).await;
    let (mut other, _) = shop.open(&shop.app.admin).await;
    shop.app.clock.advance(REFRESH_GRACE + Duration::from_secs(1));

    let reused = shop.app.anonymous().post("/auth/refresh", refresh).await;
    edit(&shop, 2).await;

    assert_eq!(reused.status, 401);
    let (said, code) = tab.rest().await;
    assert_eq!((events(&said), code), (0, Some(4001)));
    assert_eq!(other.wait("events").await["events"][0]["event"], "staged", "others stay");
}

// S07: also what ends by itself, in the very moment, whatever it is.
#[tokio::test]
async fn what_has_run_out_ends_its_socket_whatever_it_was() {
    let shop = Shop::new().await;
    let end = shop.app.ports.clock.now().plus(Duration::from_secs(60));
    let short = json!({ "description": "short", "expires_at": end });
    let short = shop.app.key(&shop.app.admin, short).await;
    let long = shop.app.key(&shop.app.admin, json!({ "description": "long" })).await;
    let (mut by_short, _) = shop.open(&short).await;
    let (mut by_token, _) = shop.open(&shop.app.admin).await;
    let (mut by_long, _) = shop.open(&long).await;

    shop.app.clock.advance(Duration::from_secs(60));
    let short = by_short.closed().await;
    shop.app.clock.advance(ACCESS_TTL);
    let token = by_token.closed().await;

    assert_eq!((short, token), (4001, 4001));
    by_long.say(json!({ "type": "place", "op": 1, "places": [] })).await;
    assert_eq!(by_long.wait("done").await["op"], 1, "a key without an end stays");
}
