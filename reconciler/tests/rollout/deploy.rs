//! Deployments from the queue to live, or to their failure.

use crate::support::World;
use domain::{
    deployment::Condition,
    runtime::{ContainerState, Restart},
    testing::rollouts::{config, config_with_volume},
};

// DK-50, DK-135: it goes live, its name leads to it, the engine restarts it from then on.
#[tokio::test(start_paused = true)]
async fn a_first_deployment_goes_live_and_its_name_leads_to_it() {
    let world = World::new();
    let key = world.service("web", 1);

    let id = world.deploy(key, config("listen 80 300"));
    world.until_word(id, "live").await;

    let container = world.only(key);
    assert_eq!(container.state, ContainerState::Running);
    assert_eq!(container.restart, Restart::UnlessStopped);
    assert_eq!(container.alias.as_ref().map(domain::Slug::as_str), Some("web"));
    world.until_condition(key, Condition::Running).await;
    world.assert_at_rest().await;
}
