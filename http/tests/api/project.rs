//! Projects, pages, members.

use crate::{app::TestApp, client::Client};
use serde_json::json;

// DK-28
#[tokio::test]
async fn a_project_has_a_slug_of_its_name_and_six_hex_digits() {
    let app = TestApp::new().await;

    let one = app.admin.post("/projects", json!({ "name": "  My Shop!  " })).await;
    let two = app.admin.post("/projects", json!({ "name": "My Shop!" })).await;

    assert_eq!(one.status, 201);
    assert_eq!(one.body["name"], "My Shop!");
    let slug = one.text("/slug");
    let suffix = slug.strip_prefix("my-shop-").expect("the name's slug").to_owned();
    assert!(suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit()), "{slug}");
    assert_ne!(one.text("/slug"), two.text("/slug"));
    for (name, slug) in [("日本", "project"), (&"x".repeat(100), &"x".repeat(40))] {
        let made = app.admin.post("/projects", json!({ "name": name })).await;
        let (head, tail) =
            made.body["slug"].as_str().and_then(|slug| slug.rsplit_once('-')).expect("two parts");
        assert_eq!((head, tail.len()), (slug, 6), "{name}");
    }
    for unfit in [json!({}), json!({ "name": " " }), json!({ "name": "a\u{7}" })] {
        let refused = app.admin.post("/projects", unfit).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body["errors"]["name"].is_array(), "{}", refused.raw);
    }
    let path = format!("/projects/{}", one.text("/id"));
    assert_eq!(app.admin.patch(&path, json!({ "slug": "mine" })).await.status, 422);
    let environments = format!("/projects/{}/environments", one.text("/id"));
    let environments = app.admin.get(&environments).await;
    assert_eq!(environments.body["data"][0]["slug"], "production");
}

// DK-29, DK-158
#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let app = TestApp::new().await;
    for number in 0..25 {
        app.project(&format!("Project {number}")).await;
    }

    let first = app.admin.get("/projects").await;
    let named = app.admin.get("/projects?name=project%201&limit=100").await;
    let last = app.admin.get("/projects?offset=24&limit=10").await;

    assert_eq!(first.body["data"].as_array().map(Vec::len), Some(20));
    assert_eq!((&first.body["total_count"], &first.body["limit"]), (&json!(25), &json!(20)));
    assert_eq!(first.body["data"][0]["name"], "Project 24");
    assert_eq!(named.body["total_count"], 11);
    assert_eq!(named.body["limit"], 100);
    assert_eq!(last.body["data"][0]["name"], "Project 0");
}

// DK-158, S66
#[tokio::test]
async fn a_page_that_cannot_be_is_refused_in_words() {
    let app = TestApp::new().await;

    for (query, message) in [
        ("limit=x", "limit must be a whole number from 1 to 100"),
        ("limit=0", "limit must be a whole number from 1 to 100"),
        ("limit=101", "limit must be a whole number from 1 to 100"),
        ("limit=1e9", "limit must be a whole number from 1 to 100"),
        ("limit=", "limit must be a whole number from 1 to 100"),
        ("offset=-1", "offset must be a whole number, 0 or more"),
        ("offset=1.5", "offset must be a whole number, 0 or more"),
        (
            "offset=9223372036854775808",
            "offset must be a whole number from 0 to 9223372036854775807",
        ),
        (
            "offset=99999999999999999999",
            "offset must be a whole number from 0 to 9223372036854775807",
        ),
    ] {
        let reply = app.admin.get(&format!("/projects?{query}")).await;
        assert_eq!((reply.status, reply.text("/error").as_str()), (400, "invalid"), "{query}");
        assert_eq!(reply.text("/message"), message, "{query}");
        assert!(reply.body["errors"][&query[..query.find('=').unwrap_or(0)]].is_array());
    }
    let far = app.admin.get("/projects?offset=9223372036854775807").await;
    assert_eq!(far.status, 200);
}

// DK-30
#[tokio::test]
async fn a_project_is_found_by_its_id_or_not_at_all() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;

    assert_eq!(app.admin.get(&format!("/projects/{id}")).await.body["name"], "Shop");
    for wrong in ["00000000-0000-0000-0000-000000000000", "x", "%2e%2e", "Shop"] {
        let reply = app.admin.get(&format!("/projects/{wrong}")).await;
        assert_eq!((reply.status, reply.text("/error").as_str()), (404, "not_found"), "{wrong}");
    }
}

// A project's slug never changes, so it may stand in an address too.
#[tokio::test]
async fn a_project_is_also_found_by_its_slug_by_whom_may_know_of_it() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    app.service(&id, "web").await;
    let slug = app.admin.get(&format!("/projects/{id}")).await.text("/slug");
    let eve = app.member("Eve").await;
    let path = format!("/projects/{slug}/services");

    assert_eq!(app.admin.get(&path).await.body["total_count"], 1);
    let hidden = eve.get(&path).await;
    app.add(&id, "eve@example.org", "viewer").await;

    assert_eq!((hidden.status, hidden.text("/error").as_str()), (404, "not_found"));
    assert_eq!(eve.get(&path).await.status, 200);
}

// DK-31
#[tokio::test]
async fn another_name_is_staged_and_the_slug_stays() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    let path = format!("/projects/{id}");
    let before = app.admin.get(&path).await;

    let staged = app.admin.patch(&path, json!({ "name": "Store" })).await;
    let meanwhile = app.admin.get(&path).await;
    let change = staged.text("/change/id");
    let applied = app.admin.post(&format!("{path}/deploy"), json!({ "changes": [change] })).await;
    let after = app.admin.get(&path).await;

    assert_eq!(staged.status, 200);
    assert_eq!(meanwhile.body["name"], "Shop");
    assert_eq!(applied.body["applied_count"], 1);
    assert_eq!(after.body["name"], "Store");
    assert_eq!(after.body["slug"], before.body["slug"]);
}

// DK-32
#[tokio::test]
async fn a_deleted_project_is_gone_and_the_reconciler_told() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    let other = app.project("Other").await;
    app.service(&other, "web").await;
    app.service(&id, "web").await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let deleted = app.admin.delete(&format!("/projects/{id}")).await;

    assert_eq!(deleted.status, 204);
    for path in ["", "/services", "/pending-changes", "/canvas"] {
        assert_eq!(app.admin.get(&format!("/projects/{id}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(app.admin.get("/projects").await.body["total_count"], 1);
    let kept = app.admin.get(&format!("/projects/{other}/services")).await;
    assert_eq!(kept.body["total_count"], 1);
    assert_eq!(*app.recorder.triggered.lock().expect("no panic"), [None]);
}

#[tokio::test]
async fn a_retry_with_the_same_key_makes_one_project() {
    let app = TestApp::new().await;
    let client = app.admin.header("idempotency-key", "once");

    let one = client.post("/projects", json!({ "name": "Shop" })).await;
    let two = client.post("/projects", json!({ "name": "Shop" })).await;

    assert_eq!(one.text("/id"), two.text("/id"));
    assert_eq!(app.admin.get("/projects").await.body["total_count"], 1);
    let bad =
        app.admin.header("idempotency-key", "a b").post("/projects", json!({ "name": "x" })).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn owners_say_who_belongs_and_the_last_one_stays() {
    let app = TestApp::new().await;
    let id = app.project("Shop").await;
    let eve = app.member("Eve").await;
    let path = format!("/projects/{id}");
    let members = format!("{path}/members");
    assert_eq!(eve.get(&path).await.status, 404);

    app.add(&id, "eve@example.org", "viewer").await;
    let listed = eve.get(&members).await;
    let user = listed.body["data"].as_array().expect("a list");
    let user = user.iter().find(|one| one["role"] == "viewer").expect("she is listed").clone();
    let one = format!("{members}/{}", user["user"]["id"].as_str().expect("an id"));

    assert_eq!(eve.patch(&path, json!({ "name": "Mine" })).await.status, 403);
    assert_eq!(app.admin.put(&one, json!({ "role": "editor" })).await.status, 204);
    assert_eq!(eve.patch(&path, json!({ "name": "Mine" })).await.status, 200);
    assert_eq!(eve.put(&one, json!({ "role": "owner" })).await.status, 403);
    assert_eq!(app.admin.delete(&one).await.status, 204);
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(app.admin.delete(&one).await.status, 404, "she is no member any more");
    let stranger = json!({ "email": "nobody@example.org", "role": "viewer" });
    assert_eq!(app.admin.post(&members, stranger).await.status, 422);
    let me = app.admin.get("/auth/me").await.text("/id");
    let last = app.admin.delete(&format!("{members}/{me}")).await;
    assert_eq!(last.status, 409, "{}", last.raw);
}

// S11
#[tokio::test]
async fn a_key_bound_to_a_project_knows_no_other() {
    let app = TestApp::new().await;
    let (one, two) = (app.project("One").await, app.project("Two").await);
    let key = app.key(&app.admin, json!({ "description": "one", "project": one })).await;

    assert_eq!(key.get(&format!("/projects/{one}")).await.status, 200);
    assert_eq!(key.get(&format!("/projects/{two}")).await.status, 404);
    let listed = key.get("/projects").await;
    assert_eq!(
        (&listed.body["total_count"], &listed.body["data"][0]["id"]),
        (&json!(1), &json!(one))
    );
    assert_eq!(key.post("/projects", json!({ "name": "Three" })).await.status, 403);
    let eve = app.member("Eve").await;
    let foreign = eve.post("/api-keys", json!({ "description": "x", "project": one })).await;
    assert_eq!(foreign.status, 404);
}

// S03: an owner learns of nobody whether they have an account, unless they work together already.
#[tokio::test]
async fn adding_a_stranger_tells_not_whether_they_have_an_account() {
    let app = TestApp::new().await;
    let eve = app.member("Eve").await;
    app.member("Bob").await;
    let own = eve.post("/projects", json!({ "name": "Own" })).await.text("/id");
    let add = async |who: &Client, email: &str| {
        let body = json!({ "email": email, "role": "viewer" });
        who.post(&format!("/projects/{own}/members"), body).await
    };

    let (known, unknown) = (add(&eve, "bob@example.org").await, add(&eve, "no@example.org").await);
    assert_eq!((known.status, &known.raw), (422, &unknown.raw));
    assert_eq!(unknown.status, 422);

    let shared = app.project("Shared").await;
    app.add(&shared, "eve@example.org", "viewer").await;
    app.add(&shared, "bob@example.org", "viewer").await;
    assert_eq!(add(&eve, "bob@example.org").await.status, 201, "they work together");
    let own_path = format!("/projects/{own}/members");
    let by_admin = json!({ "email": "no@example.org", "role": "viewer" });
    let told = app.admin.post(&own_path, by_admin).await;
    assert_eq!(told.status, 422);
    assert_ne!(told.raw, unknown.raw, "admins see the list of people anyway");
}
