//! The planner alone, on situations that no story may ever reach.

use domain::{
    Clock, DeploymentId, Ids, ReplicaId, Strategy, Timestamp,
    deployment::{DeploymentState, Failure},
    rollout::{Ledger, ReplicaRow, Rollouts, ServiceKey, Verdict},
    runtime::{ContainerState, Inspection, PinnedImage, ReplicaHandle, ReplicaIdentity, Restart},
    testing::{
        Chance, FakeRollouts, ManualClock, SeededIds,
        rollouts::{Held, config},
    },
};
use reconciler::{
    Rules,
    action::{Action, Plan},
    plan,
    situation::{Memory, Seen, Situation},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use uuid::Uuid;

/// Rows as they might be, and containers as they might be, whatever led there.
struct Scene {
    clock: Arc<ManualClock>,
    rollouts: FakeRollouts,
    situation: Situation,
    strays: BTreeSet<ReplicaHandle>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let clock = Arc::new(ManualClock::default());
        let ids = Arc::new(SeededIds::default());
        let rollouts = FakeRollouts::new(clock.clone(), ids.clone());
        let environment = rollouts.add_environment();
        let key = rollouts.add_service(environment, "web", small(chance, 4));
        clock.forward(Duration::from_secs(3600));

        let mut deployments = Vec::new();
        for _ in 0..=chance.below(3) {
            let strategy =
                if chance.percent(30) { Strategy::StopFirst } else { Strategy::StartFirst };
            let mut config = config("work");
            config.strategy = strategy;
            deployments.push(rollouts.deploy(key, config));
        }
        let served = chance.percent(70).then(|| deployments[pick(chance, deployments.len())]);
        let mut seen = Vec::new();
        for id in &deployments {
            let state = state(chance, clock.now(), served.is_some_and(|served| *id < served));
            let state = if served == Some(*id) { serving(chance, clock.now()) } else { state };
            rollouts.seed(|world| {
                let deployment = world.deployments.get_mut(id).expect("it is there");
                deployment.state = state;
                deployment.image = chance.percent(80).then(image);
            });
            for index in 0..small(chance, 4) {
                let row = row(chance, &*ids, *id, index, clock.now());
                if chance.percent(80) {
                    seen.push(container(chance, &rollouts, key, &row, clock.now()));
                }
                let held = Held { row: row.clone(), service: key, released_at: None };
                rollouts.seed(|world| drop(world.replicas.insert(row.id, held)));
            }
        }
        rollouts.seed(|world| world.services.get_mut(&key).expect("it is there").active = served);

        let mut strays = BTreeSet::new();
        for at in 0..chance.below(3) {
            let nobody = ReplicaId::new(Uuid::from_u128(u128::from(at) + 1));
            let mut row = row(chance, &*ids, deployments[0], 0, clock.now());
            (row.id, row.container) = (nobody, Some(ReplicaHandle(format!("stray-{at}"))));
            let stray = container(chance, &rollouts, key, &row, clock.now());
            strays.insert(stray.container.clone());
            seen.push(stray);
        }
        let mut memory = Memory::default();
        memory.refresh(&seen, clock.now());
        for health in memory.health.values_mut() {
            health.is_ready = [None, Some(true), Some(false)][pick(chance, 3)];
        }
        let service = rollouts.view(key);
        let aim = domain::rollout::Aim { service, tombstones: Vec::new() }.into();
        let situation = Situation { key, aim, seen, volumes: [].into(), memory };
        Self { clock, rollouts, situation, strays }
    }

    fn plan(&self) -> Plan {
        plan(&self.situation, self.clock.now(), &Rules::default())
    }
}

fn small(chance: &mut Chance, end: u64) -> u16 {
    u16::try_from(chance.below(end)).expect("it is small")
}

fn small_byte(chance: &mut Chance) -> u8 {
    u8::try_from(chance.below(256)).expect("it is a byte")
}

fn pick(chance: &mut Chance, count: usize) -> usize {
    usize::from(small(chance, u64::try_from(count).expect("it fits")))
}

fn image() -> PinnedImage {
    let reference = "sim/app:1".parse().expect("this is an image");
    PinnedImage { reference, id: "sha256:app1".to_owned(), digest: None }
}

fn past(chance: &mut Chance, now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis() - i64::from(small(chance, 60_000)))
}

fn serving(chance: &mut Chance, now: Timestamp) -> DeploymentState {
    let since = past(chance, now);
    if chance.percent(50) {
        DeploymentState::Live { since }
    } else {
        DeploymentState::Draining { since }
    }
}

fn state(chance: &mut Chance, now: Timestamp, was_replaced: bool) -> DeploymentState {
    use DeploymentState as S;
    let since = past(chance, now);
    if was_replaced {
        return S::Superseded { at: since };
    }
    match chance.below(8) {
        0 => S::Queued { since },
        1 => S::Pulling { since, progress: domain::runtime::PullProgress::default() },
        2 => S::Starting { since, waiting: waiting(chance) },
        3 | 4 => S::Checking { since, waiting: waiting(chance) },
        5 => S::Switching { since },
        6 => S::Failed { at: since, failure: Failure::default() },
        _ => S::Cancelled { at: since },
    }
}

fn waiting(chance: &mut Chance) -> Option<String> {
    chance.percent(20).then(|| "no address is free".to_owned())
}

fn row(
    chance: &mut Chance,
    ids: &dyn Ids,
    deployment: DeploymentId,
    index: u16,
    now: Timestamp,
) -> ReplicaRow {
    let id = ReplicaId::new(ids.mint());
    let verdict = [None, None, None, Some(Verdict::Crashed), Some(Verdict::Completed)];
    ReplicaRow {
        id,
        deployment,
        index,
        container: chance.percent(85).then(|| ReplicaHandle(format!("c-{id}"))),
        ledger: Ledger {
            started_at: Some(past(chance, now)),
            crashes: vec![past(chance, now); pick(chance, 11)],
            verdict: verdict[pick(chance, verdict.len())],
            ..Ledger::default()
        },
        retired_at: chance.percent(10).then(|| past(chance, now)),
    }
}

fn container(
    chance: &mut Chance,
    rollouts: &FakeRollouts,
    key: ServiceKey,
    row: &ReplicaRow,
    now: Timestamp,
) -> Seen {
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
    let state = states[pick(chance, states.len())];
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
        started_at: (state != S::Created).then(|| past(chance, now)),
        finished_at: (state == S::Exited).then(|| past(chance, now)),
        exit_code: (!is_up).then(|| i64::from(small(chance, 2))),
        out_of_memory: chance.percent(5),
        restart_count: chance.below(3),
        restart: if chance.percent(60) { Restart::UnlessStopped } else { Restart::No },
        serves: chance.percent(60),
        address: (is_up && chance.percent(90)).then(|| [10, 215, 0, small_byte(chance)].into()),
        limits: domain::Limits::default(),
        stop_grace: Duration::from_secs(10),
        error: None,
    };
    let container = row.container.clone().unwrap_or_else(|| ReplicaHandle(format!("c-{}", row.id)));
    Seen { container, inspection }
}

fn touched(action: &Action) -> Option<&ReplicaHandle> {
    match action {
        Action::Start(container)
        | Action::Unpause(container)
        | Action::Remove(container)
        | Action::Stop { container, .. }
        | Action::SetServing { container, .. }
        | Action::SetLimits { container, .. }
        | Action::SetRestart { container, .. } => Some(container),
        _ => None,
    }
}

// The same situation gives the same plan.
#[test]
fn a_plan_is_deterministic() {
    for seed in 0..2_000 {
        assert_eq!(Scene::new(seed).plan(), Scene::new(seed).plan());
    }
}

// I7.
#[test]
fn no_plan_touches_what_no_row_names() {
    for seed in 0..10_000 {
        let scene = Scene::new(seed);
        let plan = scene.plan();
        let touched: BTreeSet<_> = plan.actions().filter_map(touched).cloned().collect();
        assert!(touched.is_disjoint(&scene.strays), "seed {seed}: {plan:#?}");
    }
}

// I5: whatever else is the matter, what alone does the work is not stopped.
#[test]
fn no_plan_stops_the_last_one_at_work() {
    for seed in 0..10_000 {
        let scene = Scene::new(seed);
        let service = scene.situation.aim.service.clone().expect("it is there");
        let stops_first =
            service.deployments.iter().any(|it| it.config.strategy == Strategy::StopFirst);
        if service.wanted == 0 || stops_first {
            continue;
        }
        let is_at_work = |seen: &&Seen| {
            let inspection = &seen.inspection;
            inspection.state == ContainerState::Running
                && inspection.restart == Restart::UnlessStopped
                && inspection.serves
                && !scene.strays.contains(&seen.container)
        };
        let at_work: Vec<_> = scene.situation.seen.iter().filter(is_at_work).collect();
        let plan = scene.plan();
        let stopped = plan.actions().filter_map(|action| match action {
            Action::Stop { container, .. } | Action::Remove(container) => Some(container),
            _ => None,
        });
        let stopped: BTreeSet<_> = stopped.collect();
        let left = at_work.iter().filter(|seen| !stopped.contains(&seen.container)).count();
        assert!(at_work.is_empty() || left > 0, "seed {seed}: {plan:#?}\n{:#?}", scene.situation);
    }
}

// I10: what is to be written down fits the rows it was read from. What never fits would hold a
// service up for ever.
#[tokio::test]
async fn every_fact_of_a_plan_can_be_written_down() {
    for seed in 0..10_000 {
        let scene = Scene::new(seed);
        let fence = scene.rollouts.take_over().await.expect("it answers");
        let Some(Action::Record(facts)) = scene.plan().actions().next().cloned() else { continue };

        let written = scene.rollouts.record(fence, scene.clock.now(), &facts).await;

        assert!(written.is_ok(), "seed {seed}: {written:?}: {facts:#?}");
    }
}
