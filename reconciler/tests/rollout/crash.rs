//! Crash loops of what serves.

use crate::support::{World, with_port};
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

// DK-42, DK-137, W23: between two crashes it is not running again just because a process exists, or
// because it answers each time.
#[tokio::test(start_paused = true)]
async fn the_condition_of_a_crash_loop_does_not_flap() {
    for command in ["work", "listen 80 0", "listen 80 0 exit 1 4000", "listen 80 1000 exit 1 8000"]
    {
        let world = World::new();
        let key = world.service("web", 1);
        let is_asked = command.contains("listen");
        let id = world.deploy(key, if is_asked { with_port(command) } else { config(command) });
        world.until_word(id, "live").await;
        let is_hopeless = command.contains("exit");

        // The others die every three seconds for a while.
        let container = world.only(key).id;
        for _ in 0..if is_hopeless { 0 } else { 8 } {
            world.engine.crash(&container, 1);
            world.pass(Duration::from_secs(3)).await;
            world.until("it runs", |world| world.only(key).state == ContainerState::Running).await;
        }

        let end = if is_hopeless { Condition::Crashed } else { Condition::Running };
        world.until_condition(key, end).await;
        let told = conditions(&world);
        let first = told.iter().position(|it| *it == Condition::Running).expect("it ran");
        assert_eq!(told[first + 1..], [Condition::Restarting, end], "{command}");
        assert_eq!(world.rollouts.word(id), "live");
        world.assert_at_rest().await;
    }
}

// DK-137, W23: one of two keeps crashing: the service is degraded, all the time, until it stays up.
#[tokio::test(start_paused = true)]
async fn a_service_is_degraded_while_one_of_its_replicas_keeps_crashing() {
    let world = World::new();
    let key = world.service("web", 2);
    let id = world.deploy(key, with_port("listen 80 0"));
    world.until_word(id, "live").await;
    world.until_condition(key, Condition::Running).await;
    let before = conditions(&world).len();

    let [steady, shaky] = world.containers(key).try_into().expect("there are two");
    for _ in 0..8 {
        world.engine.crash(&shaky.id, 1);
        world.pass(Duration::from_secs(9)).await;
    }
    world.until_condition(key, Condition::Running).await;

    assert_eq!(conditions(&world)[before..], [Condition::Degraded, Condition::Running]);
    assert_eq!(world.rollouts.word(id), "live");
    let steady_now = world.engine.container(&steady.id).expect("it is there");
    assert_eq!(steady_now.started_at, steady.started_at, "the other one was not touched");
}

// DK-135, W22: what answers each time and dies each time was never ready: who served goes on.
#[tokio::test(start_paused = true)]
async fn what_has_crashed_must_answer_and_stay_up_before_it_is_promoted() {
    let world = World::new();
    let key = world.live_with("web", 2, with_port("listen 80 0")).await;
    let before = world.containers(key);

    // Each life is shorter than it takes both to answer.
    let id = world.deploy(key, with_port("listen 80 3000 exit 1 2500"));
    world.until_word(id, "failed").await;
    assert_eq!(world.failure(id).exit_code, Some(1));
    world.until("the old ones are left", |world| world.containers(key) == before).await;

    // One of two crashes once, then answers: it has to stay up for ten seconds.
    let since = world.now();
    let id = world.deploy(key, with_port("listen 80 1000"));
    world.until_word(id, "checking").await;
    let young = world.containers(key).into_iter().find(|it| !before.contains(it));
    world.engine.crash(&young.expect("it is there").id, 1);
    world.until_word(id, "live").await;
    let took = world.now().since(since).as_secs();
    assert!((10..13).contains(&took), "{took} s");
    world.assert_at_rest().await;
}

/// What the only service was said to be like, in order.
fn conditions(world: &World) -> Vec<Condition> {
    let journal = world.rollouts.journal().into_iter();
    journal
        .filter_map(|(_, step)| match step {
            Step::ConditionChanged { condition, .. } => Some(condition),
            _ => None,
        })
        .collect()
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
