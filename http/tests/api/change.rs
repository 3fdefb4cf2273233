//! Staged changes.

use crate::{app::TestApp, client::Reply};
use serde_json::json;

pub(crate) async fn shop() -> (TestApp, String, String) {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    (app, format!("/projects/{project}"), web)
}

pub(crate) async fn replicas(app: &TestApp, path: &str, service: &str, count: u16) -> Reply {
    app.admin.patch(&format!("{path}/services/{service}"), json!({ "replicas": count })).await
}

pub(crate) async fn deploy_all(app: &TestApp, path: &str) -> Reply {
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    let body = json!({ "up_to": listed.body["up_to"] });
    app.admin.post(&format!("{path}/deploy"), body).await
}

// DK-73, DK-74, DK-86
#[tokio::test]
async fn edits_are_numbered_and_shown_as_changes() {
    let (app, path, web) = shop().await;

    replicas(&app, &path, &web, 2).await;
    replicas(&app, &path, &web, 3).await;
    app.admin.patch(&path, json!({ "name": "Store" })).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;

    assert_eq!(listed.status, 200, "{}", listed.raw);
    assert_eq!((&listed.body["total_count"], &listed.body["raw_count"]), (&json!(2), &json!(3)));
    let first = &listed.body["data"][0];
    assert_eq!(
        (&first["old"], &first["new"]),
        (&json!({ "replicas": 1 }), &json!({ "replicas": 3 }))
    );
    assert_eq!((&first["effect"], &first["title"]), (&json!("scale"), &json!("web's replicas")));
    let author = first["contributors"][0]["author"].as_str().expect("an author");
    assert_eq!(listed.body["people"][author], "Ada");
    assert!(first["contributors"][0]["at"].is_string(), "and when: {first}");
    assert_eq!(listed.body["data"][1]["address"], "project/name", "in order");
    assert!(listed.body["data"][1]["seq"].as_u64() > first["seq"].as_u64());
    assert_eq!(listed.body["up_to"], listed.body["data"][1]["seq"]);
}

// DK-86: what comes to nothing is not shown; away and there again is one edit.
#[tokio::test]
async fn variables_are_shown_from_before_to_after() {
    let (app, path, web) = shop().await;
    let own = format!("{path}/services/{web}/env-vars");
    let set = async |key: &str, value: &str| {
        app.admin.post(&own, json!({ "key": key, "value": value })).await
    };
    set("A", "hunter1").await;
    deploy_all(&app, &path).await;

    app.admin.delete(&format!("{own}/A")).await;
    set("A", "hunter2").await;
    set("B", "hunter3").await;
    app.admin.delete(&format!("{own}/B")).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;

    assert_eq!((&listed.body["total_count"], &listed.body["raw_count"]), (&json!(1), &json!(4)));
    let only = &listed.body["data"][0];
    assert_eq!((&only["title"], &only["effect"]), (&json!("web.A"), &json!("redeploy")));
    assert!(only["old"]["variable"].is_object() && only["new"]["variable"].is_object(), "{only}");
    assert!(!listed.raw.contains("hunter"), "{}", listed.raw);
}

// DK-79, DK-81, DK-82
#[tokio::test]
async fn an_apply_says_what_came_of_it_and_wakes_the_reconciler() {
    let (app, path, web) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api",
        "source": { "kind": "image", "image": "sim/app:1" } });
    app.admin.post(&format!("{path}/pending-changes"), json!({ "edits": [edit] })).await;
    app.admin.patch(&format!("{path}/services/{web}"), json!({ "image": "sim/app:2" })).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let body = json!({ "up_to": listed.body["up_to"], "message": "two at once" });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!(applied.status, 200, "{}", applied.raw);
    assert_eq!(applied.body["applied_count"], 2);
    assert_eq!(applied.body["created"].as_array().map(Vec::len), Some(1));
    assert_eq!(applied.body["deployments"].as_array().map(Vec::len), Some(2));
    let triggered = app.recorder.triggered.lock().expect("no panic").clone();
    assert!(triggered.iter().flatten().any(|key| key.service.to_string() == web), "{triggered:?}");
    let left = app.admin.get(&format!("{path}/pending-changes")).await;
    assert_eq!(left.body["raw_count"], 0);
    let history = app.admin.get(&format!("{path}/revisions")).await;
    assert_eq!(history.body["data"][0]["message"], "two at once");
    let number = &history.body["data"][0]["number"];
    let one = app.admin.get(&format!("{path}/revisions/{number}")).await;
    assert_eq!(one.body["data"].as_array().map(Vec::len), Some(2), "{}", one.raw);
}

// DK-83
#[tokio::test]
async fn an_empty_apply_succeeds_and_makes_no_revision() {
    let (app, path, _) = shop().await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let applied = app.admin.post(&format!("{path}/deploy"), json!({ "changes": [] })).await;

    assert_eq!(applied.status, 200);
    assert!(
        app.recorder.triggered.lock().expect("no panic").is_empty(),
        "nobody is woken for nothing"
    );
    assert_eq!(
        (&applied.body["applied_count"], &applied.body["revision"]),
        (&json!(0), &json!(null))
    );
}

// An apply names what it applies: never whatever is there by now.
#[tokio::test]
async fn an_apply_must_say_what_was_seen() {
    let (app, path, _) = shop().await;

    for body in [json!({}), json!({ "changes": [], "up_to": 1 }), json!({ "message": "x" })] {
        let reply = app.admin.post(&format!("{path}/deploy"), body).await;
        assert_eq!(reply.status, 422, "{}", reply.raw);
    }
    let bare = app.admin.call("POST", &format!("/api{path}/deploy"), None, "".into()).await;
    assert_eq!(bare.status, 422);
}

// DK-89
#[tokio::test]
async fn applying_an_overtaken_change_conflicts_with_both_values() {
    let (app, path, web) = shop().await;
    let staged = replicas(&app, &path, &web, 3).await;
    let body = json!({ "image": "sim/app:1", "replicas": 2 });
    app.admin.post(&format!("{path}/services/{web}/deployments"), body).await;

    let body = json!({ "changes": [staged.text("/change/id")] });
    let refused = app.admin.post(&format!("{path}/deploy"), body.clone()).await;
    let one = format!("{path}/pending-changes/{}", staged.text("/change/id"));
    let settled = app.admin.post(&format!("{one}/settle"), json!({ "keep": "mine" })).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    let body = json!({ "up_to": listed.body["up_to"] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!((refused.status, refused.text("/error").as_str()), (409, "conflict"));
    let conflict = &refused.body["conflicts"][0];
    assert_eq!(conflict["mine"], json!({ "replicas": 3 }));
    assert_eq!(conflict["theirs"], json!({ "replicas": 2 }));
    assert!(refused.text("/message").contains("web's replicas"), "{}", refused.raw);
    assert_eq!(conflict["title"], "web's replicas");
    assert_eq!(settled.status, 204, "{}", settled.raw);
    assert_eq!(applied.body["applied_count"], 1, "{}", applied.raw);
}

// A conflict about a variable shows no value.
#[tokio::test]
async fn a_conflict_gives_no_value_away() {
    let (app, path, web) = shop().await;
    let secret = json!({ "key": "A", "value": "mine-hunter2" });
    let staged = app.admin.post(&format!("{path}/services/{web}/env-vars"), secret).await;
    let body = json!({ "image": "sim/app:1", "env_vars": { "A": "theirs-hunter2" } });
    app.admin.post(&format!("{path}/services/{web}/deployments"), body).await;

    let body = json!({ "changes": [staged.text("/change/id")] });
    let refused = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!(refused.status, 409, "{}", refused.raw);
    assert_eq!(refused.body["conflicts"].as_array().map(Vec::len), Some(1));
    assert!(!refused.raw.contains("hunter2"), "{}", refused.raw);
}

#[tokio::test]
async fn a_change_is_applied_with_what_it_needs_or_not_at_all() {
    let (app, path, web) = shop().await;
    let group = app.admin.post(&format!("{path}/groups"), json!({ "name": "Back" })).await;
    let id = group.text("/addresses/0").trim_start_matches("group/").to_owned();
    let joined =
        app.admin.patch(&format!("{path}/services/{web}"), json!({ "group_id": id })).await;
    let chosen = json!({ "changes": [joined.text("/change/id")] });

    let refused = app.admin.post(&format!("{path}/deploy"), chosen.clone()).await;
    let preview = app.admin.post(&format!("{path}/pending-changes/preview"), chosen).await;
    let whole = json!({ "changes": refused.body["closure"] });
    let applied = app.admin.post(&format!("{path}/deploy"), whole).await;

    assert_eq!((refused.status, refused.text("/error").as_str()), (409, "incomplete"));
    assert_eq!(refused.body["missing"], json!([group.text("/change/id")]));
    assert_eq!(preview.body["closure"], refused.body["closure"]);
    assert_eq!(preview.body["missing"], refused.body["missing"]);
    assert_eq!(applied.body["applied_count"], 2, "{}", applied.raw);
}

// DK-65, DK-79: failure leaves state and log untouched.
#[tokio::test]
async fn what_is_not_sound_is_not_applied() {
    let (app, path, web) = shop().await;
    let value = json!({ "key": "URL", "value": "${{ghost.HOST}}" });
    let staged = app.admin.post(&format!("{path}/services/{web}/env-vars"), value).await;

    let canvas = app.admin.get(&format!("{path}/canvas")).await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let body = json!({ "changes": [staged.text("/change/id")] });
    let refused = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!(app.admin.get(&format!("{path}/canvas")).await.body, canvas.body);
    assert!(app.recorder.triggered.lock().expect("no panic").is_empty());
    assert_eq!(staged.body["warnings"].as_array().map(Vec::len), Some(1), "{}", staged.raw);
    assert_eq!((refused.status, refused.text("/error").as_str()), (409, "blocked"));
    assert_eq!(refused.body["problems"][0]["problem"], "unknown_reference");
    let left = app.admin.get(&format!("{path}/pending-changes")).await;
    assert_eq!(left.body["raw_count"], 1);
    assert_eq!(left.body["problems"].as_array().map(Vec::len), Some(1));
}

// DK-75, DK-76, DK-77
#[tokio::test]
async fn changes_are_discarded_with_what_depends_on_them_and_can_be_brought_back() {
    let (app, path, web) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api" });
    let body = json!({ "edits": [edit] });
    let created = app.admin.post(&format!("{path}/pending-changes"), body).await;
    let id = created.text("/addresses/0").trim_start_matches("service/").to_owned();
    let value = json!({ "key": "A", "value": "b" });
    app.admin.post(&format!("{path}/pending-services/{id}/env-vars"), value).await;
    replicas(&app, &path, &web, 2).await;

    let one = created.text("/change/id");
    let body = json!({ "changes": [one], "seen": [one] });
    let refused = app.admin.post(&format!("{path}/pending-changes/discard"), body).await;
    let gone = app.admin.delete(&format!("{path}/pending-changes/{one}")).await;
    let left = app.admin.get(&format!("{path}/pending-changes")).await;
    let edits = json!({ "edits": gone.body["edits"] });
    let back = app.admin.post(&format!("{path}/pending-changes/restore"), edits).await;
    let again = app.admin.get(&format!("{path}/pending-changes")).await;
    let all = app.admin.delete(&format!("{path}/pending-changes")).await;
    let none = app.admin.get(&format!("{path}/pending-changes")).await;

    assert_eq!((refused.status, refused.text("/error").as_str()), (409, "incomplete"));
    assert_eq!(gone.body["edits"].as_array().map(Vec::len), Some(2), "{}", gone.raw);
    assert_eq!(left.body["total_count"], 1);
    assert_eq!(back.status, 200, "{}", back.raw);
    assert_eq!(again.body["total_count"], 3);
    assert_eq!((all.status, &none.body["raw_count"]), (200, &json!(0)));
    let unknown = format!("{path}/pending-changes/00000000-0000-0000-0000-000000000000");
    for reply in [
        app.admin.delete(&unknown).await,
        app.admin.post(&format!("{unknown}/settle"), json!({ "keep": "mine" })).await,
        app.admin.post(&format!("{unknown}/settle"), json!({ "keep": "theirs" })).await,
    ] {
        assert_eq!((reply.status, reply.text("/error").as_str()), (409, "not_now"));
    }
    let twice = json!({ "edits": gone.body["edits"] });
    let restore = format!("{path}/pending-changes/restore");
    assert_eq!(app.admin.post(&restore, twice.clone()).await.status, 200, "discarded again");
    let again = app.admin.post(&restore, twice).await;
    assert_eq!((again.status, again.text("/error").as_str()), (404, "not_found"), "{}", again.raw);
}

// DK-77: whoever deletes a service that is only staged sees nothing of it any more, and gets all
// of it back who takes that back.
#[tokio::test]
async fn a_staged_service_goes_with_all_its_edits_and_comes_back_with_them() {
    let (app, path, _) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api",
        "variables": { "A": { "value": "1" } } });
    let body = json!({ "edits": [edit] });
    let created = app.admin.post(&format!("{path}/pending-changes"), body).await;
    let id = created.text("/addresses/0").trim_start_matches("service/").to_owned();
    app.admin
        .post(&format!("{path}/services/{id}/env-vars"), json!({ "key": "B", "value": "2" }))
        .await;
    let waiting =
        async || app.admin.get(&format!("{path}/pending-changes")).await.body["data"].clone();
    let before = waiting().await;

    let ended = app.admin.delete(&format!("{path}/services/{id}")).await;
    let nothing = waiting().await;
    let gone = app.admin.get(&format!("{path}/services/{id}")).await;
    let back = json!({ "changes": ended.body["edits"] });
    let back = app.admin.post(&format!("{path}/pending-changes/discard"), back).await;

    assert_eq!((ended.status, &nothing, gone.status), (200, &json!([]), 404), "{}", ended.raw);
    assert_eq!(back.status, 200, "{}", back.raw);
    assert_eq!(waiting().await, before);
}

// DK-78: a staged create carries the final id.
#[tokio::test]
async fn what_is_staged_can_be_edited_at_once() {
    let (app, path, _) = shop().await;
    let edit = json!({ "op": "create_service", "name": "api",
        "source": { "kind": "image", "image": "sim/app:1" } });
    let body = json!({ "edits": [edit] });
    let created = app.admin.post(&format!("{path}/pending-changes"), body).await;
    let id = created.text("/addresses/0").trim_start_matches("service/").to_owned();

    let named = app.admin.patch(&format!("{path}/services/{id}"), json!({ "name": "API" })).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    let body = json!({ "up_to": listed.body["up_to"] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!(named.status, 200, "{}", named.raw);
    assert_eq!(applied.body["created"], json!([id]));
    let seen = app.admin.get(&format!("{path}/services/{id}")).await;
    assert_eq!((&seen.body["name"], &seen.body["staged"]), (&json!("API"), &json!(false)));
}

// DK-68
#[tokio::test]
async fn joining_a_group_with_variables_redeploys_and_one_without_does_not() {
    let (app, path, web) = shop().await;
    let mut effects = Vec::new();
    for (name, variable) in [("Bare", None), ("Full", Some(json!({ "key": "A", "value": "b" })))] {
        let group = app.admin.post(&format!("{path}/groups"), json!({ "name": name })).await;
        let id = group.text("/addresses/0").trim_start_matches("group/").to_owned();
        if let Some(variable) = variable {
            app.admin.post(&format!("{path}/groups/{id}/env-vars"), variable).await;
        }
        let joined = json!({ "group_id": id });
        let joined = app.admin.patch(&format!("{path}/services/{web}"), joined).await;
        let listed = app.admin.get(&format!("{path}/pending-changes")).await;
        let change = joined.text("/change/id");
        let all = listed.body["data"].as_array().expect("a list");
        let found = all.iter().find(|one| one["id"] == change.as_str()).expect("it is staged");
        effects.push(found["effect"].clone());
    }

    assert_eq!(effects, ["none", "redeploy"]);
}

// DK-80
#[tokio::test]
async fn edits_of_a_service_whose_end_is_staged_go_with_it() {
    let (app, path, web) = shop().await;
    replicas(&app, &path, &web, 2).await;
    app.admin.delete(&format!("{path}/services/{web}")).await;

    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    let late = replicas(&app, &path, &web, 3).await;
    let body = json!({ "up_to": listed.body["up_to"] });
    let applied = app.admin.post(&format!("{path}/deploy"), body).await;

    assert_eq!((&listed.body["total_count"], &listed.body["raw_count"]), (&json!(1), &json!(2)));
    assert_eq!((late.status, late.text("/error").as_str()), (404, "not_found"));
    assert_eq!(applied.body["deleted"], json!([web]), "{}", applied.raw);
}

// DK-84: joining a group and leaving it again comes to nothing.
#[tokio::test]
async fn going_there_and_back_is_no_change() {
    let (app, path, web) = shop().await;
    let group = app.admin.post(&format!("{path}/groups"), json!({ "name": "Back" })).await;
    let id = group.text("/addresses/0").trim_start_matches("group/").to_owned();
    let service = format!("{path}/services/{web}");

    app.admin.patch(&service, json!({ "group_id": id })).await;
    let back = app.admin.patch(&service, json!({ "group_id": null })).await;
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;

    assert_eq!((back.status, &back.body["change"]), (200, &json!(null)));
    assert_eq!(listed.body["total_count"], 1, "the group alone");
}

// DK-76: what is answered is the end that was asked for; taking that back gives all back.
#[tokio::test]
async fn the_end_of_a_group_is_answered_and_taken_back_with_those_in_it() {
    let (app, path, web) = shop().await;
    let body = json!({ "name": "Back", "services": [web] });
    let group = app.admin.post(&format!("{path}/groups"), body).await.text("/addresses/0");
    let waiting =
        async || app.admin.get(&format!("{path}/pending-changes")).await.body["data"].clone();
    let before = waiting().await;

    let ended = app.admin.delete(&format!("{path}/{}", group.replacen("group", "groups", 1))).await;
    let nothing = waiting().await;
    let back = json!({ "changes": ended.body["edits"] });
    let back = app.admin.post(&format!("{path}/pending-changes/discard"), back).await;

    assert_eq!(ended.text("/addresses/0"), group, "{}", ended.raw);
    assert_eq!((&nothing, back.status), (&json!([]), 200), "{}", back.raw);
    assert_eq!(waiting().await, before);
}

#[tokio::test]
async fn groups_and_volumes_are_staged_and_listed() {
    let (app, path, web) = shop().await;
    let mount = json!({ "name": "data", "mount": { "service": web, "path": "/data" } });

    let volume = app.admin.post(&format!("{path}/volumes"), mount).await;
    let body = json!({ "name": "Back", "services": [web] });
    let group = app.admin.post(&format!("{path}/groups"), body).await;
    let volumes = app.admin.get(&format!("{path}/volumes")).await;
    let groups = app.admin.get(&format!("{path}/groups")).await;

    assert_eq!((volume.status, group.status), (201, 201), "{} {}", volume.raw, group.raw);
    assert_eq!(volumes.body["data"][0]["mounts"], json!([{ "service": web, "path": "/data" }]));
    assert_eq!(volumes.body["data"][0]["staged"], true);
    assert_eq!(groups.body["data"][0]["services"], json!([web]));
    let id = volumes.text("/data/0/id");
    let mounts = format!("{path}/services/{web}/mounts/{id}");
    assert_eq!(app.admin.put(&mounts, json!({ "path": "/other" })).await.status, 200);
    assert_eq!(app.admin.put(&mounts, json!({ "path": "../etc" })).await.status, 422);
    assert_eq!(app.admin.delete(&mounts).await.status, 200);
    let group = format!("{path}/groups/{}", groups.text("/data/0/id"));
    assert_eq!(app.admin.patch(&group, json!({ "name": "Front" })).await.status, 200);
    assert_eq!(app.admin.delete(&group).await.status, 200);
    let volume = format!("{path}/volumes/{id}");
    assert_eq!(app.admin.patch(&volume, json!({ "name": "files" })).await.status, 200);
    assert_eq!(app.admin.delete(&volume).await.status, 200);
    let listed = app.admin.get(&format!("{path}/pending-changes")).await;
    assert_eq!(listed.body["total_count"], 0, "{}", listed.raw);
}
