//! Replicas and limits change without a deployment.

use crate::support::Simulation;
use domain::{Limits, testing::CallKind};
use std::time::Duration;

// DK-55, DK-132: more and fewer, without a redeploy.
#[tokio::test(start_paused = true)]
async fn replicas_come_and_go_without_a_deployment() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 100").await;
    let first = simulation.only(key).id;

    simulation.rollouts.scale(key, 4);
    simulation.trigger(key);
    simulation.until("there are four", |simulation| simulation.is_healthy(key, 4)).await;
    simulation
        .until("each has the name", |simulation| {
            simulation.containers(key).iter().all(|it| it.serves)
        })
        .await;
    simulation.assert_at_rest().await;
    simulation.rollouts.scale(key, 1);
    simulation.trigger(key);
    simulation.until("there is one", |simulation| simulation.is_healthy(key, 1)).await;

    assert_eq!(simulation.only(key).id, first);
    assert_eq!(simulation.rollouts.tables().deployments.len(), 1);
    simulation.assert_at_rest().await;
}

// Design §4: an address always means the same container.
#[tokio::test(start_paused = true)]
async fn an_address_means_one_container_for_a_while() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    let address = |simulation: &Simulation| {
        simulation.containers(key).iter().filter_map(|it| it.address()).max()
    };
    let before = address(&simulation);

    simulation.rollouts.scale(key, 1);
    simulation.trigger(key);
    simulation.until("there is one", |simulation| simulation.is_healthy(key, 1)).await;
    simulation.settle().await;
    simulation.rollouts.scale(key, 2);
    simulation.trigger(key);
    simulation.until("there are two", |simulation| simulation.is_healthy(key, 2)).await;

    assert!(address(&simulation) > before, "the address that was let go is not handed out again");
}

// DK-57: limits change in place.
#[tokio::test(start_paused = true)]
async fn limits_change_in_place() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    let limits = Limits::new(Some(64), Some(500), None).expect("these are limits");
    drop(simulation.engine.take_calls());

    simulation.rollouts.limit(key, limits);
    simulation.trigger(key);
    simulation
        .until("they have them", |simulation| {
            simulation.containers(key).iter().all(|it| it.limits == limits)
        })
        .await;
    simulation.pass(Duration::from_secs(1)).await;

    let kinds: Vec<_> = simulation
        .engine
        .take_calls()
        .into_iter()
        .map(|call| call.kind)
        .filter(|kind| kind.is_mutation())
        .collect();
    assert_eq!(kinds, [CallKind::SetLimits, CallKind::SetLimits]);
    simulation.assert_at_rest().await;
}
