//! What a canvas starts from, and where things lie on it.

use crate::app::TestApp;
use serde_json::{Value, json};

async fn shop() -> (TestApp, String, String) {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let web = app.service(&project, "web").await;
    (app, format!("/projects/{project}"), web)
}

// DK-87, DK-88: what everybody's canvas starts from.
#[tokio::test]
async fn the_snapshot_holds_what_is_applied_and_what_is_staged_and_no_value() {
    let (app, path, web) = shop().await;
    let value = json!({ "key": "A", "value": "hunter2" });
    app.admin.post(&format!("{path}/services/{web}/env-vars"), value).await;

    let seen = app.admin.get(&format!("{path}/canvas")).await;

    assert_eq!(seen.status, 200);
    assert_eq!(seen.body["spec"]["services"][&web]["name"], "web");
    assert_eq!(seen.body["edits"].as_array().map(Vec::len), Some(1));
    assert!(!seen.raw.contains("hunter2"));
    let people = seen.body["people"].as_object().expect("people");
    assert_eq!(people.values().collect::<Vec<&Value>>(), [&json!("Ada")]);
}

// DK-88: every canvas draws what is staged over what is applied, from the snapshot alone.
#[tokio::test]
async fn the_snapshot_shows_names_icons_and_ends_that_are_staged() {
    let (app, path, web) = shop().await;
    let old = app.service(path.trim_start_matches("/projects/"), "old").await;
    let look = json!({ "name": "Site", "icon_url": "https://example.com/a.svg" });
    let looked = app.admin.patch(&format!("{path}/services/{web}"), look).await;
    app.admin.delete(&format!("{path}/services/{old}")).await;

    let seen = app.admin.get(&format!("{path}/canvas")).await;

    assert_eq!(looked.status, 200, "{}", looked.raw);
    let snapshot: domain::canvas::Snapshot = serde_json::from_str(&seen.raw).expect("a snapshot");
    let drawn = snapshot.spec.overlay(&snapshot.changes());
    let [web, old] = [web, old].map(|id| id.parse::<domain::ServiceId>().expect("an id"));
    let icon = drawn.services[&web].icon.as_ref().map(ToString::to_string);
    assert_eq!(drawn.services[&web].name.as_str(), "Site");
    assert_eq!(icon.as_deref(), Some("https://example.com/a.svg"));
    assert!(!drawn.services.contains_key(&old));
    assert_eq!(snapshot.spec.services[&web].name.as_str(), "web", "what is applied is there too");
    assert!(snapshot.spec.services.contains_key(&old));
}

#[tokio::test]
async fn the_snapshot_comes_packed_to_whoever_can_unpack_it() {
    let (app, path, _) = shop().await;
    let canvas = format!("{path}/canvas");

    let plain = app.admin.get(&canvas).await;
    let packed = app.admin.header("accept-encoding", "gzip").get(&canvas).await;

    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
    assert!(packed.raw.len() < plain.raw.len());
}

#[tokio::test]
async fn places_on_the_canvas_are_kept() {
    let (app, path, web) = shop().await;
    let node = format!("service/{web}");

    let put = app
        .admin
        .put(&format!("{path}/layout"), json!({ "places": { &node: { "x": 10.4, "y": -3 } } }))
        .await;
    assert_eq!(put.status, 204);
    for wrong in [
        json!({ "places": { "x": { "x": 0, "y": 0 } } }),
        json!({ "places": { &node: { "x": 1e9, "y": 0 } } }),
    ] {
        assert_eq!(app.admin.put(&format!("{path}/layout"), wrong).await.status, 422);
    }
    let seen = app.admin.get(&format!("{path}/canvas")).await;
    assert_eq!(seen.body["layout"][&node], json!({ "x": 10, "y": -3 }));
}
