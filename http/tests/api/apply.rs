//! Whom an apply wakes.

use crate::change::{deploy_all, replicas, shop};
use serde_json::json;

// DK-82: what makes no deployment is named by what it changes; nobody else is looked at for it.
#[tokio::test]
async fn an_apply_that_only_scales_wakes_the_reconciler_for_that_service_alone() {
    let (app, path, web) = shop().await;
    replicas(&app, &path, &web, 3).await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let applied = deploy_all(&app, &path).await;

    assert_eq!(applied.body["applied_count"], 1, "{}", applied.raw);
    assert_eq!(applied.body["deployments"], json!([]));
    let triggered = app.recorder.triggered.lock().expect("no panic").clone();
    let named: Vec<_> = triggered.iter().flatten().map(|key| key.service.to_string()).collect();
    assert_eq!((triggered.len(), named), (1, vec![web]));
}

// DK-82
#[tokio::test]
async fn an_apply_names_each_service_that_it_touches_once_and_no_other() {
    let (app, path, web) = shop().await;
    let project = path.split('/').nth(2).expect("the project's id");
    let mut services = vec![web];
    for name in ["api", "old", "still"] {
        services.push(app.service(project, name).await);
    }
    let [web, api, old, still] = &services[..] else { panic!("four services") };
    let edit = json!({ "op": "create_service", "name": "new",
        "source": { "kind": "image", "image": "sim/app:1" } });
    app.admin.post(&format!("{path}/pending-changes"), json!({ "edits": [edit] })).await;
    for service in [web, api] {
        let change = json!({ "image": "sim/app:2", "replicas": 2 });
        app.admin.patch(&format!("{path}/services/{service}"), change).await;
    }
    app.admin.delete(&format!("{path}/services/{old}")).await;
    replicas(&app, &path, still, 2).await;
    app.recorder.triggered.lock().expect("no panic").clear();

    let applied = deploy_all(&app, &path).await;

    let created = applied.text("/created/0");
    let mut touched = vec![web.clone(), api.clone(), old.clone(), still.clone(), created];
    touched.sort();
    let triggered = app.recorder.triggered.lock().expect("no panic").clone();
    let named: Vec<_> = triggered.iter().flatten().map(|key| key.service.to_string()).collect();
    assert_eq!((triggered.len(), named), (touched.len(), touched), "{triggered:?}");
}
