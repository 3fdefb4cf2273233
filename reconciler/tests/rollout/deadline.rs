//! Nothing is under way for ever: each state of a deployment ends by its own deadline.

use crate::support::{Simulation, with_image, with_port};
use domain::{
    VolumeId,
    runtime::ContainerState,
    testing::{CallKind, engine::ImageLocation, rollouts::config_with_volume},
};
use std::time::Duration;
use uuid::Uuid;

const MINUTE: u64 = 60;

/// How long it took from then on, in seconds.
fn since(simulation: &Simulation, before: domain::Timestamp) -> u64 {
    simulation.now().since(before).as_secs()
}

// I10, F56: an image that never arrives is given up after an hour; who served goes on serving.
#[tokio::test(start_paused = true)]
async fn a_pull_that_never_ends_fails_after_an_hour() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
    let old = simulation.only(key);
    simulation.engine.add_image("endless:1", "sha256:endless", ImageLocation::Registry);
    simulation.engine.set_pull_time("endless:1", Duration::from_secs(1_000_000));
    let before = simulation.now();

    let id = simulation.deploy(key, with_image("endless:1"));
    simulation.pass(Duration::from_secs(59 * MINUTE)).await;
    assert_eq!(simulation.rollouts.state_name(id), "pulling");
    simulation.until_word(id, "failed").await;

    let took = since(&simulation, before);
    assert!((60 * MINUTE..61 * MINUTE).contains(&took), "after {took} s");
    assert!(simulation.failure(id).reason.contains("its image was not there after 3600 s"));
    assert_eq!(simulation.only(key), old);
    simulation.assert_at_rest().await;
}

// I10: the one before cannot be stopped, so its successor cannot start: five minutes at most.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_cannot_start_fails_after_five_minutes() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = simulation.live_with("db", 1, config_with_volume("listen 80 0", volume)).await;
    let old = simulation.only(key).id;
    simulation.engine.set_broken([(CallKind::Stop, None)].into());
    let before = simulation.now();

    let id = simulation.deploy(key, config_with_volume("listen 80 0", volume));
    simulation.pass(Duration::from_secs(4 * MINUTE)).await;
    assert_eq!(simulation.rollouts.state_name(id), "starting");
    simulation.until_word(id, "failed").await;

    let took = since(&simulation, before);
    assert!((5 * MINUTE..6 * MINUTE).contains(&took), "after {took} s");
    assert!(simulation.failure(id).reason.contains("did not start within 300 s"));
    simulation.engine.set_broken([].into());
    simulation.until("the old one serves", |simulation| simulation.is_healthy(key, 1)).await;
    assert_eq!(simulation.only(key).id, old);
    simulation.assert_at_rest().await;
}

// I10: it serves, and whatever keeps the one before does so for ten minutes at most.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_cannot_drain_is_live_after_ten_minutes() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
    let old = simulation.only(key).id;
    simulation.engine.set_broken([(CallKind::Remove, None), (CallKind::Stop, None)].into());
    let before = simulation.now();

    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.pass(Duration::from_secs(9 * MINUTE)).await;
    assert_eq!(simulation.rollouts.state_name(id), "draining");
    simulation.until_word(id, "live").await;

    let took = since(&simulation, before);
    assert!((10 * MINUTE..11 * MINUTE).contains(&took), "after {took} s");
    let kept = simulation.engine.container(&old).expect("nobody could remove it");
    assert_eq!(kept.state, ContainerState::Running);
    simulation.engine.set_broken([].into());
    simulation.until("it has gone", |simulation| simulation.containers(key).len() == 1).await;
    simulation.until("the new one serves", |simulation| simulation.is_healthy(key, 1)).await;
    simulation.assert_at_rest().await;
}
