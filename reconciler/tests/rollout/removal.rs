//! What was deleted or stopped goes; data stays.

use crate::support::World;
use domain::{
    VolumeId,
    deployment::Condition,
    testing::{
        CallKind,
        engine::Faults,
        rollouts::{config, config_with_volume},
    },
};
use std::time::Duration;
use uuid::Uuid;

// DK-133, DK-41: the tombstone names what may be removed.
#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_removed_and_the_others_stay() {
    let world = World::new();
    let key = world.live("web", 2, "listen 80 0").await;
    let other = world.live("other", 1, "listen 80 0").await;

    world.rollouts.delete_service(key);
    world.nudge(key);
    world.until("it is gone", |world| world.containers(key).is_empty()).await;

    assert!(world.is_healthy(other, 1));
    world.assert_at_rest().await;
    let tombstones = world.rollouts.world().tombstones;
    assert!(tombstones.values().all(|tombstone| tombstone.done_at.is_some()));
}

// DK-133, I9: deleted in the middle of a rollout.
#[tokio::test(start_paused = true)]
async fn a_service_deleted_in_the_middle_of_a_rollout_leaves_nothing() {
    for after in [0, 1, 20, 100, 700, 5_000] {
        let world = World::new();
        let key = world.service("web", 2);
        world.deploy(key, config("listen 80 500"));
        world.pass(Duration::from_millis(after)).await;

        world.rollouts.delete_service(key);
        world.nudge(key);
        world.pass(Duration::from_secs(60)).await;

        assert_eq!(world.containers(key), [], "after {after} ms");
        world.assert_at_rest().await;
    }
}

// DK-132, F59: what does not heed the request to stop is ended after ten seconds, and is gone.
#[tokio::test(start_paused = true)]
async fn what_does_not_stop_by_itself_has_ten_seconds() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0 stubborn").await;
    let before = world.now();

    world.rollouts.scale(key, 0);
    world.nudge(key);
    world.until("it is gone", |world| world.containers(key).is_empty()).await;

    let took = world.now().since(before).as_secs();
    assert!((10..12).contains(&took), "{took} s");
    world.assert_at_rest().await;
}

// DK-32, DK-130, I8, I9: the network goes with the environment, the data does not.
#[tokio::test(start_paused = true)]
async fn a_deleted_environment_takes_its_network_along_but_no_volume() {
    let world = World::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = world.live_with("db", 1, config_with_volume("listen 5432 0", volume)).await;

    let before = world.now();
    world.rollouts.delete_environment(key.environment);
    world.reconciler().nudge(None);
    world.until("the network is gone", |world| world.engine.state().environments.is_empty()).await;

    assert!(world.now().since(before) < Duration::from_secs(3), "it waits for nobody");
    assert_eq!(world.containers(key), []);
    assert!(world.engine.state().volumes.contains(&volume));
    world.assert_at_rest().await;
}

// DK-141: a stopped service has no containers; started again, it is as before.
#[tokio::test(start_paused = true)]
async fn a_stopped_service_has_no_containers_and_comes_back_without_a_deployment() {
    let world = World::new();
    let key = world.live("web", 2, "listen 80 0").await;
    let deployments = world.rollouts.world().deployments.len();

    world.rollouts.scale(key, 0);
    world.nudge(key);
    world.until_condition(key, Condition::Stopped).await;
    world.until("they are gone", |world| world.containers(key).is_empty()).await;
    world.assert_at_rest().await;
    world.rollouts.scale(key, 2);
    world.nudge(key);
    world.until("they are back", |world| world.is_healthy(key, 2)).await;
    world.until_condition(key, Condition::Running).await;

    assert_eq!(world.rollouts.world().deployments.len(), deployments);
    world.assert_at_rest().await;
}

// F33: the answer to a creation is lost and the deployment overtaken: what was made is found.
#[tokio::test(start_paused = true)]
async fn what_was_made_without_an_answer_is_found_and_removed() {
    use domain::testing::engine::Gate;
    let mut world = World::new();
    let key = world.service("web", 1);
    world.engine.set_gate(Some(std::sync::Arc::new(|call| match call.kind {
        CallKind::Create => Gate::DieAfter,
        _ => Gate::Pass,
    })));
    let id = world.deploy(key, config("listen 80 0"));
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.containers(key).len(), 1, "it was made, and nobody knows");

    world.engine.set_gate(None);
    world.rollouts.cancel(id);
    world.restart().await;
    world.until("it is gone", |world| world.containers(key).is_empty()).await;

    world.assert_at_rest().await;
}

// I3, DK-130: an engine that was too busy to remove the network is asked again soon.
#[tokio::test(start_paused = true)]
async fn a_network_that_could_not_be_removed_is_tried_again_soon() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.assert_at_rest().await;
    let latency = Duration::from_secs(1);
    world.engine.set_faults(Faults { latency, ..Faults::default() });
    world.rollouts.delete_environment(key.environment);
    world.reconciler().nudge(None);
    world.until("the container is gone", |world| world.containers(key).is_empty()).await;
    let until = world.now().plus(Duration::from_secs(4));
    world.engine.set_faults(Faults { failure: 100, latency, until, ..Faults::default() });
    world.pass(Duration::from_secs(4)).await;
    assert_eq!(world.engine.state().environments.len(), 1, "nobody could remove it");

    let before = world.now();
    world.until("it is gone", |world| world.engine.state().environments.is_empty()).await;

    assert!(world.now().since(before) < Duration::from_secs(12));
    world.assert_at_rest().await;
}

// What holds a network that nobody may touch is not asked about ever faster.
#[tokio::test(start_paused = true)]
async fn a_network_that_may_not_be_removed_costs_no_more_than_the_regular_looks() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.engine.set_broken([(CallKind::RemoveEnvironment, None)].into());
    world.rollouts.delete_environment(key.environment);
    world.reconciler().nudge(None);
    world.pass(Duration::from_secs(30)).await;
    drop(world.engine.take_calls());
    world.pass(Duration::from_secs(300)).await;

    let tries = world.engine.take_calls();
    let tries = tries.iter().filter(|call| call.kind == CallKind::RemoveEnvironment).count();
    assert!((9..=11).contains(&tries), "{tries} times in five minutes");
}
