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
    let other = app.service(path.trim_start_matches("/projects/"), "other").await;
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
    let others = app.admin.get(&format!("{path}/services/{other}/env-vars")).await;
    let inherited = &others.body["data"][0];
    assert_eq!((&inherited["scope"], &inherited["inherited"]), (&json!("shared"), &json!(true)));
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
async fn a_key_is_visible_ascii_that_ends_nowhere_and_a_value_may_be_empty() {
    let (app, path, web) = shop().await;
    let group = group_of(&app, &path, &web).await;
    let scopes = ["".to_owned(), format!("/groups/{group}"), format!("/services/{web}")];
    let staged = format!("{path}/pending-services/{web}/env-vars");
    let path = format!("{path}/env-vars");

    for key in ["", "A/B", "A B", "Ä", "A=B", "A\u{0}"] {
        let all =
            scopes.iter().map(|scope| path.replace("/env-vars", &format!("{scope}/env-vars")));
        for at in all.chain([staged.clone()]) {
            let reply = app.admin.post(&at, json!({ "key": key, "value": "x" })).await;
            assert_eq!(reply.status, 422, "{key:?} at {at}");
            assert!(reply.body["errors"]["key"].is_array(), "{}", reply.raw);
        }
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
    let (app, path, web) = shop().await;
    let group = group_of(&app, &path, &web).await;
    let a = json!({ "key": "A", "value": "1" });

    // The same key in each: what is taken in one scope is free in the others.
    for scope in ["".to_owned(), format!("/groups/{group}"), format!("/services/{web}")] {
        let all = format!("{path}{scope}/env-vars");
        let one = format!("{all}/A");
        assert_eq!(app.admin.post(&all, a.clone()).await.status, 201, "{all}");
        assert_eq!(app.admin.post(&all, a.clone()).await.status, 409, "staged");
        apply(&app, &path).await;
        let taken = app.admin.post(&all, a.clone()).await;
        assert_eq!((taken.status, taken.text("/error").as_str()), (409, "conflict"), "applied");
        assert_eq!(app.admin.delete(&one).await.status, 200);
        assert_eq!(app.admin.patch(&one, json!({ "value": "2" })).await.status, 404, "staged end");
        assert_eq!(app.admin.post(&all, a.clone()).await.status, 201, "freed");
        assert_eq!(app.admin.delete(&format!("{all}/B")).await.status, 404);
    }
}

// DK-62: in each scope, staged, and nothing of it applied before the apply.
#[tokio::test]
async fn in_every_scope_a_variable_is_staged_changed_and_ended() {
    let (app, path, web) = shop().await;
    let group = group_of(&app, &path, &web).await;
    let other = app.project("Other").await;
    let revision =
        async || app.admin.get(&format!("{path}/revisions")).await.body["data"][0].clone();

    for scope in ["".to_owned(), format!("/groups/{group}"), format!("/services/{web}")] {
        let all = format!("{path}{scope}/env-vars");
        let one = format!("{all}/KEY");
        let before = revision().await;
        let reveal = async || app.admin.post(&format!("{one}/reveal"), json!({})).await;

        let created = app.admin.post(&all, json!({ "key": "KEY", "value": "1" })).await;
        assert_eq!((created.status, &created.body["change"]["old"]), (201, &Value::Null));
        assert_eq!(reveal().await.body["applied"], Value::Null, "only staged");
        apply(&app, &path).await;

        let changed = app.admin.patch(&one, json!({ "value": "2" })).await;
        assert_eq!(changed.status, 200, "{}", changed.raw);
        assert!(
            !changed.body["change"]["old"].is_null() && !changed.body["change"]["new"].is_null()
        );
        let shown = reveal().await;
        assert_eq!((shown.text("/applied"), shown.text("/staged")), ("1".into(), "2".into()));
        assert_eq!(app.admin.patch(&one, json!({})).await.status, 422, "a value is required");

        let ended = app.admin.delete(&one).await;
        assert_eq!((ended.status, &ended.body["change"]["new"]), (200, &Value::Null));
        assert_eq!(reveal().await.text("/applied"), "1");
        apply(&app, &path).await;
        assert_eq!(reveal().await.status, 404);
        assert_eq!(
            revision().await["number"].as_u64(),
            before["number"].as_u64().map(|number| number + 2),
            "one for each apply"
        );
    }

    let body = json!({ "key": "KEY", "value": "1" });
    for nowhere in [
        format!("{path}/groups/{web}/env-vars"),
        format!("{path}/services/{group}/env-vars"),
        format!("/projects/{other}/groups/{group}/env-vars"),
        format!("/projects/{other}/services/{web}/env-vars"),
    ] {
        assert_eq!(app.admin.get(&nowhere).await.status, 404, "{nowhere}");
        assert_eq!(app.admin.post(&nowhere, body.clone()).await.status, 404, "{nowhere}");
        let one = format!("{nowhere}/KEY");
        assert_eq!(app.admin.patch(&one, json!({ "value": "1" })).await.status, 404, "{one}");
        assert_eq!(app.admin.delete(&one).await.status, 404, "{one}");
    }
}

// DK-63
#[tokio::test]
async fn a_service_that_is_only_staged_takes_variables() {
    let (app, path, _) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api",
        "source": { "kind": "image", "image": "sim/app:1" },
        "variables": { "INLINE": { "value": "1" } } });
    let created =
        app.admin.post(&format!("{path}/pending-changes"), json!({ "edits": [edit] })).await;
    let id = created.text("/addresses/0").trim_start_matches("service/").to_owned();
    let body = json!({ "key": "A", "value": "b" });

    let staged =
        app.admin.post(&format!("{path}/pending-services/{id}/env-vars"), body.clone()).await;
    let at = format!("{path}/pending-services/{id}/env-vars");
    let twice = app.admin.post(&at, body.clone()).await;
    let inline = app.admin.post(&at, json!({ "key": "INLINE", "value": "2" })).await;
    let bad = app.admin.post(&at, json!({ "key": "not a key", "value": "2" })).await;
    let nobody =
        format!("{path}/pending-services/{}/env-vars", "00000000-0000-0000-0000-000000000000");
    let nobody = app.admin.post(&nobody, body).await;
    apply(&app, &path).await;

    assert_eq!((staged.status, twice.status, inline.status), (201, 409, 409));
    assert_eq!((bad.status, nobody.status), (422, 404));
    let seen = app.admin.post(&format!("{path}/services/{id}/env-vars/A/reveal"), json!({})).await;
    assert_eq!(seen.text("/applied"), "b");
}

// DK-64, DK-65, DK-66, DK-72
#[tokio::test]
async fn references_are_filled_in_and_follow_a_rename() {
    let (app, path, web) = shop().await;
    let db = app.service(path.trim_start_matches("/projects/"), "db").await;
    let own = format!("{path}/services/{web}/env-vars");
    let body = json!({ "key": "URL", "value": "tcp://${{ db.HOST }}/$${{x}}" });
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

    // The undo of a row takes all that was staged for its key, and nothing else.
    let again = app.admin.patch(&format!("{all}/A"), json!({ "value": "3" })).await;
    let row = again.text("/change/id");
    let undone = app.admin.delete(&format!("{path}/pending-changes/{row}")).await;
    let listed = app.admin.get(&all).await;
    assert_eq!(undone.body["edits"].as_array().map(Vec::len), Some(2), "{}", undone.raw);
    assert_eq!(
        (&listed.body["data"][0]["key"], &listed.body["data"][0]["staged"]),
        (&json!("A"), &json!(null))
    );
    assert_eq!(listed.body["data"][1]["staged"], "delete");
}

// S51: a key that may stage and not see values learns none by staging a guess.
#[tokio::test]
async fn a_guess_is_not_answered_to_a_key_that_sees_no_values() {
    let (app, path, web) = shop().await;
    let own = format!("{path}/services/{web}/env-vars");
    app.admin.post(&own, json!({ "key": "A", "value": "hunter2" })).await;
    apply(&app, &path).await;
    let scopes = json!({ "description": "robot", "scopes": ["read", "stage"] });
    let robot = app.key(&app.admin, scopes).await;

    let mut answers = Vec::new();
    for guess in ["hunter1", "hunter2"] {
        let staged = robot.patch(&format!("{own}/A"), json!({ "value": guess })).await;
        assert_eq!(staged.status, 200, "{}", staged.raw);
        let listed = robot.get(&format!("{path}/pending-changes")).await;
        let variables = robot.get(&own).await;
        answers.push((
            staged.body["change"].is_null(),
            listed.body["data"][0]["effect"].clone(),
            listed.body["consequences"].clone(),
            variables.body["data"][0]["staged"].clone(),
        ));
        robot.delete(&format!("{path}/pending-changes")).await;
    }
    assert_eq!(robot.post(&format!("{own}/A/reveal"), json!({})).await.status, 403);

    assert_eq!(answers[0], answers[1]);
    let mine = app.admin.patch(&format!("{own}/A"), json!({ "value": "hunter2" })).await;
    assert_eq!(mine.body["change"], Value::Null, "who may see it is told that it is the same");
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
