//! What was deleted or stopped goes; data stays.

use crate::support::Simulation;
use domain::{
    VolumeId,
    deployment::Condition,
    testing::{
        CallKind,
        contract::{Harness, SimHarness, Workload},
        engine::Faults,
        rollouts::{config, config_with_volume},
    },
};
use std::time::Duration;
use uuid::Uuid;

// DK-133, DK-41: the tombstone names what may be removed.
#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_removed_and_the_others_stay() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    let other = simulation.live("other", 1, "listen 80 0").await;

    simulation.rollouts.delete_service(key);
    simulation.trigger(key);
    simulation.until("it is gone", |simulation| simulation.containers(key).is_empty()).await;

    assert!(simulation.is_healthy(other, 1));
    simulation.assert_at_rest().await;
    let tombstones = simulation.rollouts.tables().tombstones;
    assert!(tombstones.values().all(|tombstone| tombstone.done_at.is_some()));
}

// DK-133, I9: deleted in the middle of a rollout.
#[tokio::test(start_paused = true)]
async fn a_service_deleted_in_the_middle_of_a_rollout_leaves_nothing() {
    for after in [0, 1, 20, 100, 700, 5_000] {
        let simulation = Simulation::new();
        let key = simulation.service("web", 2);
        simulation.deploy(key, config("listen 80 500"));
        simulation.pass(Duration::from_millis(after)).await;

        simulation.rollouts.delete_service(key);
        simulation.trigger(key);
        simulation.pass(Duration::from_secs(60)).await;

        assert_eq!(simulation.containers(key), [], "after {after} ms");
        simulation.assert_at_rest().await;
    }
}

// DK-132, F59: what does not heed the request to stop is ended after ten seconds, and is gone.
#[tokio::test(start_paused = true)]
async fn what_does_not_stop_by_itself_has_ten_seconds() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0 stubborn").await;
    let before = simulation.now();

    simulation.rollouts.scale(key, 0);
    simulation.trigger(key);
    simulation.until("it is gone", |simulation| simulation.containers(key).is_empty()).await;

    let took = simulation.now().since(before).as_secs();
    assert!((10..12).contains(&took), "{took} s");
    simulation.assert_at_rest().await;
}

// DK-32, DK-130, I8, I9: the network goes with the environment, the data does not.
#[tokio::test(start_paused = true)]
async fn a_deleted_environment_takes_its_network_along_but_no_volume() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = simulation.live_with("db", 1, config_with_volume("listen 5432 0", volume)).await;

    let before = simulation.now();
    simulation.rollouts.delete_environment(key.environment);
    simulation.reconciler().trigger(None);
    simulation
        .until("the network is gone", |simulation| {
            simulation.engine.state().environments.is_empty()
        })
        .await;

    assert!(simulation.now().since(before) < Duration::from_secs(3), "it waits for nobody");
    assert_eq!(simulation.containers(key), []);
    assert!(simulation.engine.state().volumes.contains(&volume));
    simulation.assert_at_rest().await;
}

// DK-141: a stopped service has no containers; started again, it is as before.
#[tokio::test(start_paused = true)]
async fn a_stopped_service_has_no_containers_and_comes_back_without_a_deployment() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    let deployments = simulation.rollouts.tables().deployments.len();

    simulation.rollouts.scale(key, 0);
    simulation.trigger(key);
    simulation.until_condition(key, Condition::Stopped).await;
    simulation.until("they are gone", |simulation| simulation.containers(key).is_empty()).await;
    simulation.assert_at_rest().await;
    simulation.rollouts.scale(key, 2);
    simulation.trigger(key);
    simulation.until("they are back", |simulation| simulation.is_healthy(key, 2)).await;
    simulation.until_condition(key, Condition::Running).await;

    assert_eq!(simulation.rollouts.tables().deployments.len(), deployments);
    simulation.assert_at_rest().await;
}

// F33: the answer to a creation is lost and the deployment overtaken: what was made is found.
#[tokio::test(start_paused = true)]
async fn what_was_made_without_an_answer_is_found_and_removed() {
    use domain::testing::engine::CrashPoint;
    let mut simulation = Simulation::new();
    let key = simulation.service("web", 1);
    simulation.engine.set_crash_hook(Some(std::sync::Arc::new(|call| match call.kind {
        CallKind::Create => CrashPoint::DieAfter,
        _ => CrashPoint::Pass,
    })));
    let id = simulation.deploy(key, config("listen 80 0"));
    simulation.pass(Duration::from_secs(1)).await;
    assert_eq!(simulation.containers(key).len(), 1, "it was made, and nobody knows");

    simulation.engine.set_crash_hook(None);
    simulation.rollouts.cancel(id);
    simulation.restart().await;
    simulation.until("it is gone", |simulation| simulation.containers(key).is_empty()).await;

    simulation.assert_at_rest().await;
}

// I3, DK-130: an engine that was too busy to remove the network is asked again soon.
#[tokio::test(start_paused = true)]
async fn a_network_that_could_not_be_removed_is_tried_again_soon() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.assert_at_rest().await;
    let latency = Duration::from_secs(1);
    simulation.engine.set_faults(Faults { latency, ..Faults::default() });
    simulation.rollouts.delete_environment(key.environment);
    simulation.reconciler().trigger(None);
    simulation
        .until("the container is gone", |simulation| simulation.containers(key).is_empty())
        .await;
    let until = simulation.now().plus(Duration::from_secs(4));
    simulation.engine.set_faults(Faults { failure: 100, latency, until, ..Faults::default() });
    simulation.pass(Duration::from_secs(4)).await;
    assert_eq!(simulation.engine.state().environments.len(), 1, "nobody could remove it");

    let before = simulation.now();
    simulation
        .until("it is gone", |simulation| simulation.engine.state().environments.is_empty())
        .await;

    assert!(simulation.now().since(before) < Duration::from_secs(12));
    simulation.assert_at_rest().await;
}

// What holds a network that nobody may touch is not asked about ever faster.
#[tokio::test(start_paused = true)]
async fn a_network_that_may_not_be_removed_costs_no_more_than_the_regular_looks() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.engine.set_broken([(CallKind::RemoveEnvironment, None)].into());
    simulation.rollouts.delete_environment(key.environment);
    simulation.reconciler().trigger(None);
    simulation.pass(Duration::from_secs(30)).await;
    drop(simulation.engine.take_calls());
    simulation.pass(Duration::from_secs(300)).await;

    let tries = simulation.engine.take_calls();
    let tries = tries.iter().filter(|call| call.kind == CallKind::RemoveEnvironment).count();
    assert!((9..=11).contains(&tries), "{tries} times in five minutes");
}

// I9, F33: a creation that was given up long ago, with its row, is answered now.
#[tokio::test(start_paused = true)]
async fn a_late_container_of_a_released_row_is_removed() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    simulation.rollouts.scale(key, 1);
    simulation.trigger(key);
    simulation.until("one is left", |it| it.is_healthy(key, 1)).await;
    simulation.assert_at_rest().await;
    let view = simulation.rollouts.view(key).expect("it is there");
    let identity = simulation.only(key).identity.expect("it is ours");
    let mut spec = SimHarness::new().await.replica("late", Workload::Stay);
    spec.identity = identity;
    spec.identity.replica = *view.released.first().expect("one was let go");

    simulation.engine.add_late(&spec);
    simulation.until("both are there", |it| it.containers(key).len() == 2).await;
    simulation.until("it has gone", |it| it.is_healthy(key, 1)).await;

    assert_eq!(simulation.only(key).identity, Some(identity));
    assert_eq!(simulation.incidents(), []);
    simulation.assert_at_rest().await;
}
