//! Seeded bugs of the moment in which one deployment takes over from another.

use super::{chain, is_found, with};
use crate::{
    chaos::Violations,
    judge::Judge,
    support::{Addresses, Simulation, with_port},
};
use domain::{
    Strategy, Timestamp,
    deployment::DeploymentState,
    runtime::{ContainerState, ReplicaHandle, RestartPolicy, Serving},
    testing::{CallKind, engine::CrashPoint},
};
use reconciler::{
    Rules, Settings,
    action::{Action, Chain, Plan},
    plan,
    situation::{ObservedContainer, Situation},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Ends a container as the planner would: first its name, then itself.
fn let_go(container: &ReplicaHandle) -> Vec<Chain> {
    let container = container.clone();
    chain(vec![
        Action::SetServing { container: container.clone(), serving: Serving::No },
        Action::Stop { container, grace: Duration::ZERO },
    ])
}

/// What serves the service and is not of the deployment that is active.
fn before(situation: &Situation) -> impl Iterator<Item = &ObservedContainer> {
    let service = situation.desired.service.as_ref();
    let active = service.and_then(|service| service.active);
    let is_named = move |it: &&ObservedContainer| {
        let rows = service.map_or(&[][..], |service| &service.replicas);
        rows.iter().any(|row| row.id == it.inspection.identity.replica)
    };
    situation.observed.iter().filter(is_named).filter(move |it| {
        it.inspection.state == ContainerState::Running
            && it.inspection.serves
            && active.is_some_and(|active| active != it.inspection.identity.deployment)
    })
}

/// Bug: what nobody wants any more may always go.
fn retired_may_always_go(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    plan.phases.splice(0..0, before(situation).map(|it| let_go(&it.container)));
    plan
}

// I5, on the way that the planner takes: the name first.
#[tokio::test(start_paused = true)]
async fn letting_go_of_what_is_retired_whoever_is_at_work_is_found() {
    is_found("I5", with(retired_may_always_go), |_| ()).await;
}

/// Bug: one ready replica of the new deployment is enough for all of the old one to go.
fn one_is_enough(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    let active = situation.desired.service.as_ref().and_then(|service| service.active);
    let is_at_work = situation.observed.iter().any(|it| {
        Some(it.inspection.identity.deployment) == active
            && it.inspection.state == ContainerState::Running
            && it.inspection.serves
            && it.inspection.restart == RestartPolicy::UnlessStopped
    });
    if is_at_work {
        plan.phases.splice(0..0, before(situation).map(|it| let_go(&it.container)));
    }
    plan
}

// I5: as many as are wanted are at work while old and new change places.
#[tokio::test(start_paused = true)]
async fn draining_with_one_ready_replica_of_several_is_found() {
    assert!(halting_rollout(with(one_is_enough)).await.contains_key("I5"));
    assert_eq!(
        halting_rollout(Settings::default()).await,
        [].into(),
        "and it is the fault that is found"
    );
}

/// What the judge says of a rollout of three replicas, to one of which nobody is led for a while.
async fn halting_rollout(settings: Settings) -> BTreeMap<&'static str, String> {
    let simulation = Simulation::with(settings, Addresses::Kept);
    let key = simulation.live_with("web", 3, with_port("listen 80 0")).await;
    let old: Vec<_> = simulation.containers(key).into_iter().map(|it| it.id).collect();
    let violations = Violations::default();
    Judge::new(&simulation, violations.clone(), [].into(), Arc::default()).watch(&simulation);
    let halted = Mutex::new(None);
    simulation.engine.set_crash_hook(Some(Arc::new(move |call| {
        let Some(container) = call.container.as_ref().filter(|it| !old.contains(it)) else {
            return CrashPoint::Pass;
        };
        if call.kind != CallKind::SetServing {
            return CrashPoint::Pass;
        }
        let mut halted = halted.lock().expect("no panic");
        let halted = halted.get_or_insert_with(|| container.clone());
        if halted == container { CrashPoint::Refuse } else { CrashPoint::Pass }
    })));

    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.until_word(id, "draining").await;
    simulation.pass(Duration::from_secs(60)).await;
    violations.all()
}

/// Bug: what has fallen silent still counts.
fn silence_ignored(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    for health in situation.memory.health.values_mut() {
        health.is_ready = health.is_ready.map(|_| true);
        health.failures = 0;
    }
    plan(&situation, now, rules)
}

// I5: what runs and answers no more is nobody to rely on.
#[tokio::test(start_paused = true)]
async fn relying_on_what_has_fallen_silent_is_found() {
    is_found("I5", with(silence_ignored), |_| ()).await;
}

/// Bug: where old and new take turns, the old one is stopped before the new one has been made.
fn stopped_for_nobody(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    let Some(service) = &situation.desired.service else { return plan };
    let is_coming = service.deployments.iter().any(|it| {
        it.config.strategy == Strategy::StopFirst
            && matches!(it.state, DeploymentState::Queued { .. } | DeploymentState::Pulling { .. })
    });
    let serves = |it: &&ObservedContainer| {
        Some(it.inspection.identity.deployment) == service.active && it.is_alive()
    };
    if is_coming {
        let stops = situation.observed.iter().filter(serves).map(|it| let_go(&it.container));
        plan.phases.splice(0..0, stops);
    }
    plan
}

// I5, of services that stop first.
#[tokio::test(start_paused = true)]
async fn stopping_for_a_successor_that_is_not_made_yet_is_found() {
    is_found("I5", with(stopped_for_nobody), |_| ()).await;
}
