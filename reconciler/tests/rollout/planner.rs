//! The planner alone, on situations that no story may ever reach.

use domain::{
    Clock, DeploymentId, Ids, ReplicaId, Strategy, Timestamp,
    deployment::{DeploymentState, Failure},
    rollout::{FinalState, ReplicaRow, RestartHistory, Rollouts, ServiceKey},
    runtime::{
        ContainerState, Inspection, PinnedImage, ReplicaHandle, ReplicaIdentity, RestartPolicy,
        Serving,
    },
    testing::{
        FakeRollouts, ManualClock, Rng, SeededIds,
        rollouts::{Held, config},
        seeds,
    },
};
use reconciler::{
    Rules,
    action::{Action, Plan},
    plan,
    situation::{ObservedContainer, Situation, WorkerState},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use uuid::Uuid;

/// Rows as they might be, and containers as they might be, whatever led there.
struct PlannerFixture {
    clock: Arc<ManualClock>,
    rollouts: FakeRollouts,
    situation: Situation,
    orphans: BTreeSet<ReplicaHandle>,
}

impl PlannerFixture {
    fn new(seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        let clock = Arc::new(ManualClock::default());
        let ids = Arc::new(SeededIds::default());
        let rollouts = FakeRollouts::new(clock.clone(), ids.clone());
        let environment = rollouts.add_environment();
        let key = rollouts.add_service(environment, "web", small(rng, 4));
        clock.advance(Duration::from_secs(3600));

        let mut deployments = Vec::new();
        for _ in 0..=rng.below(3) {
            let strategy = if rng.percent(30) { Strategy::StopFirst } else { Strategy::StartFirst };
            let mut config = config("work");
            config.strategy = strategy;
            deployments.push(rollouts.deploy(key, config));
        }
        let served = rng.percent(70).then(|| deployments[pick(rng, deployments.len())]);
        let mut observed = Vec::new();
        for id in &deployments {
            let state = state(rng, clock.now(), served.is_some_and(|served| *id < served));
            let state = if served == Some(*id) { serving(rng, clock.now()) } else { state };
            rollouts.seed(|simulation| {
                let deployment = simulation.deployments.get_mut(id).expect("it is there");
                deployment.state = state;
                deployment.image = rng.percent(80).then(image);
            });
            for index in 0..small(rng, 4) {
                let row = row(rng, &*ids, *id, index, clock.now());
                if rng.percent(80) {
                    observed.push(container(rng, &rollouts, key, &row, clock.now()));
                }
                let (row, id) = (row.clone(), row.id);
                let held = Held { row, service: key, released_at: None, has_served: false };
                rollouts.seed(|simulation| drop(simulation.replicas.insert(id, held)));
            }
        }
        rollouts.seed(|simulation| {
            simulation.services.get_mut(&key).expect("it is there").active = served
        });

        let mut orphans = BTreeSet::new();
        for at in 0..rng.below(3) {
            let nobody = ReplicaId::new(Uuid::from_u128(u128::from(at) + 1));
            let mut row = row(rng, &*ids, deployments[0], 0, clock.now());
            (row.id, row.container) = (nobody, Some(ReplicaHandle(format!("stray-{at}"))));
            let orphan = container(rng, &rollouts, key, &row, clock.now());
            orphans.insert(orphan.container.clone());
            observed.push(orphan);
        }
        let mut memory = WorkerState::default();
        memory.refresh(&observed, clock.now());
        for health in memory.health.values_mut() {
            health.is_ready = [None, Some(true), Some(false)][pick(rng, 3)];
        }
        let service = rollouts.view(key);
        let desired = domain::rollout::DesiredService { service, tombstones: Vec::new() }.into();
        let situation = Situation { key, desired, observed, volumes: [].into(), memory };
        Self { clock, rollouts, situation, orphans }
    }

    fn plan(&self) -> Plan {
        plan(&self.situation, self.clock.now(), &Rules::default())
    }
}

fn small(rng: &mut Rng, end: u64) -> u16 {
    u16::try_from(rng.below(end)).expect("it is small")
}

fn small_byte(rng: &mut Rng) -> u8 {
    u8::try_from(rng.below(256)).expect("it is a byte")
}

fn pick(rng: &mut Rng, count: usize) -> usize {
    usize::from(small(rng, u64::try_from(count).expect("it fits")))
}

fn image() -> PinnedImage {
    let reference = "sim/app:1".parse().expect("this is an image");
    PinnedImage { reference, id: "sha256:app1".to_owned(), digest: None }
}

fn past(rng: &mut Rng, now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis() - i64::from(small(rng, 60_000)))
}

fn serving(rng: &mut Rng, now: Timestamp) -> DeploymentState {
    let since = past(rng, now);
    if rng.percent(50) {
        DeploymentState::Live { since }
    } else {
        DeploymentState::Draining { since }
    }
}

fn state(rng: &mut Rng, now: Timestamp, was_replaced: bool) -> DeploymentState {
    use DeploymentState as S;
    let since = past(rng, now);
    if was_replaced {
        return S::Superseded { at: since };
    }
    match rng.below(8) {
        0 => S::Queued { since },
        1 => S::Pulling { since, progress: domain::runtime::PullProgress::default() },
        2 => S::Starting { since, waiting: waiting(rng) },
        3 | 4 => S::Checking { since, waiting: waiting(rng) },
        5 => S::Switching { since },
        6 => S::Failed { at: since, failure: Failure::default() },
        _ => S::Cancelled { at: since },
    }
}

fn waiting(rng: &mut Rng) -> Option<String> {
    rng.percent(20).then(|| "no address is free".to_owned())
}

fn row(
    rng: &mut Rng,
    ids: &dyn Ids,
    deployment: DeploymentId,
    index: u16,
    now: Timestamp,
) -> ReplicaRow {
    let id = ReplicaId::new(ids.mint());
    let final_state = [None, None, None, Some(FinalState::Crashed), Some(FinalState::Completed)];
    ReplicaRow {
        id,
        deployment,
        index,
        container: rng.percent(85).then(|| ReplicaHandle(format!("c-{id}"))),
        restarts: RestartHistory {
            started_at: Some(past(rng, now)),
            crashes: vec![past(rng, now); pick(rng, 11)],
            final_state: final_state[pick(rng, final_state.len())],
            ..RestartHistory::default()
        },
        retired_at: rng.percent(10).then(|| past(rng, now)),
    }
}

fn container(
    rng: &mut Rng,
    rollouts: &FakeRollouts,
    key: ServiceKey,
    row: &ReplicaRow,
    now: Timestamp,
) -> ObservedContainer {
    use ContainerState as S;
    let states = [
        S::Created,
        S::Running,
        S::Running,
        S::Running,
        S::Paused,
        S::Restarting,
        S::Removing,
        S::Exited,
        S::Dead,
    ];
    let state = states[pick(rng, states.len())];
    let deployment = rollouts.deployment(row.deployment).expect("it is there");
    let is_up = matches!(state, S::Running | S::Paused);
    let inspection = Inspection {
        identity: ReplicaIdentity {
            project: deployment.project,
            environment: key.environment,
            service: key.service,
            deployment: row.deployment,
            replica: row.id,
            generation: deployment.generation,
        },
        state,
        started_at: (state != S::Created).then(|| past(rng, now)),
        finished_at: (state == S::Exited).then(|| past(rng, now)),
        exit_code: (!is_up).then(|| i64::from(small(rng, 2))),
        out_of_memory: rng.percent(5),
        restart_count: rng.below(3),
        restart: if rng.percent(60) { RestartPolicy::UnlessStopped } else { RestartPolicy::No },
        serves: rng.percent(60),
        address: (is_up && rng.percent(90)).then(|| [10, 215, 0, small_byte(rng)].into()),
        // Now and then somebody has changed them by hand.
        limits: rng.percent(90).then(domain::Limits::default),
        stop_grace: Duration::from_secs(10),
        error: None,
    };
    let container = row.container.clone().unwrap_or_else(|| ReplicaHandle(format!("c-{}", row.id)));
    ObservedContainer { container, inspection }
}

fn touched(action: &Action) -> Option<&ReplicaHandle> {
    match action {
        Action::Start(container)
        | Action::Unpause(container)
        | Action::Remove(container)
        | Action::Stop { container, .. }
        | Action::SetServing { container, .. }
        | Action::SetLimits { container, .. }
        | Action::SetRestartPolicy { container, .. } => Some(container),
        _ => None,
    }
}

// The same situation gives the same plan.
#[test]
fn a_plan_is_deterministic() {
    for seed in seeds(2_000, 500) {
        assert_eq!(PlannerFixture::new(seed).plan(), PlannerFixture::new(seed).plan());
    }
}

// I7.
#[test]
fn no_plan_touches_what_no_row_names() {
    for seed in seeds(10_000, 2_000) {
        let fixture = PlannerFixture::new(seed);
        let plan = fixture.plan();
        let touched: BTreeSet<_> = plan.actions().filter_map(touched).cloned().collect();
        assert!(touched.is_disjoint(&fixture.orphans), "seed {seed}: {plan:#?}");
    }
}

// I5: whatever else is the matter, what alone does the work is not stopped.
#[test]
fn no_plan_stops_the_last_one_at_work() {
    for seed in seeds(10_000, 2_000) {
        let fixture = PlannerFixture::new(seed);
        let service = fixture.situation.desired.service.clone().expect("it is there");
        // Where old and new take turns, the old one goes once the new one is made, and not before.
        let takes_turns = service.deployments.iter().any(|it| {
            it.config.strategy == Strategy::StopFirst
                && matches!(
                    it.state,
                    DeploymentState::Starting { .. }
                        | DeploymentState::Checking { .. }
                        | DeploymentState::Switching { .. }
                )
        });
        if service.desired_count == 0 || takes_turns {
            continue;
        }
        let is_serving = |observed: &&ObservedContainer| {
            let inspection = &observed.inspection;
            inspection.state == ContainerState::Running
                && inspection.restart == RestartPolicy::UnlessStopped
                && inspection.serves
                // Whom nobody reaches serves nobody: it is connected again.
                && inspection.address.is_some()
                && !fixture.orphans.contains(&observed.container)
        };
        let serving: Vec<_> = fixture.situation.observed.iter().filter(is_serving).collect();
        let plan = fixture.plan();
        let stopped = plan.actions().filter_map(|action| match action {
            Action::Stop { container, .. }
            | Action::Remove(container)
            | Action::SetServing { container, serving: Serving::No } => Some(container),
            _ => None,
        });
        let stopped: BTreeSet<_> = stopped.collect();
        let left = serving.iter().filter(|observed| !stopped.contains(&observed.container)).count();
        assert!(serving.is_empty() || left > 0, "seed {seed}: {plan:#?}\n{:#?}", fixture.situation);
    }
}

// I10: what is to be written down fits the rows it was read from. What never fits would hold a
// service up for ever.
#[tokio::test]
async fn every_fact_of_a_plan_can_be_written_down() {
    for seed in seeds(10_000, 2_000) {
        let fixture = PlannerFixture::new(seed);
        let fence = fixture.rollouts.acquire_fence().await.expect("it answers");
        let Some(Action::Record(facts)) = fixture.plan().actions().next().cloned() else {
            continue;
        };

        let written = fixture.rollouts.record(fence, fixture.clock.now(), &facts).await;

        assert!(written.is_ok(), "seed {seed}: {written:?}: {facts:#?}");
    }
}
