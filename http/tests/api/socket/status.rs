//! What a service is doing, as it is told to everybody who looks.

use super::{Shop, Tab};
use crate::service::serve;
use domain::{deployment::Condition, rollout::Step};
use serde_json::{Value, json};

impl Tab {
    /// The next event that is so.
    async fn event(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let told = self.wait("events").await;
            let events = told["events"].as_array().expect("a list");
            if let Some(found) = events.iter().find(|event| is_so(event)) {
                return found.clone();
            }
        }
    }
}

// DK-42, W9: all six words, live.
#[tokio::test]
async fn every_word_for_a_service_is_told_as_it_comes() {
    let shop = Shop::new().await;
    let (app, admin) = (&shop.app, &shop.app.admin);
    let (mut tab, _) = shop.open(admin).await;
    let services = format!("{}/services", shop.path());
    let web = admin.post(&services, json!({ "name": "worker" })).await.text("/id");
    let path = format!("{services}/{web}");
    let word = async || admin.get(&path).await.text("/status");

    tab.event(|event| event["event"] == "applied").await;
    assert_eq!(word().await, "created");
    admin.post(&format!("{path}/deployments"), json!({ "image": "sim/app:1" })).await;
    let moved = tab.event(|event| event["event"] == "moved").await;
    assert_eq!(moved["deployment"]["state"], "queued");
    assert_eq!(word().await, "deploying");
    serve(app, &web).await;
    tab.event(|event| event["condition"] == "running").await;
    assert_eq!(word().await, "running");
    let service = app.view(&web).await.key();
    for (condition, ours, theirs) in [
        (Condition::Degraded, "degraded", "degraded"),
        (Condition::Crashed, "crashed", "failed"),
        (Condition::Stopped, "stopped", "stopped"),
    ] {
        app.record(&[Step::ConditionChanged { service, condition, why: None }]).await;
        let told = tab.event(|event| event["event"] == "condition").await;
        assert_eq!((&told["service"], &told["condition"]), (&json!(web), &json!(ours)), "{told:#}");
        assert_eq!(word().await, theirs);
    }
    shop.stop().await;
}
