//! From one deployment to the next: who stops when, and whom the name leads to.

use crate::support::Simulation;
use domain::{
    VolumeId,
    deployment::{Condition, RunConfig},
    readiness::{HealthCheck, Probe},
    runtime::{ContainerState, RuntimeError},
    testing::{
        CallKind,
        rollouts::{config, config_with_volume},
    },
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

fn with_port(config: RunConfig) -> RunConfig {
    let probe = Probe::Tcp { port: 80.try_into().expect("this is a port") };
    RunConfig { check: HealthCheck { probe, ..HealthCheck::default() }, ..config }
}

// Design §4: start first. The new one is ready before the old one stops.
#[tokio::test(start_paused = true)]
async fn the_old_one_stops_only_when_the_new_one_has_its_name() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 2, with_port(config("listen 80 0"))).await;
    let old: Vec<_> = simulation.containers(key).into_iter().map(|it| it.id).collect();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&calls);
    let clock = simulation.clock.clone();
    simulation.engine.set_watcher(Some(Arc::new(move |state, call| {
        let now = domain::Clock::now(&*clock);
        let serving = state
            .containers
            .values()
            .filter(|it| it.is_healthy(now) && it.serves)
            .filter(|it| Some(&it.id) != call.container.as_ref())
            .count();
        observed.lock().expect("no panic").push((call.kind, serving));
    })));

    let id = simulation.deploy(key, with_port(config("listen 80 700")));
    simulation.until_word(id, "live").await;

    assert!(simulation.containers(key).iter().all(|it| !old.contains(&it.id)));
    let calls = calls.lock().expect("no panic").clone();
    let stops: Vec<_> = calls.iter().filter(|(kind, _)| *kind == CallKind::Stop).collect();
    assert_eq!(stops.len(), 2);
    assert!(stops.iter().all(|(_, serving)| *serving >= 2), "{stops:?}");
    assert!(calls.iter().all(|(_, serving)| *serving >= 1), "{calls:?}");
    simulation.assert_at_rest().await;
}

// Design §4: a name is taken from each before it is stopped, and those who come after all have theirs.
#[tokio::test(start_paused = true)]
async fn each_name_is_taken_away_before_its_container_is_stopped() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 3, with_port(config("listen 80 0"))).await;
    let old: Vec<_> = simulation.containers(key).into_iter().map(|it| it.id).collect();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (heard, before) = (Arc::clone(&told), old.clone());
    simulation.engine.set_watcher(Some(Arc::new(move |state, call| {
        let Some(container) = call.container.as_ref().filter(|it| before.contains(it)) else {
            return;
        };
        let serve =
            |it: &&domain::testing::engine::SimContainer| it.serves && !before.contains(&it.id);
        let new = state.containers.values().filter(serve).count();
        let named = state.containers[container].serves;
        heard.lock().expect("no panic").push((call.kind, new, named));
    })));

    let id = simulation.deploy(key, with_port(config("listen 80 700")));
    simulation.until_word(id, "live").await;

    let told = told.lock().expect("no panic").clone();
    let of = |kind| told.iter().filter(move |(it, ..)| *it == kind).collect::<Vec<_>>();
    assert_eq!(of(CallKind::SetServing).len(), 3, "{told:?}");
    assert!(of(CallKind::SetServing).iter().all(|(_, new, named)| *new == 3 && *named), "{told:?}");
    assert_eq!(of(CallKind::Stop).len(), 3, "{told:?}");
    assert!(of(CallKind::Stop).iter().all(|(_, new, named)| *new == 3 && !named), "{told:?}");
}

// I5: one of three falls silent as they take over: the old ones stay until it answers again.
#[tokio::test(start_paused = true)]
async fn the_old_ones_stay_while_one_of_the_new_ones_does_not_answer() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 3, with_port(config("listen 80 0"))).await;
    let old: Vec<_> = simulation.containers(key).into_iter().map(|it| it.id).collect();
    let refused = RuntimeError::Busy("later".to_owned());
    simulation.engine.set_refusal(CallKind::SetServing, Some(refused));
    let id = simulation.deploy(key, with_port(config("listen 80 0")));
    simulation.until_word(id, "draining").await;
    let new: Vec<_> =
        simulation.containers(key).into_iter().filter(|it| !old.contains(&it.id)).collect();

    simulation.engine.silence(&new[1].id, Duration::from_secs(180));
    simulation.pass(Duration::from_secs(90)).await;
    simulation.engine.set_refusal(CallKind::SetServing, None);
    simulation.pass(Duration::from_secs(60)).await;
    let kept = simulation.containers(key);
    simulation.until_word(id, "live").await;

    assert!(old.iter().all(|id| kept.iter().any(|it| it.id == *id && it.serves)), "{kept:#?}");
    simulation.until("the old ones have gone", |it| it.is_healthy(key, 3)).await;
    simulation.assert_at_rest().await;
}

// I3: what runs and answers no more is said to be unwell, and well again when it answers.
#[tokio::test(start_paused = true)]
async fn a_live_replica_that_falls_silent_is_no_replica_at_work() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 2, with_port(config("listen 80 0"))).await;
    let id = simulation.containers(key)[0].id.clone();

    simulation.engine.silence(&id, Duration::from_secs(120));
    simulation.until_condition(key, Condition::Degraded).await;
    simulation.until_condition(key, Condition::Running).await;

    let it = simulation.engine.container(&id).expect("it is there");
    assert_eq!(it.restart_count, 0, "nobody ends what may be busy");
    simulation.assert_at_rest().await;
}

// F65: whatever number is asked for, a volume that old and new take turns on has one writer.
#[tokio::test(start_paused = true)]
async fn three_replicas_with_a_volume_are_one_writer() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = simulation.live_with("db", 3, with_port(config("listen 80 0"))).await;
    let most = Arc::new(Mutex::new(0));
    let observed = Arc::clone(&most);
    simulation.engine.set_watcher(Some(Arc::new(move |state, _| {
        let writers = state.containers.values().filter(|it| it.is_alive() && !it.mounts.is_empty());
        let mut most = observed.lock().expect("no panic");
        *most = writers.count().max(*most);
    })));

    for command in ["listen 80 0", "listen 80 100"] {
        let id = simulation.deploy(key, with_port(config_with_volume(command, volume)));
        simulation.until_word(id, "live").await;
        simulation.until("it is alone", |it| it.is_healthy(key, 1)).await;
        simulation.until_condition(key, Condition::Running).await;
    }
    simulation.rollouts.scale(key, 5);
    simulation.trigger(key);
    simulation.assert_at_rest().await;
    assert!(simulation.is_healthy(key, 1));
    let back = simulation.deploy(key, with_port(config("listen 80 0")));
    simulation.until_word(back, "live").await;

    simulation.until("there are five again", |it| it.is_healthy(key, 5)).await;
    assert_eq!(*most.lock().expect("no panic"), 1);
    simulation.assert_at_rest().await;
}

// Design §4: nobody resolves a candidate.
#[tokio::test(start_paused = true)]
async fn no_name_leads_to_a_candidate() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port(config("listen 80 0"))).await;
    let old = simulation.only(key).id;

    let id = simulation.deploy(key, with_port(config("listen 8080 0")));
    simulation
        .until("it is over", |simulation| {
            let containers = simulation.containers(key);
            let named: Vec<_> = containers.iter().filter(|it| it.serves).collect();
            assert!(named.iter().all(|it| it.id == old), "{named:?}");
            simulation.rollouts.state_name(id) == "failed"
        })
        .await;
}

// DK-51, DK-52, F65, W3: one writer at a time, and the old one is back when the new one fails.
#[tokio::test(start_paused = true)]
async fn with_a_volume_old_and_new_never_run_at_once() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = simulation.live_with("db", 1, config_with_volume("listen 5432 0", volume)).await;
    let old = simulation.only(key).id;
    let most = Arc::new(Mutex::new(0));
    let words = Arc::new(Mutex::new(BTreeSet::new()));
    let (observed, said, rollouts) =
        (Arc::clone(&most), Arc::clone(&words), simulation.rollouts.clone());
    simulation.engine.set_watcher(Some(Arc::new(move |state, _| {
        let condition = rollouts.view(key).and_then(|view| view.condition);
        let word = condition.map(|(condition, _)| condition.deploykit_status());
        said.lock().expect("no panic").extend(word);
        let alive = state.containers.values().filter(|it| it.is_alive()).count();
        let mut most = observed.lock().expect("no panic");
        *most = alive.max(*most);
    })));

    let good = simulation.deploy(key, config_with_volume("listen 5432 10", volume));
    simulation.until_word(good, "live").await;
    assert_ne!(simulation.only(key).id, old);
    let said = std::mem::take(&mut *words.lock().expect("no panic"));
    assert!(said.contains("deploying") && !said.contains("failed"), "{said:?}");
    let serving = simulation.only(key).id;
    let bad = simulation.deploy(key, config_with_volume("exit 1 100", volume));
    simulation.until_word(bad, "failed").await;
    simulation.until("the one before is back", |simulation| simulation.is_healthy(key, 1)).await;

    assert_eq!(*most.lock().expect("no panic"), 1);
    assert_eq!(simulation.only(key).id, serving);
    simulation.until_condition(key, Condition::Running).await;
    let told = simulation.incidents();
    assert!(told.is_empty(), "what we did ourselves is no incident: {told:?}");
    simulation.assert_at_rest().await;
}

// F46, I8: a service that had data never gets an empty volume in silence.
#[tokio::test(start_paused = true)]
async fn a_missing_volume_stops_the_deployment_and_asks() {
    let simulation = Simulation::new();
    let volume = VolumeId::new(Uuid::from_u128(7));
    let key = simulation.live_with("db", 1, config_with_volume("listen 5432 0", volume)).await;
    let container = simulation.only(key).id;

    simulation.engine.remove_by_hand(&container);
    simulation.engine.remove_volume_by_hand(volume);
    simulation.until_condition(key, Condition::Missing).await;
    let next = simulation.deploy(key, config_with_volume("listen 5432 0", volume));
    simulation.until_word(next, "failed").await;

    let why = simulation.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
    assert!(why.is_some_and(|why| why.contains("missing from the engine")));
    assert!(simulation.failure(next).reason.contains("missing from the engine"));
    assert!(!simulation.engine.state().volumes.contains(&volume));
    assert_eq!(simulation.containers(key), []);
    simulation.assert_at_rest().await;
}

// F58 (without the proxy's monitor window): what dies right after the switch keeps the old one.
#[tokio::test(start_paused = true)]
async fn the_last_healthy_one_stays_when_the_new_one_dies_at_the_switch() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port(config("listen 80 0"))).await;
    let old = simulation.only(key).id;
    simulation.engine.set_broken([(CallKind::SetServing, None)].into());

    let id = simulation.deploy(key, with_port(config("listen 80 0")));
    simulation.until_word(id, "draining").await;
    simulation.pass(Duration::from_secs(60)).await;
    let kept = simulation.engine.container(&old).expect("it is kept");
    simulation.engine.set_broken([].into());
    simulation.until_word(id, "live").await;

    assert_eq!(kept.state, ContainerState::Running);
    assert!(kept.serves, "and its name still leads to it");
    simulation.until("it has gone", |simulation| simulation.containers(key).len() == 1).await;
    simulation.assert_at_rest().await;
}

// F04, I5, I9: a death at every call, and everything still comes out right.
#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_rollout_is_made_good() {
    use domain::testing::engine::CrashPoint;
    let kinds = [
        CallKind::EnsureImage,
        CallKind::EnsureEnvironment,
        CallKind::Create,
        CallKind::Start,
        CallKind::SetServing,
        CallKind::SetRestartPolicy,
        CallKind::Stop,
        CallKind::Remove,
    ];
    for kind in kinds {
        for gate in [CrashPoint::DieBefore, CrashPoint::DieAfter] {
            let mut simulation = Simulation::new();
            let key = simulation.live_with("web", 1, with_port(config("listen 80 0"))).await;
            let hit = Arc::new(Mutex::new(false));
            let observed = Arc::clone(&hit);
            simulation.engine.set_crash_hook(Some(Arc::new(move |call| {
                let mut hit = observed.lock().expect("no panic");
                if call.kind != kind || *hit {
                    return CrashPoint::Pass;
                }
                *hit = true;
                gate
            })));

            let id = simulation.deploy(key, with_port(config("listen 80 100")));
            simulation.until("it dies", |_| *hit.lock().expect("no panic")).await;
            simulation.pass(Duration::from_millis(50)).await;
            simulation.restart().await;
            simulation.until_word(id, "live").await;
            simulation.until("one is left", |simulation| simulation.is_healthy(key, 1)).await;
            simulation.until_condition(key, Condition::Running).await;

            assert!(
                simulation.incidents().is_empty(),
                "{kind:?} {gate:?}: {:?}",
                simulation.incidents()
            );
            simulation.assert_at_rest().await;
        }
    }
}

// F04: a death after every write, too.
#[tokio::test(start_paused = true)]
async fn a_death_after_any_write_of_a_rollout_is_made_good() {
    for write in 1..12 {
        let mut simulation = Simulation::new();
        let key = simulation.live_with("web", 1, with_port(config("listen 80 0"))).await;

        simulation.rollouts.die_after(Some(write));
        let id = simulation.deploy(key, with_port(config("listen 80 100")));
        simulation.pass(Duration::from_secs(20)).await;
        simulation.rollouts.die_after(None);
        simulation.restart().await;
        simulation.until_word(id, "live").await;
        simulation.until("one is left", |simulation| simulation.is_healthy(key, 1)).await;
        simulation.until_condition(key, Condition::Running).await;

        simulation.assert_at_rest().await;
    }
}

// I10: one rollout ends in the same moment in which the next one takes over.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_ends_as_the_next_one_takes_over_holds_nobody_up() {
    let mut simulation = Simulation::new();
    let key = simulation.service("web", 0);
    simulation.settle().await;
    simulation.rollouts.die_after(Some(1));
    let first = simulation.deploy(key, config("listen 80 0"));
    simulation.until_word(first, "draining").await;

    simulation.rollouts.die_after(None);
    let second = simulation.rollouts.deploy(key, config("listen 80 0"));
    simulation.restart().await;

    simulation.until_word(second, "live").await;
    assert_eq!(simulation.rollouts.state_name(first), "superseded");
    simulation.assert_at_rest().await;
}
