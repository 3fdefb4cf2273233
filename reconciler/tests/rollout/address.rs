//! Where replicas answer is what the engine reports, and nobody knows better.

use crate::support::{Addresses, Simulation, with_port};
use domain::{
    deployment::Condition,
    network::{ADDRESS_HOLD, Pool},
    rollout::Step,
    testing::CallKind,
};
use reconciler::Settings;
use std::time::Duration;

/// A world whose environments have addresses for five replicas.
fn narrow() -> Simulation {
    let range = "10.1.0.0/24".parse().expect("these are addresses");
    Simulation::keeping(Settings::default(), Pool { range, size: 29 })
}

// Design §1: an engine may give another address at each start; who asks finds it there.
#[tokio::test(start_paused = true)]
async fn a_replica_that_moves_is_followed() {
    let simulation = Simulation::of(Addresses::Chosen);
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
    let mut observed = vec![simulation.only(key).address()];
    drop(simulation.engine.take_calls());

    for _ in 0..3 {
        simulation.engine.crash(&simulation.only(key).id, 1);
        simulation.pass(Duration::from_secs(1)).await;
        simulation.until_condition(key, Condition::Running).await;
        observed.push(simulation.only(key).address());
    }
    simulation.engine.restart();
    simulation.pass(Duration::from_secs(15)).await;
    observed.push(simulation.only(key).address());
    simulation.until_condition(key, Condition::Running).await;

    let moved = simulation.engine.take_calls().iter().any(|it| it.kind == CallKind::SetServing);
    assert!(!moved, "nobody brings it back to where it was");
    let all = observed.len();
    observed.sort_unstable();
    observed.dedup();
    assert_eq!(observed.len(), all, "always somewhere else: {observed:?}");
    simulation.assert_at_rest().await;
}

// Design §4: no free address is no failure: it waits, says so, and goes on by itself, whatever deadline
// there is, and however often Easel is started anew meanwhile.
#[tokio::test(start_paused = true)]
async fn a_deployment_waits_for_a_free_address_and_goes_on_by_itself() {
    let mut simulation = narrow();
    let first = simulation.live_with("first", 4, with_port("listen 80 0")).await;
    let key = simulation.service("late", 2);
    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.pass(Duration::from_secs(20 * 60)).await;
    simulation.restart().await;
    simulation.pass(Duration::from_secs(20 * 60)).await;

    let waiting = simulation.rollouts.deployment(id).expect("it is there");
    assert_eq!((waiting.state.as_str(), waiting.attempts), ("starting", 0));
    let why = waiting.state.waiting().expect("it says why").to_owned();
    assert!(why.contains("all 5 addresses"), "{why}");
    assert_eq!(told(&simulation, id), 1, "it says so once");
    assert!(simulation.is_healthy(first, 4));

    let freed = simulation.now();
    simulation.rollouts.scale(first, 3);
    simulation.trigger(first);
    simulation.until_word(id, "live").await;

    let took = simulation.now().since(freed);
    assert!((ADDRESS_HOLD..ADDRESS_HOLD + Duration::from_secs(45)).contains(&took), "{took:?}");
    assert!(simulation.is_healthy(key, 2));
    simulation.until_condition(key, Condition::Running).await;
    simulation.assert_at_rest().await;
}

/// How often it was written down that a deployment waits.
fn told(simulation: &Simulation, id: domain::DeploymentId) -> usize {
    use domain::deployment::Transition;
    let loses_nothing = |step: &Step| matches!(step, Step::Reached { deployment, transition: Transition::Waiting(_) } if *deployment == id);
    simulation.rollouts.journal().iter().filter(|(_, step)| loses_nothing(step)).count()
}

// Design §4: who serves goes on serving, and what is to come is said.
#[tokio::test(start_paused = true)]
async fn a_replica_more_than_there_are_addresses_waits_and_the_others_serve() {
    let simulation = narrow();
    let key = simulation.live("web", 5, "listen 80 0").await;

    simulation.rollouts.scale(key, 6);
    simulation.trigger(key);
    simulation.until_condition(key, Condition::Degraded).await;
    simulation.pass(Duration::from_secs(300)).await;

    let why = simulation.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
    assert!(why.is_some_and(|why| why.contains("all 5 addresses")));
    assert!(simulation.is_healthy(key, 5));
    simulation.rollouts.scale(key, 5);
    simulation.trigger(key);
    simulation.until_condition(key, Condition::Running).await;
    simulation.assert_at_rest().await;
}

// What waits costs little: it is asked ever more rarely, and nothing is written again and again.
#[tokio::test(start_paused = true)]
async fn waiting_costs_a_question_from_time_to_time() {
    let simulation = narrow();
    simulation.live("first", 5, "listen 80 0").await;
    let key = simulation.service("late", 1);
    simulation.deploy(key, with_port("listen 80 0"));
    simulation.pass(Duration::from_secs(120)).await;
    let writes = simulation.rollouts.writes();
    drop(simulation.engine.take_calls());

    simulation.pass(Duration::from_secs(300)).await;

    let calls = simulation.engine.take_calls();
    let made = calls.iter().filter(|call| call.kind.is_mutation()).count();
    assert_eq!(simulation.rollouts.writes(), writes);
    assert!((10..=20).contains(&made), "{made} in five minutes");
}

// Design §4: candidates that were overtaken were found by nobody: what they had is free at once.
#[tokio::test(start_paused = true)]
async fn overtaken_candidates_leave_their_addresses_at_once() {
    let simulation = narrow();
    let key = simulation.live_with("web", 2, with_port("listen 80 0")).await;

    // Three are left: none of these is ever ready, and each is overtaken by the next.
    let mut id = None;
    for _ in 0..20 {
        id = Some(simulation.deploy(key, with_port("listen 8080 0")));
        simulation.pass(Duration::from_secs(5)).await;
    }
    let stuck = id.and_then(|id| simulation.rollouts.deployment(id)).expect("it is there");
    let good = simulation.deploy(key, with_port("listen 80 0"));
    simulation.until_word(good, "live").await;

    assert_eq!(stuck.state.as_str(), "checking", "it has its addresses: {stuck:?}");
    assert_eq!(told(&simulation, good), 0, "and so has the last one");
    simulation.assert_at_rest().await;
}

/// So many services of three replicas each, redeployed twice in a row; how many calls and writes that took.
async fn redeploy_twice(services: usize) -> (usize, u64) {
    let simulation = Simulation::new();
    let keys: Vec<_> = (0..services).map(|at| simulation.service(&format!("s-{at}"), 3)).collect();
    let mut newest = Vec::new();
    let deploy = || -> Vec<_> {
        let deploy = |key: &_| simulation.rollouts.deploy(*key, with_port("listen 80 50"));
        let ids = keys.iter().map(deploy).collect();
        simulation.reconciler().trigger(None);
        ids
    };
    let is_live = |ids: &[domain::DeploymentId]| {
        ids.iter().all(|id| simulation.rollouts.state_name(*id) == "live")
    };
    drop(simulation.engine.take_calls());
    let writes = simulation.rollouts.writes();
    for _ in 0..3 {
        newest = deploy();
        simulation.until("all of them are live", |_| is_live(&newest)).await;
    }

    for id in newest {
        assert_eq!(simulation.rollouts.deployment(id).map(|it| it.attempts), Some(0));
    }
    assert!(keys.iter().all(|key| simulation.is_healthy(*key, 3)));
    (simulation.engine.take_calls().len(), simulation.rollouts.writes() - writes)
}

// Design §4, §8: all live, and no service costs more work for being one of many.
#[tokio::test(start_paused = true)]
async fn a_hundred_services_of_three_replicas_are_redeployed_twice_in_a_row() {
    let (few_calls, few_writes) = redeploy_twice(10).await;
    let (calls, writes) = redeploy_twice(100).await;

    assert!(calls <= few_calls * 12, "{calls} calls for a hundred, {few_calls} for ten");
    assert!(writes <= few_writes * 12, "{writes} writes for a hundred, {few_writes} for ten");
}
