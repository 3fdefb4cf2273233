//! Crash loops of what serves.

use crate::support::World;
use domain::{
    deployment::Condition,
    rollout::{IncidentKind, Step},
    runtime::{ContainerState, Restart},
    testing::rollouts::config,
};
use std::time::Duration;

// F50, DK-137: given up after ten crashes, by the engine's own pauses; the deployment stays live.
#[tokio::test(start_paused = true)]
async fn a_service_that_keeps_crashing_is_given_up_and_left_alone() {
    let world = World::new();
    let key = world.service("web", 1);
    let id = world.deploy(key, config("exit 1 11000"));
    world.until_word(id, "live").await;
    let container = world.only(key).id;

    world.until_condition(key, Condition::Crashed).await;

    let seen = world.only(key);
    assert_eq!((seen.state, seen.restart), (ContainerState::Exited, Restart::No));
    assert_eq!(seen.id, container);
    assert_eq!(world.rollouts.word(id), "live");
    let told: Vec<_> = world.incidents().into_iter().map(|it| it.kind).collect();
    assert_eq!(told.iter().filter(|it| **it == IncidentKind::GaveUp).count(), 1);
    assert!(told.iter().filter(|it| **it == IncidentKind::Crashed).count() >= 9, "{told:?}");
    assert!(world.engine.state().starts[&key.service] <= 12);
    world.assert_at_rest().await;
}

// DK-42, DK-137, W23: between two crashes it is not running again just because a process exists.
#[tokio::test(start_paused = true)]
async fn the_condition_of_a_crash_loop_does_not_flap() {
    let world = World::new();
    let key = world.live("web", 1, "work").await;
    let journal = world.rollouts.journal().len();

    // From now on it dies every three seconds.
    let container = world.only(key).id;
    for _ in 0..8 {
        world.engine.crash(&container, 1);
        world.pass(Duration::from_secs(3)).await;
        world.until("it runs", |world| world.only(key).state == ContainerState::Running).await;
    }

    let changes: Vec<_> = world
        .rollouts
        .journal()
        .split_off(journal)
        .into_iter()
        .filter_map(|(_, step)| match step {
            Step::ConditionChanged { condition, .. } => Some(condition),
            _ => None,
        })
        .collect();
    assert_eq!(changes, [Condition::Restarting]);
    world.until_condition(key, Condition::Running).await;
    world.assert_at_rest().await;
}

// F50: a new deployment starts afresh.
#[tokio::test(start_paused = true)]
async fn a_new_deployment_mends_a_crashed_service() {
    let world = World::new();
    let key = world.service("web", 1);
    let id = world.deploy(key, config("exit 1 11000"));
    world.until_word(id, "live").await;
    world.until_condition(key, Condition::Crashed).await;

    let next = world.deploy(key, config("work"));
    world.until_word(next, "live").await;
    world.until_condition(key, Condition::Running).await;

    assert_eq!(world.containers(key).len(), 1);
    world.assert_at_rest().await;
}

// DK-138: what is known of crashes outlives us.
#[tokio::test(start_paused = true)]
async fn crashes_are_remembered_over_a_restart_of_easel() {
    let mut world = World::new();
    let key = world.service("web", 1);
    let id = world.deploy(key, config("exit 1 11000"));
    world.until_word(id, "live").await;

    for _ in 0..30 {
        if world.condition(key) == Some(Condition::Crashed) {
            break;
        }
        world.pass(Duration::from_secs(7)).await;
        world.restart().await;
    }

    world.until_condition(key, Condition::Crashed).await;
    assert!(world.engine.state().starts[&key.service] <= 13);
    world.assert_at_rest().await;
}

// Somebody starts by hand what was given up: it gets another chance.
#[tokio::test(start_paused = true)]
async fn a_crashed_one_that_is_started_by_hand_gets_another_chance() {
    use domain::runtime::Runtime;
    let world = World::new();
    let key = world.service("web", 1);
    let id = world.deploy(key, config("exit 1 11000"));
    world.until_word(id, "live").await;
    world.until_condition(key, Condition::Crashed).await;
    let container = world.only(key).id;

    world.engine.start(&container).await.expect("it can be started");
    world.until_condition(key, Condition::Running).await;

    world.until_condition(key, Condition::Crashed).await;
}
