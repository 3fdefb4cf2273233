//! Crash loops of what serves.

use crate::support::{Simulation, with_port};
use domain::{
    deployment::Condition,
    rollout::{IncidentKind, Step},
    runtime::{ContainerState, RestartPolicy},
    testing::{CallKind, rollouts::config},
};
use std::time::Duration;

// F50, DK-137: given up after ten crashes, by the engine's own pauses; the deployment stays live.
#[tokio::test(start_paused = true)]
async fn a_service_that_keeps_crashing_is_given_up_and_left_alone() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("exit 1 11000"));
    simulation.until_word(id, "live").await;
    let container = simulation.only(key).id;

    simulation.until_condition(key, Condition::Crashed).await;

    let observed = simulation.only(key);
    assert_eq!((observed.state, observed.restart), (ContainerState::Exited, RestartPolicy::No));
    assert_eq!(observed.id, container);
    assert_eq!(simulation.rollouts.state_name(id), "live");
    let told: Vec<_> = simulation.incidents().into_iter().map(|it| it.kind).collect();
    assert_eq!(told.iter().filter(|it| **it == IncidentKind::GaveUp).count(), 1);
    assert!(told.iter().filter(|it| **it == IncidentKind::Crashed).count() >= 9, "{told:?}");
    assert!(simulation.engine.state().starts[&key.service] <= 12);
    simulation.assert_at_rest().await;
}

// DK-42, DK-137, W23: between two crashes it is not running again just because a process exists, or
// because it answers each time.
#[tokio::test(start_paused = true)]
async fn the_condition_of_a_crash_loop_does_not_flap() {
    for command in ["work", "listen 80 0", "listen 80 0 exit 1 4000", "listen 80 1000 exit 1 8000"]
    {
        let simulation = Simulation::new();
        let key = simulation.service("web", 1);
        let is_asked = command.contains("listen");
        let id =
            simulation.deploy(key, if is_asked { with_port(command) } else { config(command) });
        simulation.until_word(id, "live").await;
        let is_hopeless = command.contains("exit");

        // The others die every three seconds for a while.
        let container = simulation.only(key).id;
        for _ in 0..if is_hopeless { 0 } else { 8 } {
            simulation.engine.crash(&container, 1);
            simulation.pass(Duration::from_secs(3)).await;
            simulation
                .until("it runs", |simulation| {
                    simulation.only(key).state == ContainerState::Running
                })
                .await;
        }

        let end = if is_hopeless { Condition::Crashed } else { Condition::Running };
        simulation.until_condition(key, end).await;
        let told = conditions(&simulation);
        let first = told.iter().position(|it| *it == Condition::Running).expect("it ran");
        assert_eq!(told[first + 1..], [Condition::Restarting, end], "{command}");
        assert_eq!(simulation.rollouts.state_name(id), "live");
        simulation.assert_at_rest().await;
    }
}

// DK-137, W23: one of two keeps crashing: the service is degraded, all the time, until it stays up.
#[tokio::test(start_paused = true)]
async fn a_service_is_degraded_while_one_of_its_replicas_keeps_crashing() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 2);
    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.until_word(id, "live").await;
    simulation.until_condition(key, Condition::Running).await;
    let before = conditions(&simulation).len();

    let [steady, shaky] = simulation.containers(key).try_into().expect("there are two");
    for _ in 0..8 {
        simulation.engine.crash(&shaky.id, 1);
        simulation.pass(Duration::from_secs(9)).await;
    }
    simulation.until_condition(key, Condition::Running).await;

    assert_eq!(conditions(&simulation)[before..], [Condition::Degraded, Condition::Running]);
    assert_eq!(simulation.rollouts.state_name(id), "live");
    let steady_now = simulation.engine.container(&steady.id).expect("it is there");
    assert_eq!(steady_now.started_at, steady.started_at, "the other one was not touched");
}

// DK-135, W22: what answers each time and dies each time was never ready: who served goes on.
#[tokio::test(start_paused = true)]
async fn what_has_crashed_must_answer_and_stay_up_before_it_is_promoted() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 2, with_port("listen 80 0")).await;
    let before = simulation.containers(key);

    // Each life is shorter than it takes both to answer.
    let id = simulation.deploy(key, with_port("listen 80 3000 exit 1 2500"));
    simulation.until_word(id, "failed").await;
    assert_eq!(simulation.failure(id).exit_code, Some(1));
    simulation
        .until("the old ones are left", |simulation| simulation.containers(key) == before)
        .await;

    // One of two crashes once, then answers: it has to stay up for ten seconds.
    let since = simulation.now();
    let id = simulation.deploy(key, with_port("listen 80 1000"));
    simulation.until_word(id, "checking").await;
    let young = simulation.containers(key).into_iter().find(|it| !before.contains(it));
    simulation.engine.crash(&young.expect("it is there").id, 1);
    simulation.until_word(id, "live").await;
    let took = simulation.now().since(since).as_secs();
    assert!((10..13).contains(&took), "{took} s");
    simulation.assert_at_rest().await;
}

/// What the only service was said to be like, in order.
fn conditions(simulation: &Simulation) -> Vec<Condition> {
    let journal = simulation.rollouts.journal().into_iter();
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
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("exit 1 11000"));
    simulation.until_word(id, "live").await;
    simulation.until_condition(key, Condition::Crashed).await;

    let next = simulation.deploy(key, config("work"));
    simulation.until_word(next, "live").await;
    simulation.until_condition(key, Condition::Running).await;

    assert_eq!(simulation.containers(key).len(), 1);
    simulation.assert_at_rest().await;
}

// DK-138: what is known of crashes outlives us.
#[tokio::test(start_paused = true)]
async fn crashes_are_remembered_over_a_restart_of_easel() {
    let mut simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("exit 1 11000"));
    simulation.until_word(id, "live").await;

    for _ in 0..30 {
        if simulation.condition(key) == Some(Condition::Crashed) {
            break;
        }
        simulation.pass(Duration::from_secs(7)).await;
        simulation.restart().await;
    }

    simulation.until_condition(key, Condition::Crashed).await;
    assert!(simulation.engine.state().starts[&key.service] <= 13);
    simulation.assert_at_rest().await;
}

// Somebody starts by hand what was given up: it gets another chance.
#[tokio::test(start_paused = true)]
async fn a_crashed_one_that_is_started_by_hand_gets_another_chance() {
    use domain::runtime::Runtime;
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("exit 1 11000"));
    simulation.until_word(id, "live").await;
    simulation.until_condition(key, Condition::Crashed).await;
    let container = simulation.only(key).id;

    simulation.engine.start(&container).await.expect("it can be started");
    simulation.until_condition(key, Condition::Running).await;

    simulation.until_condition(key, Condition::Crashed).await;
}

// F50: a new replica of what is live, which keeps ending: each pause is twice the one before, a minute at
// most, and after ten ends it is left alone.
#[tokio::test(start_paused = true)]
async fn a_newcomer_that_keeps_ending_is_started_ever_more_slowly() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    let steady = simulation.only(key).id;
    simulation.engine.set_program("exit 1 50");
    simulation.rollouts.scale(key, 2);
    simulation.trigger(key);
    drop(simulation.engine.take_calls());

    simulation
        .until("it is given up", |it| {
            it.incidents().iter().any(|it| it.kind == IncidentKind::GaveUp)
        })
        .await;

    let shaky = simulation.containers(key).into_iter().find(|it| it.id != steady);
    let shaky = shaky.expect("it is there").id;
    let calls = simulation.engine.take_calls().into_iter();
    let starts: Vec<_> = calls
        .filter(|it| it.kind == CallKind::Start && it.container.as_ref() == Some(&shaky))
        .map(|it| it.at)
        .collect();
    let pauses: Vec<_> =
        starts.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f32().round()).collect();
    assert_eq!(pauses, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
    assert!(simulation.engine.container(&steady).is_some_and(|it| it.is_alive()));
    simulation.assert_at_rest().await;
}
