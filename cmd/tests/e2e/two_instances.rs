//! Two installations on one engine, and objects of nobody.

use crate::{api::web, server::Server, until};
use bollard::{
    models::ContainerCreateBody,
    query_parameters::{
        CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptionsBuilder,
    },
};

// DK-187, I7
#[tokio::test]
async fn two_installations_leave_each_other_and_strangers_alone() {
    let (one, one_api) = Server::claimed().await;
    let (mut two, two_api) = Server::claimed().await;
    let (one_engine, two_engine) = (one.engine(), two.engine());
    let stranger = stranger(&one_engine.docker).await;
    let one_project = one_api.project("Shop").await;
    let two_project = two_api.project("Shop").await;
    let one_id = one_project.run(web("Web")).await;
    two_project.run(web("Web")).await;
    let theirs = two_engine.container_of("web").await;

    // Everything of the one goes; the other restarts and looks at everything.
    one_project
        .stage(&[serde_json::json!({ "op": "clear", "address": format!("service/{one_id}") })])
        .await;
    one_project.apply("all gone").await;
    until("the containers of the one to be gone", async || {
        one_engine.containers().await.is_empty().then_some(())
    })
    .await;
    two.stop().await;
    two.resume().await;
    let two_api = two_api.at(&two.url);
    until("the other to be ready", async || {
        let (status, _) = two_api.call(reqwest::Method::GET, "ready", None).await;
        status.is_success().then_some(())
    })
    .await;

    assert_eq!(two_engine.container_of("web").await, theirs);
    let state = two_engine.inspect(&stranger.id).await.state.expect("a state");
    assert_eq!(state.running, Some(true), "a stranger runs on");
}

struct Stranger {
    id: String,
}

async fn stranger(docker: &bollard::Docker) -> Stranger {
    let body = ContainerCreateBody {
        image: Some("easel-test/busybox:1".to_owned()),
        cmd: Some(vec!["sleep".to_owned(), "1000".to_owned()]),
        ..Default::default()
    };
    #[expect(clippy::disallowed_methods, reason = "a name that nobody has")]
    let name = format!("easel-test-stranger-{}", uuid::Uuid::new_v4().simple());
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let made = docker.create_container(Some(options), body).await.expect("a container");
    let start = StartContainerOptionsBuilder::new().build();
    docker.start_container(&made.id, Some(start)).await.expect("a start");
    Stranger { id: made.id }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let id = self.id.clone();
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let force = RemoveContainerOptionsBuilder::new().force(true).build();
                let _gone = crate::engine::connect().remove_container(&id, Some(force)).await;
            });
        });
        let _ended = removed.join();
    }
}
