//! What people do with the `docker` client is mended within seconds, and told.

use crate::support::{Addresses, Simulation};
use domain::{
    deployment::Condition,
    rollout::{IncidentKind, ServiceKey},
    runtime::{ContainerState, ReplicaHandle},
    testing::{SimEngine, engine::Faults},
};
use std::{sync::Mutex, time::Duration};

/// Does something to a live service's container; it must be mended and told, and then be at rest,
/// whoever says where it answers.
async fn mended(act: impl Fn(&SimEngine, &ReplicaHandle, ServiceKey)) -> (Simulation, ServiceKey) {
    mended_of(Addresses::Chosen, &act).await;
    mended_of(Addresses::Kept, &act).await
}

async fn mended_of(
    addresses: Addresses,
    act: impl Fn(&SimEngine, &ReplicaHandle, ServiceKey),
) -> (Simulation, ServiceKey) {
    let simulation = Simulation::of(addresses);
    let key = simulation.live("web", 1, "listen 80 0").await;
    let before = simulation.now();

    act(&simulation.engine, &simulation.only(key).id, key);
    simulation.pass(Duration::from_millis(1)).await;
    simulation.until("it is back", |simulation| simulation.is_healthy(key, 1)).await;

    assert!(simulation.now().since(before) < Duration::from_secs(5));
    simulation.until_condition(key, domain::deployment::Condition::Running).await;
    simulation.assert_at_rest().await;
    assert!(simulation.only(key).serves, "its name leads to it");
    (simulation, key)
}

fn told(simulation: &Simulation) -> Vec<IncidentKind> {
    simulation.incidents().into_iter().map(|incident| incident.kind).collect()
}

// F37, DK-132, W24: a killed container suppresses the engine's restart policy.
#[tokio::test(start_paused = true)]
async fn a_killed_container_is_back_within_seconds_and_history_says_why() {
    let (simulation, _) = mended(|engine, container, _| engine.kill(container)).await;

    let incident = simulation.incidents().pop().expect("it is told");
    assert_eq!(incident.exit_code, Some(137));
    assert!(incident.text.contains("killed outside Easel"), "{}", incident.text);
    assert_eq!(told(&simulation), [IncidentKind::Stopped]);
}

// Engines tell of a death at once, and let nobody look before they have cleaned up.
#[tokio::test(start_paused = true)]
async fn a_death_is_told_before_the_engine_lets_anybody_look() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 2, "listen 80 0").await;
    simulation.until_condition(key, Condition::Running).await;
    let faults = Faults {
        until: simulation.now().plus(Duration::from_secs(60)),
        latency: Duration::from_secs(2),
        ..Default::default()
    };
    simulation.engine.set_faults(faults);

    simulation.engine.crash(&simulation.containers(key)[0].id, 1);
    simulation.pass(Duration::from_millis(20)).await;

    assert_eq!(simulation.condition(key), Some(Condition::Degraded));
    assert_eq!(told(&simulation), [], "what it means is written down when it was looked at");
    simulation.until_condition(key, Condition::Running).await;
    assert_eq!(told(&simulation), [IncidentKind::Crashed], "and it is told once");
}

// F37, DK-132, W24.
#[tokio::test(start_paused = true)]
async fn a_stopped_container_is_started_again() {
    let (simulation, _) = mended(|engine, container, _| engine.stop_by_hand(container)).await;

    assert_eq!(told(&simulation), [IncidentKind::Stopped]);
}

// F37.
#[tokio::test(start_paused = true)]
async fn a_paused_container_is_resumed() {
    let (simulation, _) = mended(|engine, container, _| engine.pause(container)).await;

    assert_eq!(told(&simulation), [IncidentKind::Paused]);
}

// F36, DK-132.
#[tokio::test(start_paused = true)]
async fn a_removed_container_is_made_again_at_its_address() {
    let before = Mutex::new(None);
    let (simulation, key) = mended(|engine, container, _| {
        *before.lock().expect("no panic") = engine.container(container).and_then(|it| it.address());
        engine.remove_by_hand(container);
    })
    .await;

    assert_eq!(told(&simulation), [IncidentKind::Removed]);
    let before = before.into_inner().expect("no panic");
    assert!(before.is_some());
    assert_eq!(simulation.only(key).address(), before);
}

// F40: without a restart.
#[tokio::test(start_paused = true)]
async fn a_removed_network_is_made_again_and_its_members_come_back() {
    let (simulation, key) =
        mended(|engine, _, key| engine.remove_environment_by_hand(key.environment)).await;

    assert_eq!(told(&simulation), [IncidentKind::Disconnected]);
    assert_eq!(simulation.engine.state().starts[&key.service], 1);
}

// F45, DK-132, W24: what cannot be removed is replaced under another name.
#[tokio::test(start_paused = true)]
async fn a_dead_container_is_replaced() {
    let (simulation, _) =
        mended(|engine, container, _| engine.force_state(container, ContainerState::Dead)).await;

    assert_eq!(told(&simulation), [IncidentKind::Replaced]);
}

// F29, F30: the engine itself was restarted or killed: nothing is redeployed, no crash counted.
#[tokio::test(start_paused = true)]
async fn an_engine_that_restarts_ten_times_is_no_crash_loop() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    let container = simulation.only(key).id;

    for at in 0..12 {
        if at % 2 == 0 {
            simulation.engine.restart();
        } else {
            simulation.engine.crash_engine();
        }
        simulation.pass(Duration::from_secs(20)).await;
    }
    simulation.until("it is well", |simulation| simulation.is_healthy(key, 1)).await;

    assert_eq!(simulation.only(key).id, container);
    assert!(!told(&simulation).contains(&IncidentKind::Crashed), "{:?}", told(&simulation));
    simulation.assert_at_rest().await;
}

// F34, I3: nobody was told; the next look at everything finds it.
#[tokio::test(start_paused = true)]
async fn what_no_event_told_is_found_by_the_next_look_at_everything() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    let faults = domain::testing::engine::Faults {
        until: simulation.now().plus(Duration::from_secs(3600)),
        lost_event: 100,
        ..Default::default()
    };
    simulation.engine.set_faults(faults);
    let before = simulation.now();

    simulation.engine.kill(&simulation.only(key).id);
    simulation.pass(Duration::from_millis(100)).await;
    simulation.until("it is back", |simulation| simulation.is_healthy(key, 1)).await;

    assert!(simulation.now().since(before) <= Duration::from_secs(31));
}
