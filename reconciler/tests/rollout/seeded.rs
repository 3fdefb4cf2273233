//! Proof that the stories of `chaos` bite: each seeded bug is found by the invariant that it
//! breaks.

mod handover;

use crate::{chaos::run, support::Simulation};
use domain::{
    Strategy, Timestamp,
    deployment::DeploymentState,
    rollout::Step,
    runtime::{ContainerState, RestartPolicy, Serving},
};
use reconciler::{
    Rules, Settings,
    action::{Action, Chain, Plan},
    plan,
    situation::Situation,
};
use std::{sync::Arc, time::Duration};

/// Some story must show that this invariant is broken.
async fn is_found(invariant: &str, settings: Settings, prepare: impl Fn(&Simulation)) {
    let mut last = None;
    for seed in 0..25 {
        let violations = run(seed, settings.clone(), &prepare).await;
        if violations.contains_key(invariant) {
            return;
        }
        last = violations.into_iter().next().or(last);
    }
    panic!("no story shows that {invariant} is broken; seen instead: {last:?}");
}

fn with(planner: fn(&Situation, Timestamp, &Rules) -> Plan) -> Settings {
    Settings { planner, ..Settings::default() }
}

fn chain(actions: Vec<Action>) -> Vec<Chain> {
    vec![Chain { on_behalf: None, actions }]
}

/// Bug: what serves is stopped as soon as its successor is being started.
fn stop_before_start(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    let Some(service) = &situation.desired.service else { return plan };
    let is_starting = service.deployments.iter().any(|it| {
        matches!(it.state, DeploymentState::Starting { .. } | DeploymentState::Checking { .. })
            && it.config.strategy == Strategy::StartFirst
    });
    for observed in &situation.observed {
        let serves = Some(observed.inspection.identity.deployment) == service.active;
        if is_starting && serves && observed.inspection.state == ContainerState::Running {
            let stop =
                Action::Stop { container: observed.container.clone(), grace: Duration::ZERO };
            plan.phases.push(chain(vec![stop]));
        }
    }
    plan
}

// I5.
#[tokio::test(start_paused = true)]
async fn stopping_before_starting_is_found() {
    is_found("I5", with(stop_before_start), |_| ()).await;
}

/// Bug: whatever carries our labels and is not wanted is removed, whether a row names it or not.
fn no_label_filter(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    plan.phases.extend(situation.observed.iter().filter_map(|observed| {
        let rows = situation.desired.service.as_ref().map_or(&[][..], |it| &it.replicas);
        let is_named = rows.iter().any(|row| row.id == observed.inspection.identity.replica);
        (!is_named).then(|| chain(vec![Action::Remove(observed.container.clone())]))
    }));
    plan
}

// I7.
#[tokio::test(start_paused = true)]
async fn removing_what_no_row_names_is_found() {
    is_found("I7", with(no_label_filter), |_| ()).await;
}

// I3: events are hints; who looks only when one comes does not converge.
#[tokio::test(start_paused = true)]
async fn looking_only_when_an_event_comes_is_found() {
    let settings = Settings { resync: Duration::from_secs(1_000_000), ..Settings::default() };

    is_found("I3", settings, |_| ()).await;
}

// I8.
#[tokio::test(start_paused = true)]
async fn removing_a_volume_with_its_container_is_found() {
    is_found("I8", Settings::default(), |simulation| simulation.engine.lose_volumes()).await;
}

/// Bug: the oldest deployment on its way is taken for the newest.
fn generation_ignored(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    if let Some(service) = &mut Arc::make_mut(&mut situation.desired).service {
        for deployment in &mut service.deployments {
            if deployment.state.is_candidate() {
                deployment.generation = u64::MAX - deployment.generation;
            }
        }
    }
    plan(&situation, now, rules)
}

// I11.
#[tokio::test(start_paused = true)]
async fn ignoring_generations_is_found() {
    is_found("I11", with(generation_ignored), |_| ()).await;
}

/// Bug: limits are set again with every look.
fn never_at_rest(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    if plan.is_empty()
        && let Some(observed) = situation.observed.first()
        && situation.memory.health.values().any(|health| now.since(health.since).as_secs() > 20)
        && now.as_millis() % 7 == 0
    {
        let limits = observed.inspection.limits.unwrap_or_default();
        let container = observed.container.clone();
        plan.phases.push(chain(vec![Action::SetLimits { container, limits }]));
    }
    if plan.requeue_at.is_none() {
        plan.requeue_at = Some(now.plus(Duration::from_millis(997)));
    }
    plan
}

// I4.
#[tokio::test(start_paused = true)]
async fn doing_something_at_rest_is_found() {
    is_found("I4", with(never_at_rest), |_| ()).await;
}

/// Bug: tombstones are not looked at.
fn tombstones_ignored(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    Arc::make_mut(&mut situation.desired).tombstones.clear();
    plan(&situation, now, rules)
}

// I9.
#[tokio::test(start_paused = true)]
async fn ignoring_tombstones_is_found() {
    is_found("I9", with(tombstones_ignored), |_| ()).await;
}

/// Bug: what replicas were removed is not written down.
fn releases_forgotten(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    for chain in plan.phases.iter_mut().flatten() {
        for action in &mut chain.actions {
            if let Action::Record(steps) = action {
                steps.retain(|step| !matches!(step, Step::ReplicaReleased { .. }));
            }
        }
        chain.actions.retain(|action| *action != Action::Record(Vec::new()));
    }
    plan.phases.iter_mut().for_each(|phase| phase.retain(|chain| !chain.actions.is_empty()));
    plan
}

// I9.
#[tokio::test(start_paused = true)]
async fn forgetting_to_release_rows_is_found() {
    is_found("I9", with(releases_forgotten), |_| ()).await;
}

/// Bug: a deployment's containers get the name while they are still being checked.
fn named_too_early(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    let Some(service) = &situation.desired.service else { return plan };
    for observed in &situation.observed {
        let inspection = &observed.inspection;
        let is_candidate = service
            .deployment(inspection.identity.deployment)
            .is_some_and(|it| matches!(it.state, DeploymentState::Checking { .. }));
        if inspection.address.is_some() && is_candidate {
            let container = observed.container.clone();
            let restart = RestartPolicy::UnlessStopped;
            let early = vec![
                Action::SetServing { container: container.clone(), serving: Serving::Yes },
                Action::SetRestartPolicy { container, restart },
            ];
            plan.phases.insert(0, chain(early));
        }
    }
    plan
}

// Design §4: nobody resolves a candidate.
#[tokio::test(start_paused = true)]
async fn naming_a_candidate_is_found() {
    is_found("candidate", with(named_too_early), |_| ()).await;
}

/// Bug: whatever runs counts as ready.
fn running_is_ready(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    for health in situation.memory.health.values_mut() {
        (health.is_ready, health.probed_at, health.failures) = (Some(true), Some(now), 0);
    }
    plan(&situation, now, rules)
}

// W22.
#[tokio::test(start_paused = true)]
async fn promoting_what_merely_runs_is_found() {
    is_found("W22", with(running_is_ready), |_| ()).await;
}

/// Bug: whoever has crashed is ready with the first answer, and is started again at once.
fn crashes_forgotten(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    if let Some(service) = &mut Arc::make_mut(&mut situation.desired).service {
        for row in &mut service.replicas {
            let its = situation.observed.iter().find(|it| it.inspection.identity.replica == row.id);
            row.restarts.crashes.clear();
            if let Some(its) = its {
                row.restarts.finished_at = its.inspection.finished_at;
            }
        }
    }
    plan(&situation, now, rules)
}

// W22.
#[tokio::test(start_paused = true)]
async fn leading_to_what_has_crashed_a_moment_ago_is_found() {
    is_found("W22", with(crashes_forgotten), |_| ()).await;
}

/// Bug: what has ended is started again after a second, however often it has ended.
fn constant_back_off(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    if let Some(service) = &mut Arc::make_mut(&mut situation.desired).service {
        for row in &mut service.replicas {
            row.restarts.crashes.truncate(1);
        }
    }
    for observed in &mut situation.observed {
        let known = situation.desired.service.iter().flat_map(|it| &it.replicas);
        let mut its = known.filter(|row| row.id == observed.inspection.identity.replica);
        if its.any(|row| !row.restarts.crashes.is_empty()) {
            observed.inspection.finished_at = observed
                .inspection
                .finished_at
                .map(|at| Timestamp::from_millis(at.as_millis() - 1_000));
        }
    }
    plan(&situation, now, rules)
}

// F50.
#[tokio::test(start_paused = true)]
async fn a_constant_back_off_is_found() {
    is_found("F50", with(constant_back_off), |_| ()).await;
}

/// Bug: names are not taken away before containers are stopped.
fn name_kept(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut plan = plan(situation, now, rules);
    for chain in plan.phases.iter_mut().flatten() {
        if chain.actions.iter().any(|action| matches!(action, Action::Stop { .. })) {
            chain.actions.retain(|action| !matches!(action, Action::SetServing { .. }));
        }
    }
    plan
}

// Design §4: nobody is led to what is being stopped.
#[tokio::test(start_paused = true)]
async fn stopping_what_still_has_its_name_is_found() {
    is_found("name", with(name_kept), |_| ()).await;
}

/// Bug: containers of rows that were released are nobody's.
fn late_ones_stay(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    if let Some(service) = &mut Arc::make_mut(&mut situation.desired).service {
        service.released.clear();
    }
    plan(&situation, now, rules)
}

// I9.
#[tokio::test(start_paused = true)]
async fn leaving_a_late_container_of_a_released_row_is_found() {
    is_found("I9", with(late_ones_stay), |_| ()).await;
}

/// Bug: a volume is no reason to stop first.
fn volumes_ignored(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut situation = situation.clone();
    if let Some(service) = &mut Arc::make_mut(&mut situation.desired).service {
        for deployment in &mut service.deployments {
            deployment.config.strategy = Strategy::StartFirst;
        }
    }
    plan(&situation, now, rules)
}

// F65.
#[tokio::test(start_paused = true)]
async fn two_writers_on_a_volume_are_found() {
    is_found("F65", with(volumes_ignored), |_| ()).await;
}
