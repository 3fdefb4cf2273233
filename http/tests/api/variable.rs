//! Variables.

use crate::app::TestApp;
use serde_json::{Value, json};

async fn shop() -> (TestApp, String, String) {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    (app, format!("/projects/{project}"), web)
}

async fn apply(app: &TestApp, path: &str) -> Value {
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    let body = json!({ "up_to": listed.body["up_to"] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;
    assert_eq!(applied.status, 200, "{}", applied.raw);
    applied.body
}

async fn group_of(app: &TestApp, path: &str, service: &str) -> String {
    let body = json!({ "name": "Back", "services": [service] });
    let group = app.admin.post(&format!("{path}/groups"), body).await;
    apply(app, path).await;
    group.text("/addresses/0").trim_start_matches("group/").to_owned()
}

// DK-59, DK-62, DK-67, DK-71
#[tokio::test]
async fn variables_live_in_three_scopes_and_the_later_wins() {
    let (app, path, web) = shop().await;
    app.service(path.trim_start_matches("/projects/"), "other").await;
    let group = group_of(&app, &path, &web).await;
    let scopes = [path.clone(), format!("{path}/groups/{group}"), format!("{path}/services/{web}")];
    for (at, value) in scopes.iter().zip(["shared", "group", "own"]) {
        let body = json!({ "key": "WHO", "value": value });
        let staged = app.admin.post(&format!("{at}/env-vars"), body).await;
        assert_eq!(staged.status, 201, "{}", staged.raw);
    }
    apply(&app, &path).await;

    let resolved = |at: String| {
        let app = &app;
        async move {
            let reply = app.admin.post(&format!("{at}/env-vars/WHO/reveal"), json!({})).await;
            reply.text("/resolved")
        }
    };
    assert_eq!(resolved(scopes[0].clone()).await, "shared");
    assert_eq!(resolved(scopes[2].clone()).await, "own");
    let listed = app.admin.get(&format!("{}/env-vars", scopes[2])).await;
    assert_eq!(listed.body["data"][0]["scope"], "service");
    app.admin.delete(&format!("{}/env-vars/WHO", scopes[2])).await;
    let applied = apply(&app, &path).await;
    assert_eq!(applied["deployments"].as_array().map(Vec::len), Some(1), "the other is left alone");
    let listed = app.admin.get(&format!("{}/env-vars", scopes[2])).await;
    let inherited = &listed.body["data"][0];
    assert_eq!((&inherited["scope"], &inherited["inherited"]), (&json!("group"), &json!(true)));
    let other = json!({ "value": "changed" });
    let updated = app.admin.patch(&format!("{}/env-vars/WHO", scopes[1]), other).await;
    assert_eq!(updated.status, 200);
}

// DK-60
#[tokio::test]
async fn a_key_is_a_letter_then_letters_digits_and_underscores_and_a_value_may_be_empty() {
    let (app, path, _) = shop().await;
    let path = format!("{path}/env-vars");

    for key in ["", "1A", "A-B", "A B", "Ä", "A=B", "A\u{0}"] {
        let reply = app.admin.post(&path, json!({ "key": key, "value": "x" })).await;
        assert_eq!(reply.status, 422, "{key:?}");
        assert!(reply.body["errors"]["key"].is_array(), "{}", reply.raw);
    }
    let empty = app.admin.post(&path, json!({ "key": "_a1", "value": "" })).await;
    assert_eq!(empty.status, 201);
    let nul = app.admin.post(&path, json!({ "key": "N", "value": "a\u{0}b" })).await;
    let long = app.admin.post(&path, json!({ "key": "L", "value": "x".repeat(70_000) })).await;
    assert_eq!((nul.status, long.status), (422, 422));
}

// DK-61
#[tokio::test]
async fn a_key_is_taken_once_in_its_scope_counting_what_is_staged() {
    let (app, path, _) = shop().await;
    let all = format!("{path}/env-vars");
    let one = format!("{all}/A");
    let a = json!({ "key": "A", "value": "1" });

    assert_eq!(app.admin.post(&all, a.clone()).await.status, 201);
    assert_eq!(app.admin.post(&all, a.clone()).await.status, 409, "staged");
    apply(&app, &path).await;
    assert_eq!(app.admin.post(&all, a.clone()).await.status, 409, "applied");
    assert_eq!(app.admin.delete(&one).await.status, 200);
    assert_eq!(app.admin.patch(&one, json!({ "value": "2" })).await.status, 404, "staged end");
    assert_eq!(app.admin.post(&all, a).await.status, 201, "freed");
    assert_eq!(app.admin.delete(&format!("{all}/B")).await.status, 404);
}

// DK-63
#[tokio::test]
async fn a_service_that_is_only_staged_takes_variables() {
    let (app, path, _) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api",
        "source": { "kind": "image", "image": "sim/app:1" } });
    let created =
        app.admin.post(&format!("{path}/pending-changes"), json!({ "edits": [edit] })).await;
    let id = created.text("/addresses/0").trim_start_matches("service/").to_owned();
    let body = json!({ "key": "A", "value": "b" });

    let staged =
        app.admin.post(&format!("{path}/pending-services/{id}/env-vars"), body.clone()).await;
    let twice = app.admin.post(&format!("{path}/pending-services/{id}/env-vars"), body).await;
    apply(&app, &path).await;

    assert_eq!((staged.status, twice.status), (201, 409));
    let seen = app.admin.post(&format!("{path}/services/{id}/env-vars/A/reveal"), json!({})).await;
    assert_eq!(seen.text("/applied"), "b");
}

// DK-64, DK-65, DK-66, DK-72
#[tokio::test]
async fn references_are_filled_in_and_follow_a_rename() {
    let (app, path, web) = shop().await;
    let db = app.service(path.trim_start_matches("/projects/"), "db").await;
    let own = format!("{path}/services/{web}/env-vars");
    let body = json!({ "key": "URL", "value": "tcp://${{db.HOST}}/$${{x}}" });
    app.admin.post(&own, body).await;
    app.admin.patch(&format!("{path}/services/{db}"), json!({ "name": "database" })).await;
    apply(&app, &path).await;

    let seen = app.admin.post(&format!("{own}/URL/reveal"), json!({})).await;
    let unknown = json!({ "key": "BAD", "value": "${{ghost.HOST}}" });
    let unknown = app.admin.post(&own, unknown).await;
    let kept = app.admin.post(&format!("{own}/BAD/reveal"), json!({})).await;

    assert_eq!(seen.text("/resolved"), "tcp://db/${{x}}");
    assert_eq!(seen.text("/applied"), "tcp://${{database.HOST}}/$${{x}}");
    assert_eq!(unknown.body["warnings"][0]["problem"], "unknown_reference");
    assert_eq!(kept.text("/staged"), "${{ghost.HOST}}");
}

// DK-69, S51: a value leaves by one door only.
#[tokio::test]
async fn no_answer_but_a_reveal_holds_a_value() {
    let (app, path, web) = shop().await;
    let own = format!("{path}/services/{web}/env-vars");
    let staged = app.admin.post(&own, json!({ "key": "A", "value": "hunter2" })).await;
    let pending = app.admin.get(&format!("{path}/pending-changes")).await;
    apply(&app, &path).await;
    app.admin.patch(&format!("{own}/A"), json!({ "value": "hunter22" })).await;

    let mut answers = vec![staged.raw, pending.raw];
    for at in [
        own.clone(),
        format!("{path}/pending-changes"),
        format!("{path}/canvas"),
        format!("{path}/services/{web}"),
        format!("{path}/services/{web}/deployments"),
        format!("{path}/revisions/2"),
        format!("{path}/audit"),
    ] {
        let reply = app.admin.get(&at).await;
        assert_eq!(reply.status, 200, "{at}");
        answers.push(reply.raw);
    }
    let deployments = app.admin.get(&format!("{path}/services/{web}/deployments")).await;
    let one = deployments.text("/data/0/id");
    let one = app.admin.get(&format!("{path}/services/{web}/deployments/{one}")).await;
    assert_eq!(one.body["env_keys"].as_array().expect("keys")[0], "A");
    answers.push(one.raw);

    assert!(answers.iter().all(|answer| !answer.contains("hunter2")));
    let shown = app.admin.post(&format!("{own}/A/reveal"), json!({})).await;
    assert_eq!(
        (shown.text("/applied"), shown.text("/staged")),
        ("hunter2".into(), "hunter22".into())
    );
    let audit = app.admin.get(&format!("{path}/audit?limit=1")).await;
    assert_eq!(audit.text("/data/0/action"), "changes.reveal");
}

// DK-180, S51
#[tokio::test]
async fn a_sealed_value_is_shown_to_nobody() {
    let (app, path, _) = shop().await;
    let body = json!({ "key": "A", "value": "hunter2", "sealed": true });
    app.admin.post(&format!("{path}/env-vars"), body).await;

    let shown = app.admin.post(&format!("{path}/env-vars/A/reveal"), json!({})).await;
    let by_address = json!({ "address": "variables/A" });
    let by_address = app.admin.post(&format!("{path}/reveal"), by_address).await;

    assert_eq!((shown.status, by_address.status), (403, 403));
    assert!(!shown.raw.contains("hunter2"));
}

// DK-70
#[tokio::test]
async fn a_list_says_what_is_staged_for_each() {
    let (app, path, _) = shop().await;
    let all = format!("{path}/env-vars");
    for key in ["A", "B"] {
        app.admin.post(&all, json!({ "key": key, "value": "1" })).await;
    }
    apply(&app, &path).await;
    app.admin.patch(&format!("{all}/A"), json!({ "value": "2" })).await;
    app.admin.delete(&format!("{all}/B")).await;
    app.admin.post(&all, json!({ "key": "C", "value": "1" })).await;

    let listed = app.admin.get(&all).await;

    let staged: Vec<_> = (listed.body["data"].as_array().expect("a list").iter())
        .map(|one| (one["key"].clone(), one["staged"].clone()))
        .collect();
    let expected = [("A", "update"), ("B", "delete"), ("C", "create")];
    assert_eq!(staged, expected.map(|(key, staged)| (json!(key), json!(staged))));
}

// Any Unicode is kept exactly.
#[tokio::test]
async fn a_value_comes_back_as_it_was() {
    let (app, path, _) = shop().await;
    let value = "é\r\n\t\u{202e}\u{1f600} \\ \"quoted\" $$ ${HOME} \u{7f}";
    app.admin.post(&format!("{path}/env-vars"), json!({ "key": "A", "value": value })).await;

    let shown = app.admin.post(&format!("{path}/env-vars/A/reveal"), json!({})).await;

    assert_eq!(shown.text("/staged"), value);
}
