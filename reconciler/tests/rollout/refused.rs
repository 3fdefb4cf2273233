//! Starts that the engine refuses, and creations: another container takes the place of what is of no
//! use any more, with pauses, and nobody's attempts are used up by it.

use crate::support::{Simulation, with_port};
use domain::{
    VolumeId,
    deployment::Condition,
    rollout::{IncidentKind, ServiceKey, Step},
    runtime::RuntimeError,
    testing::{CallKind, engine::SimContainer, rollouts::config_with_volume},
};
use std::time::Duration;
use uuid::Uuid;

fn kinds(simulation: &Simulation) -> Vec<IncidentKind> {
    simulation.incidents().into_iter().map(|it| it.kind).collect()
}

/// How often it was asked for this since the last time.
fn asked(simulation: &Simulation, kind: CallKind) -> usize {
    simulation.engine.take_calls().into_iter().filter(|call| call.kind == kind).count()
}

fn is_other(simulation: &Simulation, key: ServiceKey, before: &[SimContainer]) -> bool {
    simulation.containers(key).iter().all(|it| !before.iter().any(|old| old.id == it.id))
}

// F29, F30: the engine was killed after its containers, and starts none of them any more.
#[tokio::test(start_paused = true)]
async fn live_replicas_that_the_engine_starts_no_more_are_replaced() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let web = simulation.live_with("web", 3, with_port("listen 80 0")).await;
    let db = simulation.live_with("db", 1, config_with_volume("listen 80 0", volume)).await;
    let before = [simulation.containers(web), simulation.containers(db)].concat();

    for _ in 0..3 {
        simulation.engine.crash_engine_after_its_containers();
        let killed = simulation.now();
        simulation.pass(Duration::from_millis(20)).await;
        for (key, count) in [(web, 3), (db, 1)] {
            simulation.until("they are back", |it| it.is_healthy(key, count)).await;
            simulation.until_condition(key, Condition::Running).await;
        }
        let took = simulation.now().since(killed);
        assert!(took < Duration::from_secs(15), "{took:?}");
        simulation.assert_at_rest().await;
    }

    assert!(is_other(&simulation, web, &before) && is_other(&simulation, db, &before));
    let told = kinds(&simulation);
    assert_eq!(told.iter().filter(|it| **it == IncidentKind::Replaced).count(), 12, "{told:?}");
    assert!(!told.contains(&IncidentKind::Crashed), "an engine's end is no crash: {told:?}");
}

// F30: a candidate is not failed for it, and no attempt is counted.
#[tokio::test(start_paused = true)]
async fn a_candidate_that_the_engine_starts_no_more_gets_another_container() {
    for command in ["listen 80 4000", "listen 80 500"] {
        let simulation = Simulation::new();
        let key = simulation.live_with("web", 2, with_port("listen 80 0")).await;
        let before = simulation.containers(key);
        let id = simulation.deploy(key, with_port(command));
        simulation
            .until("its containers are made", |it| it.containers(key).len() == before.len() + 2)
            .await;

        simulation.engine.crash_engine_after_its_containers();
        simulation.until_word(id, "live").await;
        simulation.until("it is alone", |it| it.is_healthy(key, 2)).await;

        assert!(is_other(&simulation, key, &before));
        let attempts = simulation.rollouts.deployment(id).map(|it| it.attempts);
        assert_eq!(attempts, Some(0), "{command}");
        simulation.assert_at_rest().await;
    }
}

// F30, F45: it refuses each of them, for a minute: another one is made from time to time, not without end.
#[tokio::test(start_paused = true)]
async fn an_engine_that_refuses_every_start_is_given_time() {
    let simulation = Simulation::new();
    let refusal = RuntimeError::Unstartable("id already in use".to_owned());
    simulation.engine.set_refusal(CallKind::Start, Some(refusal));
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.pass(Duration::from_secs(60)).await;
    let made = asked(&simulation, CallKind::Create);
    assert_eq!(simulation.rollouts.state_name(id), "starting");

    simulation.engine.set_refusal(CallKind::Start, None);
    simulation.until_word(id, "live").await;

    assert!((4..=20).contains(&made), "{made} in a minute");
    assert_eq!(simulation.rollouts.deployment(id).map(|it| it.attempts), Some(0));
    simulation.until("what was in vain is gone", |it| it.is_healthy(key, 1)).await;
    simulation.assert_at_rest().await;
}

// F45: the name is blocked for a minute: other names are tried, with pauses.
#[tokio::test(start_paused = true)]
async fn a_creation_that_finds_the_engine_busy_is_tried_under_other_names_with_pauses() {
    let simulation = Simulation::new();
    let refusal = RuntimeError::Busy("removal is in progress".to_owned());
    simulation.engine.set_refusal(CallKind::Create, Some(refusal));
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.pass(Duration::from_secs(60)).await;
    let made = asked(&simulation, CallKind::Create);

    simulation.engine.set_refusal(CallKind::Create, None);
    simulation.until_word(id, "live").await;

    assert!((4..=20).contains(&made), "{made} in a minute");
    simulation.assert_at_rest().await;
}

// F55: whatever words the engine finds for it: what has run before and is refused now is replaced, once.
#[tokio::test(start_paused = true)]
async fn what_has_run_and_is_refused_is_replaced_once_and_its_successor_is_tried_for_ever() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
    let before = simulation.containers(key);
    simulation.engine.set_broken([(CallKind::Start, None)].into());
    drop(simulation.engine.take_calls());

    simulation.engine.kill(&before[0].id);
    simulation.pass(Duration::from_secs(120)).await;
    let made = asked(&simulation, CallKind::Create);
    let why = simulation.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
    simulation.engine.set_broken([].into());
    simulation.until("it is back", |it| it.is_healthy(key, 1)).await;

    assert_eq!(made, 1, "the new one cannot be blamed for its past: it is tried again");
    assert!(why.is_some_and(|why| why.contains("500: something went wrong")));
    assert!(is_other(&simulation, key, &before));
    simulation.until_condition(key, Condition::Running).await;
    simulation.assert_at_rest().await;
}

// F28, F30, F31: an engine that is away or hangs uses up nobody's attempts, however long.
#[tokio::test(start_paused = true)]
async fn an_outage_is_no_attempt() {
    use domain::testing::engine::Outage;
    for outage in [Outage::Absent, Outage::Hung] {
        let simulation = Simulation::new();
        let key = simulation.service("web", 2);
        let id = simulation.deploy(key, with_port("listen 80 3000"));
        for _ in 0..8 {
            simulation.engine.set_outage(Some(outage));
            simulation.pass(Duration::from_secs(7)).await;
            simulation.engine.set_outage(None);
            simulation.pass(Duration::from_millis(1_300)).await;
        }
        simulation.until_word(id, "live").await;

        assert_eq!(simulation.rollouts.deployment(id).map(|it| it.attempts), Some(0));
        let counted = simulation.rollouts.journal().into_iter();
        let counted = counted.filter(|(_, step)| matches!(step, Step::Attempted { .. })).count();
        assert_eq!(counted, 0, "{outage:?}");
    }
}
