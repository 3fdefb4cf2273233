//! A variable's change redeploys exactly the services that use it.

use crate::{api::web, server::Server, until};
use serde_json::{Value, json};

fn set(address: &str, value: &str) -> Value {
    json!({ "op": "set_variable", "address": address, "value": value })
}

// DK-67
#[tokio::test]
async fn exactly_the_services_that_use_a_variable_are_redeployed() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let mut user = web("User");
    user["variables"] = json!({ "COLOUR": { "value": "${{db.COLOUR}}" } });
    let mut db = web("Db");
    db["variables"] = json!({ "COLOUR": { "value": "red" } });
    let mut other = web("Other");
    other["variables"] = json!({ "SIZE": { "value": "9" } });
    let db_id = project.stage_service(db).await;
    let user_id = project.stage_service(user).await;
    let other_id = project.stage_service(other).await;
    project.apply("all").await;
    for id in [&db_id, &user_id, &other_id] {
        project.until_running(id).await;
    }
    let before = engine.container_of("other").await;
    let old_user = engine.container_of("user").await;
    assert_eq!(engine.exec(&old_user, &["sh", "-c", "echo $COLOUR"]).await.trim(), "red");

    project.stage(&[set(&format!("service/{db_id}/variables/COLOUR"), "blue\n\"ü\"")]).await;
    let applied = project.apply("paint").await;

    let deployed: Vec<&str> = applied["deployments"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one[0].as_str())
        .collect();
    assert_eq!(deployed, [db_id.as_str(), user_id.as_str()], "in the order of references");
    until("the user's new container", async || {
        let now = engine.containers_of("user").await;
        let is_new = now.len() == 1 && now[0].id.as_ref() != Some(&old_user);
        is_new.then_some(())
    })
    .await;
    let new_user = engine.container_of("user").await;
    assert_eq!(engine.exec(&new_user, &["sh", "-c", "echo \"$COLOUR\""]).await, "blue\n\"ü\"\n");
    assert_eq!(engine.container_of("other").await, before, "nobody else is touched");
    assert_eq!(project.deployments(&other_id).await.len(), 1);
}

// DK-43, DK-51, I5
#[tokio::test]
async fn services_find_each_other_by_name_and_nobody_finds_a_candidate() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    project.run(web("Api")).await;
    let web_id = project.run(web("Web")).await;
    let asker = engine.container_of("api").await;
    let old = engine.container_of("web").await;
    let old_address = engine.address_of(&old).await;
    let found = engine.exec(&asker, &["nslookup", "web"]).await;
    assert!(found.contains(&old_address), "{found}");

    // A candidate that is never ready: its port stays closed.
    project
        .stage(&[
            json!({ "op": "set", "address": format!("service/{web_id}/command"),
                    "content": { "command": ["sleep", "1000"] } }),
            json!({ "op": "set", "address": format!("service/{web_id}/check"),
                    "content": { "check": { "probe": { "kind": "tcp", "port": 8080 },
                                            "pace": { "deadline": 8 } } } }),
        ])
        .await;
    project.apply("never ready").await;
    until("the candidate to fail", async || {
        let found = engine.exec(&asker, &["nslookup", "web"]).await;
        let addresses: Vec<&str> =
            found.lines().skip(2).filter_map(|line| line.split("Address: ").nth(1)).collect();
        assert_eq!(addresses, [old_address.as_str()], "{found}");
        let newest = &project.deployments(&web_id).await[0];
        (newest["state"] == "failed").then_some(())
    })
    .await;

    assert_eq!(engine.container_of("web").await, old, "the old one serves on");
}
