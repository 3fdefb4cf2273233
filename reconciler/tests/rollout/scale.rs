//! Replicas and limits change without a deployment.

use crate::support::World;
use domain::{Limits, testing::CallKind};
use std::time::Duration;

// DK-55, DK-132: more and fewer, without a redeploy.
#[tokio::test(start_paused = true)]
async fn replicas_come_and_go_without_a_deployment() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 100").await;
    let first = world.only(key).id;

    world.rollouts.scale(key, 4);
    world.nudge(key);
    world.until("there are four", |world| world.is_healthy(key, 4)).await;
    world
        .until("each has the name", |world| world.containers(key).iter().all(|it| it.serves))
        .await;
    world.assert_at_rest().await;
    world.rollouts.scale(key, 1);
    world.nudge(key);
    world.until("there is one", |world| world.is_healthy(key, 1)).await;

    assert_eq!(world.only(key).id, first);
    assert_eq!(world.rollouts.world().deployments.len(), 1);
    world.assert_at_rest().await;
}

// Design §4: an address always means the same container.
#[tokio::test(start_paused = true)]
async fn an_address_means_one_container_for_a_while() {
    let world = World::new();
    let key = world.live("web", 2, "listen 80 0").await;
    let address = |world: &World| world.containers(key).iter().filter_map(|it| it.address()).max();
    let before = address(&world);

    world.rollouts.scale(key, 1);
    world.nudge(key);
    world.until("there is one", |world| world.is_healthy(key, 1)).await;
    world.settle().await;
    world.rollouts.scale(key, 2);
    world.nudge(key);
    world.until("there are two", |world| world.is_healthy(key, 2)).await;

    assert!(address(&world) > before, "the address that was let go is not handed out again");
}

// DK-57: limits change in place.
#[tokio::test(start_paused = true)]
async fn limits_change_in_place() {
    let world = World::new();
    let key = world.live("web", 2, "listen 80 0").await;
    let limits = Limits::new(Some(64), Some(500), None).expect("these are limits");
    drop(world.engine.take_calls());

    world.rollouts.limit(key, limits);
    world.nudge(key);
    world
        .until("they have them", |world| world.containers(key).iter().all(|it| it.limits == limits))
        .await;
    world.pass(Duration::from_secs(1)).await;

    let kinds: Vec<_> = world
        .engine
        .take_calls()
        .into_iter()
        .map(|call| call.kind)
        .filter(|kind| kind.is_mutation())
        .collect();
    assert_eq!(kinds, [CallKind::SetLimits, CallKind::SetLimits]);
    world.assert_at_rest().await;
}
