//! Where replicas answer is what the engine reports, and nobody knows better.

use crate::support::{Addresses, World, with_port};
use domain::{
    deployment::Condition,
    network::{ADDRESS_HOLD, Pool},
    rollout::Step,
    testing::CallKind,
};
use reconciler::Settings;
use std::time::Duration;

/// A world whose environments have addresses for five replicas.
fn narrow() -> World {
    let range = "10.1.0.0/24".parse().expect("these are addresses");
    World::keeping(Settings::default(), Pool { range, size: 29 })
}

// Design §1: an engine may give another address at each start; who asks finds it there.
#[tokio::test(start_paused = true)]
async fn a_replica_that_moves_is_followed() {
    let world = World::of(Addresses::Chosen);
    let key = world.live_with("web", 1, with_port("listen 80 0")).await;
    let mut seen = vec![world.only(key).address()];
    drop(world.engine.take_calls());

    for _ in 0..3 {
        world.engine.crash(&world.only(key).id, 1);
        world.pass(Duration::from_secs(1)).await;
        world.until_condition(key, Condition::Running).await;
        seen.push(world.only(key).address());
    }
    world.engine.restart();
    world.pass(Duration::from_secs(15)).await;
    seen.push(world.only(key).address());
    world.until_condition(key, Condition::Running).await;

    let moved = world.engine.take_calls().iter().any(|it| it.kind == CallKind::SetServing);
    assert!(!moved, "nobody brings it back to where it was");
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all, "always somewhere else: {seen:?}");
    world.assert_at_rest().await;
}

// Design §4: no free address is no failure: it waits, says so, and goes on by itself, whatever deadline
// there is, and however often Easel is started anew meanwhile.
#[tokio::test(start_paused = true)]
async fn a_deployment_waits_for_a_free_address_and_goes_on_by_itself() {
    let mut world = narrow();
    let first = world.live_with("first", 4, with_port("listen 80 0")).await;
    let key = world.service("late", 2);
    let id = world.deploy(key, with_port("listen 80 0"));
    world.pass(Duration::from_secs(20 * 60)).await;
    world.restart().await;
    world.pass(Duration::from_secs(20 * 60)).await;

    let waiting = world.rollouts.deployment(id).expect("it is there");
    assert_eq!((waiting.state.word(), waiting.attempts), ("starting", 0));
    let why = waiting.state.waiting().expect("it says why").to_owned();
    assert!(why.contains("all 5 addresses"), "{why}");
    assert_eq!(told(&world, id), 1, "it says so once");
    assert!(world.is_healthy(first, 4));

    let freed = world.now();
    world.rollouts.scale(first, 3);
    world.nudge(first);
    world.until_word(id, "live").await;

    let took = world.now().since(freed);
    assert!((ADDRESS_HOLD..ADDRESS_HOLD + Duration::from_secs(45)).contains(&took), "{took:?}");
    assert!(world.is_healthy(key, 2));
    world.until_condition(key, Condition::Running).await;
    world.assert_at_rest().await;
}

/// How often it was written down that a deployment waits.
fn told(world: &World, id: domain::DeploymentId) -> usize {
    use domain::deployment::Milestone;
    let is_told = |step: &Step| matches!(step, Step::Reached { deployment, milestone: Milestone::Waiting(_) } if *deployment == id);
    world.rollouts.journal().iter().filter(|(_, step)| is_told(step)).count()
}

// Design §4: who serves goes on serving, and what is to come is said.
#[tokio::test(start_paused = true)]
async fn a_replica_more_than_there_are_addresses_waits_and_the_others_serve() {
    let world = narrow();
    let key = world.live("web", 5, "listen 80 0").await;

    world.rollouts.scale(key, 6);
    world.nudge(key);
    world.until_condition(key, Condition::Degraded).await;
    world.pass(Duration::from_secs(300)).await;

    let why = world.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
    assert!(why.is_some_and(|why| why.contains("all 5 addresses")));
    assert!(world.is_healthy(key, 5));
    world.rollouts.scale(key, 5);
    world.nudge(key);
    world.until_condition(key, Condition::Running).await;
    world.assert_at_rest().await;
}

// What waits costs little: it is asked ever more rarely, and nothing is written again and again.
#[tokio::test(start_paused = true)]
async fn waiting_costs_a_question_from_time_to_time() {
    let world = narrow();
    world.live("first", 5, "listen 80 0").await;
    let key = world.service("late", 1);
    world.deploy(key, with_port("listen 80 0"));
    world.pass(Duration::from_secs(120)).await;
    let writes = world.rollouts.writes();
    drop(world.engine.take_calls());

    world.pass(Duration::from_secs(300)).await;

    let calls = world.engine.take_calls();
    let made = calls.iter().filter(|call| call.kind.is_mutation()).count();
    assert_eq!(world.rollouts.writes(), writes);
    assert!((10..=20).contains(&made), "{made} in five minutes");
}
