//! Images from a registry: what a deployment was given is what runs, wherever the tag goes.

use crate::{loopback::Registry, server::Server, until};
use serde_json::{Value, json};

const DIGEST: &str = "@sha256:";

/// A service that answers HTTP, from an image of a registry.
fn from(image: &str) -> Value {
    json!({
        "name": "Web",
        "source": { "kind": "image", "image": image },
        "command": ["httpd", "-f", "-p", "8080", "-h", "/www"],
        "ports": [{ "number": 8080 }],
    })
}

// F71, W28, DK-134: pinned by its digest; a tag that moves is followed by the next deployment only.
// What the registry cannot give is said, and who served serves on.
#[tokio::test]
async fn a_deployment_runs_the_digest_that_it_was_given() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let mut registry = Registry::start(&engine.docker);
    let image = registry.push("easel-test/busybox:1", "team/web", "1").await;
    let project = api.project("Shop").await;
    let image_of = async |container: &str| {
        engine.inspect(container).await.image.expect("an image of the engine")
    };
    let newest = async |id: &str| project.deployments(id).await.remove(0);
    let redeploy = async |id: &str| {
        api.post(&project.path(&format!("services/{id}/redeploy")), &json!({})).await;
    };

    let id = project.run(from(&image)).await;
    let first = newest(&id).await["pinned"].as_str().expect("a digest").to_owned();
    assert!(first.starts_with(&image.replace(":1", DIGEST)), "{first}");
    let container = engine.container_of("web").await;
    let ran = image_of(&container).await;

    // The tag moves, and the engine forgets what it had: a replica is made again all the same.
    registry.push("easel-test/redis:7", "team/web", "1").await;
    engine.remove(&container).await;
    registry.forget(&image).await;
    registry.forget(&first).await;
    let again = until("another container", async || {
        let now = engine.container_of("web").await;
        (now != container).then_some(now)
    })
    .await;
    assert_eq!(image_of(&again).await, ran, "the very image that was deployed");
    assert_eq!(project.deployments(&id).await.len(), 1, "that was no deployment");

    // A new deployment asks what the tag means now. This image has no such program.
    registry.forget(&image).await;
    redeploy(&id).await;
    let moved = until("the new deployment to be over", async || {
        let newest = newest(&id).await;
        (newest["state"] == "failed").then_some(newest)
    })
    .await;
    let second = moved["pinned"].as_str().expect("a digest").to_owned();
    assert!(second.starts_with(&image.replace(":1", DIGEST)) && second != first, "{second}");
    assert_eq!(engine.container_of("web").await, again, "the old one serves on");

    // A tag that is not there, then a registry that is not there.
    let wrong = image.replace("web:1", "web:nope");
    let source = json!({ "source": { "kind": "image", "image": wrong, "pull": "always" } });
    let address = format!("service/{id}/source");
    project.stage(&[json!({ "op": "set", "address": address, "content": source })]).await;
    for is_gone in [false, true] {
        if is_gone {
            registry.kill();
            redeploy(&id).await;
        } else {
            project.apply("a tag that nobody has").await;
        }
        let failed = until("the pull to have failed", async || {
            let newest = newest(&id).await;
            (newest["state"] == "failed" && newest["id"] != moved["id"]).then_some(newest).filter(
                |newest| {
                    newest["failure"]["reason"]
                        .as_str()
                        .is_some_and(|why| !is_gone || why.contains("cannot be reached"))
                },
            )
        })
        .await;
        let reason = failed["failure"]["reason"].as_str().expect("a reason");
        assert!(reason.contains(&registry.address), "{reason}");
        if !is_gone {
            assert!(reason.contains(&format!("there is no image {wrong}")), "{reason}");
        }
        assert_eq!(failed["attempts"], 3, "{failed:#}");
        assert_eq!(engine.container_of("web").await, again, "the old one serves on");
        assert_eq!(project.service(&id).await["condition"], "running");
    }
}
