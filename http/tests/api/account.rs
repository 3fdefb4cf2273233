//! Signing in and out, people.

use crate::{
    app::{CLAIM, PASSWORD, TestApp},
    client::Reply,
};
use domain::testing::clock::EPOCH;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

fn claim(token: &str) -> serde_json::Value {
    json!({ "claim_token": token, "email": "Ada@Example.org", "name": "Ada", "password": PASSWORD })
}

// DK-1
#[tokio::test]
async fn an_instance_can_be_claimed_only_while_nobody_has_an_account() {
    let mut app = TestApp::unclaimed().await;

    let before = app.anonymous().get("/auth/register").await;
    app.claim().await;
    let after = app.anonymous().get("/auth/register").await;

    assert_eq!(before.body, json!({ "can_register": true }));
    assert_eq!(after.body, json!({ "can_register": false }));
}

// DK-2
#[tokio::test]
async fn the_first_account_is_an_admin_and_a_second_claim_conflicts() {
    let app = TestApp::unclaimed().await;

    let first = app.anonymous().post("/auth/register", claim(CLAIM)).await;
    let second = app.anonymous().post("/auth/register", claim(CLAIM)).await;

    assert_eq!(first.status, 201);
    assert_eq!(first.body["user"]["role"], "admin");
    assert_eq!(first.body["user"]["email"], "ada@example.org");
    let me = app.anonymous().bearer(first.text("/tokens/access_token")).get("/auth/me").await;
    assert_eq!(me.body["name"], "Ada");
    assert!(first.body["tokens"]["expires_at"].is_string());
    let refresh = json!({ "refresh_token": first.text("/tokens/refresh_token") });
    assert_eq!(app.anonymous().post("/auth/refresh", refresh).await.status, 200);
    assert_eq!((second.status, second.text("/error").as_str()), (409, "conflict"));
}

// S12
#[tokio::test]
async fn a_claim_needs_the_token_of_the_console() {
    let app = TestApp::unclaimed().await;

    let wrong = app.anonymous().post("/auth/register", claim("guess")).await;
    let mut without = claim(CLAIM);
    without.as_object_mut().expect("an object").remove("claim_token");
    let without = app.anonymous().post("/auth/register", without).await;

    assert_eq!(wrong.status, 403);
    assert_eq!(without.status, 422);
    assert_eq!(app.anonymous().get("/auth/register").await.body["can_register"], true);
}

// S12: of two claims at once one wins.
#[tokio::test]
async fn two_claims_at_once_make_one_account() {
    let app = TestApp::unclaimed().await;
    let client = app.anonymous();

    let (a, b) = tokio::join!(
        client.post("/auth/register", claim(CLAIM)),
        client.post("/auth/register", claim(CLAIM))
    );

    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

// DK-3, DK-5
#[tokio::test]
async fn signing_in_answers_with_tokens_that_end() {
    let app = TestApp::new().await;
    let body = json!({ "email": "ADMIN@example.org", "password": PASSWORD });
    let refresh = async |reply: &Reply| {
        let body = json!({ "refresh_token": reply.text("/refresh_token") });
        app.anonymous().post("/auth/refresh", body).await
    };

    let half = app.anonymous().post("/auth/login", json!({ "email": "admin@example.org" })).await;
    let reply = app.anonymous().post("/auth/login", body).await;

    assert_eq!(half.status, 422);
    assert!(half.body["errors"]["password"].is_array(), "{}", half.raw);
    assert_eq!(reply.status, 200);
    let ends = |pointer: &str| {
        let end: domain::Timestamp =
            serde_json::from_value(reply.body.pointer(pointer).expect("an end").clone())
                .expect("a time");
        end.as_millis() - EPOCH
    };
    assert_eq!(ends("/expires_at"), 15 * 60 * 1000);
    assert_eq!(ends("/refresh_expires_at"), 7 * 24 * 3600 * 1000);
    let client = app.anonymous().bearer(reply.text("/access_token"));
    assert_eq!(client.get("/auth/me").await.status, 200);
    app.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(client.get("/auth/me").await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(client.get("/auth/me").await.status, 401);
    app.clock.advance(Duration::from_secs(7 * 24 * 3600 - 15 * 60 - 1));
    let next = refresh(&reply).await;
    assert_eq!(next.status, 200, "just in time");
    app.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(refresh(&next).await.status, 401, "a week is over");
}

// DK-4, S03
#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_told_alike() {
    let app = TestApp::new().await;
    let long = "x".repeat(5000);

    let mut answers = Vec::new();
    for (email, password) in [
        ("admin@example.org", "wrong password"),
        ("nobody@example.org", "wrong password"),
        ("not an address", "wrong password"),
        ("admin@example.org", &long),
    ] {
        let body = json!({ "email": email, "password": password });
        let reply = app.anonymous().post("/auth/login", body).await;
        answers.push((reply.status, reply.raw));
    }

    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

// S01: what bcrypt would cut is refused, not cut.
#[tokio::test]
async fn passwords_are_never_cut() {
    let app = TestApp::new().await;
    let person =
        |password: String| json!({ "email": "eve@x", "name": "Eve", "password": password });

    let long = app.admin.post("/users", person("a".repeat(73))).await;
    let short = app.admin.post("/users", person("a".repeat(7))).await;
    let fits = app.admin.post("/users", person("a".repeat(72))).await;
    let cut = json!({ "email": "eve@x", "password": format!("{}Y", "a".repeat(72)) });
    let cut = app.anonymous().post("/auth/login", cut).await;

    assert_eq!((long.status, short.status, fits.status, cut.status), (422, 422, 201, 401));
    assert!(long.body["errors"]["password"].is_array());
}

// DK-6, S06
#[tokio::test]
async fn a_refresh_token_can_be_used_once() {
    let app = TestApp::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD });
    let first = app.anonymous().post("/auth/login", body).await;
    let old = json!({ "refresh_token": first.text("/refresh_token") });

    let rotated = app.anonymous().post("/auth/refresh", old.clone()).await;
    let opens = async |reply: &Reply| {
        app.anonymous().bearer(reply.text("/access_token")).get("/auth/me").await.status
    };
    assert_eq!((opens(&first).await, opens(&rotated).await), (401, 200), "both are new");
    assert_ne!(first.text("/refresh_token"), rotated.text("/refresh_token"));
    app.clock.advance(Duration::from_secs(60));
    let again = app.anonymous().post("/auth/refresh", old).await;
    let successor = json!({ "refresh_token": rotated.text("/refresh_token") });
    let successor = app.anonymous().post("/auth/refresh", successor).await;

    assert_eq!(rotated.status, 200);
    assert_eq!(again.status, 401);
    assert_eq!(successor.status, 401, "a copy is about: the whole family ends");
    assert_eq!(opens(&rotated).await, 401);
}

// S06: two tabs, or an answer that was lost.
#[tokio::test]
async fn two_refreshes_at_once_both_succeed() {
    let app = TestApp::new().await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD });
    let first = app.anonymous().post("/auth/login", body).await;
    let old = json!({ "refresh_token": first.text("/refresh_token") });

    let a = app.anonymous().post("/auth/refresh", old.clone()).await;
    let b = app.anonymous().post("/auth/refresh", old).await;

    assert_eq!((a.status, b.status), (200, 200));
    assert_eq!(a.body, b.body, "of one token comes one successor");
    for reply in [a, b] {
        let client = app.anonymous().bearer(reply.text("/access_token"));
        assert_eq!(client.get("/auth/me").await.status, 200);
    }
}

// DK-7: what is kept opens nothing by itself.
#[tokio::test]
async fn digests_and_slow_hashes_are_all_that_is_kept() {
    let app = TestApp::new().await;
    let email = "admin@example.org".try_into().expect("an address");

    let (_, hash) = (app.ports.accounts.user_to_sign_in(&email).await)
        .expect("it can be read")
        .expect("she is known");
    let digest = <[u8; 32]>::from(Sha256::digest(app.admin.token()));
    let by_digest = app.ports.accounts.session_by_access(&digest).await.expect("it can be read");

    assert!(hash.expose().starts_with("$2b$04$"), "bcrypt's own form, as cheap as a test wants it");
    let usual = http::Config::new(http::ClaimToken::new("x".into()));
    assert!(usual.password_cost >= 12, "and slow where nobody says otherwise");
    assert!(by_digest.is_some(), "the port is only ever told the digest");
    let key = app.key(&app.admin, json!({ "description": "k" })).await;
    let digest = <[u8; 32]>::from(Sha256::digest(key.token()));
    let by_digest = app.ports.accounts.api_key_by_digest(&digest).await.expect("it can be read");
    assert!(by_digest.is_some(), "also of a key");
}

// DK-9, S07
#[tokio::test]
async fn signing_out_ends_this_session_at_once_and_no_other() {
    let app = TestApp::new().await;
    let other = app.sign_in("admin@example.org").await;

    let out = app.admin.post("/auth/logout", json!({})).await;

    assert_eq!(out.status, 204);
    assert_eq!(app.admin.get("/auth/me").await.status, 401);
    assert_eq!(other.get("/auth/me").await.status, 200);
}

// DK-10, S21
#[tokio::test]
async fn nobody_is_shown_a_hash_or_a_token() {
    let app = TestApp::new().await;

    let me = app.admin.get("/auth/me").await;

    let mut fields: Vec<_> = me.body.as_object().expect("an object").keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["created_at", "email", "id", "name", "role", "updated_at"]);
}

// DK-18: the same header carries both.
#[tokio::test]
async fn a_bearer_is_a_session_or_a_key() {
    let app = TestApp::new().await;
    let key = app.key(&app.admin, json!({ "description": "k" })).await;

    assert_eq!(app.admin.get("/auth/me").await.status, 200);
    assert_eq!(key.get("/auth/me").await.status, 200);
    for proof in [app.admin.token(), key.token()] {
        let lower = app.anonymous().header("authorization", &format!("bearer {proof}"));
        assert_eq!(lower.get("/auth/me").await.status, 200);
    }
    for bad in ["", "x", "Basic abc", "Bearer", "Bearer easel_00000000_00"] {
        let reply = app.anonymous().header("authorization", bad).get("/auth/me").await;
        assert_eq!(reply.status, 401, "{bad:?}");
    }
}

// DK-19
#[tokio::test]
async fn members_may_not_administer() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;

    for path in ["/users", "/system/status", "/system/about", "/audit"] {
        let reply = eve.get(path).await;
        assert_eq!((reply.status, reply.text("/error").as_str()), (403, "forbidden"), "{path}");
        assert_eq!(app.admin.get(path).await.status, 200, "{path}");
    }
}

// Sessions are listed per device and revocable.
#[tokio::test]
async fn a_device_can_be_signed_out_from_another() {
    let app = TestApp::new().await;
    let body =
        json!({ "email": "admin@example.org", "password": PASSWORD, "device": "lap\u{7}top" });
    let laptop = app.anonymous().post("/auth/login", body).await;
    let laptop = app.anonymous().bearer(laptop.text("/access_token"));
    let eve = app.member("Eve").await;
    let body = json!({ "email": "admin@example.org", "password": PASSWORD });
    let phone = app.anonymous().header("user-agent", "Phone/1.0");
    assert_eq!(phone.post("/auth/login", body).await.status, 200);

    let listed = app.admin.get("/auth/sessions").await;
    assert!(listed.raw.contains("Phone/1.0"), "{}", listed.raw);
    let one = listed.body["data"].as_array().expect("a list").iter();
    let one = one.clone().find(|one| one["device"] == "laptop").expect("it is listed");
    let path = format!("/auth/sessions/{}", one["id"].as_str().expect("an id"));

    assert_eq!(eve.delete(&path).await.status, 404, "another's session does not exist");
    assert_eq!(app.admin.delete(&path).await.status, 204);
    assert_eq!(laptop.get("/auth/me").await.status, 401);
    assert_eq!(app.admin.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn people_are_listed_in_pages_and_have_one_account_each() {
    let app = TestApp::new().await;
    app.member("Eve").await;

    let again = json!({ "email": "EVE@example.org", "name": "Eve", "password": PASSWORD });
    let again = app.admin.post("/users", again).await;
    let listed = app.admin.get("/users?limit=1").await;

    assert_eq!(again.status, 409);
    assert_eq!(listed.body["total_count"], 2);
    assert_eq!(listed.body["data"].as_array().map(Vec::len), Some(1));
}
