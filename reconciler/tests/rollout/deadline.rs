//! Nothing is under way for ever: each state of a deployment ends by its own deadline.

use crate::support::{World, with_image, with_port};
use domain::{
    VolumeId,
    runtime::ContainerState,
    testing::{CallKind, engine::ImageLocation, rollouts::config_with_volume},
};
use std::time::Duration;
use uuid::Uuid;

const MINUTE: u64 = 60;

/// How long it took from then on, in seconds.
fn since(world: &World, before: domain::Timestamp) -> u64 {
    world.now().since(before).as_secs()
}

// I10, F56: an image that never arrives is given up after an hour; who served goes on serving.
#[tokio::test(start_paused = true)]
async fn a_pull_that_never_ends_fails_after_an_hour() {
    let world = World::new();
    let key = world.live_with("web", 1, with_port("listen 80 0")).await;
    let old = world.only(key);
    world.engine.add_image("endless:1", "sha256:endless", ImageLocation::Registry);
    world.engine.set_pull_time("endless:1", Duration::from_secs(1_000_000));
    let before = world.now();

    let id = world.deploy(key, with_image("endless:1"));
    world.pass(Duration::from_secs(59 * MINUTE)).await;
    assert_eq!(world.rollouts.word(id), "pulling");
    world.until_word(id, "failed").await;

    let took = since(&world, before);
    assert!((60 * MINUTE..61 * MINUTE).contains(&took), "after {took} s");
    assert!(world.failure(id).reason.contains("its image was not there after 3600 s"));
    assert_eq!(world.only(key), old);
    world.assert_at_rest().await;
}

// I10: the one before cannot be stopped, so its successor cannot start: five minutes at most.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_cannot_start_fails_after_five_minutes() {
    let world = World::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = world.live_with("db", 1, config_with_volume("listen 80 0", volume)).await;
    let old = world.only(key).id;
    world.engine.set_broken([(CallKind::Stop, None)].into());
    let before = world.now();

    let id = world.deploy(key, config_with_volume("listen 80 0", volume));
    world.pass(Duration::from_secs(4 * MINUTE)).await;
    assert_eq!(world.rollouts.word(id), "starting");
    world.until_word(id, "failed").await;

    let took = since(&world, before);
    assert!((5 * MINUTE..6 * MINUTE).contains(&took), "after {took} s");
    assert!(world.failure(id).reason.contains("did not start within 300 s"));
    world.engine.set_broken([].into());
    world.until("the old one serves", |world| world.is_healthy(key, 1)).await;
    assert_eq!(world.only(key).id, old);
    world.assert_at_rest().await;
}

// I10: it serves, and whatever keeps the one before does so for ten minutes at most.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_cannot_drain_is_live_after_ten_minutes() {
    let world = World::new();
    let key = world.live_with("web", 1, with_port("listen 80 0")).await;
    let old = world.only(key).id;
    world.engine.set_broken([(CallKind::Remove, None), (CallKind::Stop, None)].into());
    let before = world.now();

    let id = world.deploy(key, with_port("listen 80 0"));
    world.pass(Duration::from_secs(9 * MINUTE)).await;
    assert_eq!(world.rollouts.word(id), "draining");
    world.until_word(id, "live").await;

    let took = since(&world, before);
    assert!((10 * MINUTE..11 * MINUTE).contains(&took), "after {took} s");
    let kept = world.engine.container(&old).expect("nobody could remove it");
    assert_eq!(kept.state, ContainerState::Running);
    world.engine.set_broken([].into());
    world.until("it has gone", |world| world.containers(key).len() == 1).await;
    world.until("the new one serves", |world| world.is_healthy(key, 1)).await;
    world.assert_at_rest().await;
}
