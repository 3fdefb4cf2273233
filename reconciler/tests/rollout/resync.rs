//! What looking costs: one list, no write, and no timer that multiplies.

use crate::support::{Simulation, with_port};
use domain::{
    ReplicaId,
    deployment::{Condition, DeploymentState},
    rollout::{ReplicaRow, RestartHistory, Rollouts, ServiceKey},
    runtime::{PinnedImage, ReplicaIdentity, ReplicaSpec, RestartPolicy, Runtime, Serving},
    testing::{
        CallKind, Rng,
        engine::{Call, CrashPoint},
        rollouts::{Held, config},
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use uuid::Uuid;

/// A service that runs, and all that is known of it.
async fn seed(simulation: &Simulation, environment: domain::EnvironmentId, at: u16) -> ServiceKey {
    let key = simulation.rollouts.add_service(environment, &format!("s-{at}"), 1);
    let id = simulation.rollouts.deploy(key, config("listen 80 0"));
    let project = simulation.rollouts.tables().environments[&environment];
    simulation.engine.ensure_environment(project, environment).await.expect("a place");
    let image = PinnedImage {
        reference: "sim/app:1".parse().expect("this is an image"),
        id: "sha256:app1".to_owned(),
        digest: None,
    };
    let slug = domain::Slug::try_from(format!("s-{at}")).expect("this is a slug");
    let identity = ReplicaIdentity {
        project,
        environment,
        service: key.service,
        deployment: id,
        replica: ReplicaId::new(Uuid::from_u128(u128::from(at))),
        generation: 1,
    };
    let spec = ReplicaSpec {
        identity,
        slug,
        image: image.clone(),
        config: config("listen 80 0"),
        stop_grace: Duration::from_secs(10),
        restart: RestartPolicy::UnlessStopped,
    };
    let row = ReplicaRow {
        id: identity.replica,
        deployment: id,
        index: 0,
        container: None,
        restarts: RestartHistory::default(),
        retired_at: None,
    };
    let held = Held { row, service: key, released_at: None, has_served: false };
    simulation.rollouts.seed(|rows| drop(rows.replicas.insert(identity.replica, held)));
    let container = simulation.engine.create(&spec).await.expect("a container");
    simulation.engine.start(&container).await.expect("it starts");
    simulation.engine.set_serving(&container, Serving::Yes).await.expect("it gets its name");
    let inspection =
        simulation.engine.inspect(&container).await.expect("an answer").expect("there");
    simulation.rollouts.seed(|rows| {
        let deployment = rows.deployments.get_mut(&id).expect("it is there");
        deployment.state = DeploymentState::Live { since: simulation.now() };
        deployment.image = Some(image);
        let service = rows.services.get_mut(&key).expect("it is there");
        service.active = Some(id);
        service.condition = Some((Condition::Running, None));
        let row = &mut rows.replicas.get_mut(&identity.replica).expect("it is there").row;
        row.container = Some(container);
        row.restarts = RestartHistory::default().observe(&inspection);
    });
    key
}

// DK-127, I4, W35, design §8: one list for a thousand services, no read and not a single write. F01: Easel is
// started beside them, and nothing is redeployed.
#[tokio::test(start_paused = true)]
async fn a_look_at_a_thousand_services_costs_one_list_and_no_write() {
    let mut simulation = Simulation::new();
    simulation.settle().await;
    let environments: Vec<_> = (0..10).map(|_| simulation.rollouts.add_environment()).collect();
    for at in 0..1000 {
        seed(&simulation, environments[usize::from(at) % 10], at).await;
    }
    let writes = simulation.rollouts.writes();
    drop(simulation.engine.take_calls());
    simulation.restart().await;
    simulation.settle().await;
    let first: Vec<_> = simulation.engine.take_calls().into_iter().map(|call| call.kind).collect();
    let reads = simulation.rollouts.reads();

    simulation.pass(Duration::from_secs(30)).await;

    let count = |kind| first.iter().filter(|it| **it == kind).count();
    assert_eq!((count(CallKind::List), count(CallKind::Inspect)), (1, 1000), "the first look");
    assert_eq!(first.len(), 1003, "and who the engine is, and its events");
    let calls: Vec<_> = simulation.engine.take_calls().into_iter().map(|call| call.kind).collect();
    assert_eq!(calls, [CallKind::List]);
    assert_eq!(simulation.rollouts.reads() - reads, 0, "nobody has written anything since");
    assert_eq!(simulation.rollouts.writes(), writes);
}

// DK-127: nobody has said a word, and still it is noticed.
#[tokio::test(start_paused = true)]
async fn the_next_look_sees_what_was_written_since_the_last() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.pass(Duration::from_secs(90)).await;

    simulation.rollouts.scale(key, 2);
    simulation.pass(Duration::from_secs(45)).await;

    assert!(simulation.is_healthy(key, 2));
    simulation.assert_at_rest().await;
}

// Many new environments: none asks for everything.
#[tokio::test(start_paused = true)]
async fn a_new_environment_costs_no_read_of_everything() {
    let simulation = Simulation::new();
    let environments: Vec<_> = (0..50).map(|_| simulation.rollouts.add_environment()).collect();
    simulation.settle().await;
    let before = simulation.rollouts.whole_reads();
    let began = simulation.now();

    let add = |environment| simulation.rollouts.add_service(environment, "web", 1);
    let keys: Vec<_> = environments.into_iter().map(add).collect();
    let ids: Vec<_> =
        keys.iter().map(|key| simulation.deploy(*key, config("listen 80 0"))).collect();
    for id in ids {
        simulation.until_word(id, "live").await;
    }

    let looks = simulation.now().since(began).as_secs() / 30 + 1;
    assert!(
        simulation.rollouts.whole_reads() - before <= looks,
        "only looks at everything do that"
    );
}

// DK-139, W21: after an hour of quiet, as little is done as in the first minute.
#[tokio::test(start_paused = true)]
async fn no_timer_multiplies() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    for _ in 0..50 {
        simulation.reconciler().trigger(None);
        simulation.trigger(key);
        simulation.pass(Duration::from_millis(50)).await;
    }
    simulation.settle().await;

    let mut counts = Vec::new();
    for _ in 0..60 {
        drop(simulation.engine.take_calls());
        simulation.pass(Duration::from_secs(60)).await;
        counts.push(simulation.engine.take_calls().len());
    }

    assert!(counts.iter().all(|count| *count <= 2), "{counts:?}");
}

// DK-139: what is under way is looked at every two seconds even when no event comes.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_looked_at_without_events() {
    let simulation = Simulation::new();
    let faults = domain::testing::engine::Faults {
        until: simulation.now().plus(Duration::from_secs(3600)),
        lost_event: 100,
        ..Default::default()
    };
    simulation.engine.set_faults(faults);
    let key = simulation.service("web", 1);
    let before = simulation.now();

    let id = simulation.deploy(key, domain::testing::rollouts::config("exit 1 300"));
    simulation.until_word(id, "failed").await;

    assert!(simulation.now().since(before) < Duration::from_secs(15));
}

// DK-127: many wishes in one moment are one look.
#[tokio::test(start_paused = true)]
async fn many_wishes_are_one_look() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    let reads = simulation.rollouts.reads();
    drop(simulation.engine.take_calls());

    for _ in 0..1_000 {
        simulation.reconciler().trigger(None);
        simulation.trigger(key);
    }
    simulation.pass(Duration::from_secs(1)).await;

    assert!(
        simulation.rollouts.reads() - reads <= 3,
        "{} reads",
        simulation.rollouts.reads() - reads
    );
    assert!(simulation.engine.take_calls().len() <= 4);
}

// DK-128: of many services, four calls run at once, and one service never has two of one kind.
#[tokio::test(start_paused = true)]
async fn many_services_are_worked_on_four_calls_at_a_time() {
    let latency = Duration::from_secs(1);
    let simulation = Simulation::new();
    let faults = domain::testing::engine::Faults {
        until: simulation.now().plus(Duration::from_secs(3600)),
        latency,
        ..Default::default()
    };
    let keys: Vec<_> = (0..20).map(|at| simulation.service(&format!("s-{at}"), 1)).collect();
    simulation.engine.set_faults(faults);
    drop(simulation.engine.take_calls());

    let ids: Vec<_> =
        keys.iter().map(|key| simulation.deploy(*key, config("listen 80 0"))).collect();
    for id in ids {
        simulation.until_word(id, "live").await;
    }

    // These have turns of their own, or need none.
    let is_short = |kind: CallKind| {
        !matches!(kind, CallKind::List | CallKind::EnsureImage | CallKind::Probe | CallKind::Stop)
    };
    let calls = simulation.engine.take_calls();
    let short: Vec<_> = calls.iter().filter(|call| is_short(call.kind)).collect();
    let at_once =
        |call: &&Call| 1 + call.concurrent.iter().filter(|(kind, _)| is_short(*kind)).count();
    assert_eq!(short.iter().map(at_once).max(), Some(4), "as many as may, and no more");
    for call in &calls {
        let same = (call.kind, call.service());
        assert!(call.service().is_none() || !call.concurrent.contains(&same), "{call:#?}");
    }
    let made: Vec<_> = calls.iter().filter(|call| call.kind == CallKind::Create).collect();
    let services: BTreeSet<_> = made.iter().filter_map(|call| call.service()).collect();
    assert_eq!((made.len(), services.len()), (20, 20), "each was made once");
}

// DK-140: conditions change once, not with every look.
#[tokio::test(start_paused = true)]
async fn a_second_pass_does_nothing() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 3, "listen 80 0").await;

    for _ in 0..5 {
        simulation.trigger(key);
        simulation.assert_at_rest().await;
    }
}

// F06, DK-163: a stop is quick even in the middle of work, and takes nothing down.
#[tokio::test(start_paused = true)]
async fn stopping_easel_is_quick_and_leaves_everything_running() {
    let mut simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0 stubborn").await;
    simulation.deploy(key, domain::testing::rollouts::config("listen 80 200 stubborn"));
    simulation.pass(Duration::from_millis(300)).await;
    let before = simulation.now();

    simulation.stop().await.expect("it stops in order");

    assert!(simulation.now().since(before) < Duration::from_secs(6));
    assert!(simulation.engine.containers_of(key.service).iter().any(|it| it.is_alive()));
    simulation.restart().await;
    simulation.until("the rollout is finished", |simulation| simulation.is_healthy(key, 1)).await;
    simulation.assert_at_rest().await;
}

// F08, F09, I11: the earlier actor's writes are refused, and it stops.
#[tokio::test(start_paused = true)]
async fn an_overtaken_easel_stops_by_itself() {
    let mut simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;

    let newer = simulation.rollouts.acquire_fence().await.expect("somebody takes over");
    simulation.trigger(key);
    simulation.pass(Duration::from_secs(60)).await;
    let ended = simulation.stop().await;

    assert!(matches!(ended, Err(reconciler::LoopError::Fenced)));
    assert!(newer.0 > 1);
}

// F34: the stream ends again and again; each gap is followed by one look at everything.
#[tokio::test(start_paused = true)]
async fn after_each_gap_everything_is_looked_at_once() {
    let simulation = Simulation::new();
    simulation.live("web", 2, "listen 80 0").await;
    drop(simulation.engine.take_calls());

    simulation.engine.cut_events();
    simulation.pass(Duration::from_secs(2)).await;

    let kinds: Vec<_> = simulation.engine.take_calls().into_iter().map(|call| call.kind).collect();
    let count = |kind| kinds.iter().filter(|it| **it == kind).count();
    assert_eq!((count(CallKind::List), count(CallKind::Inspect)), (1, 2), "{kinds:?}");
    assert_eq!(count(CallKind::ListService), 0, "no list per service");
}

// I3, F30: a wish is not forgotten because the look that it asked for has failed.
#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_taken_again_soon() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.assert_at_rest().await;
    let trouble = simulation.now().plus(Duration::from_secs(8));
    simulation.rollouts.set_faults(100, trouble, Rng::new(1));

    let id = simulation.rollouts.deploy(key, with_port("listen 80 0"));
    simulation.reconciler().trigger(None);
    simulation.pass(Duration::from_secs(8)).await;
    assert_eq!(simulation.rollouts.state_name(id), "queued", "nothing could be read");
    simulation.until_word(id, "live").await;

    let took = simulation.now().since(trouble).as_secs();
    assert!((0..10).contains(&took), "not only with the next regular look: {took} s");
    simulation.assert_at_rest().await;
}

// What starts goes before what is named, so that it boots while the engine does the rest. A start that
// hangs keeps the names of others waiting for two seconds, not for ever.
#[tokio::test(start_paused = true)]
async fn a_name_waits_for_the_starts_of_others_and_not_for_ever() {
    let simulation = Simulation::new();
    let slow = simulation.service("slow", 1);
    hang(&simulation, CallKind::Start, slow);
    let stuck = simulation.deploy(slow, with_port("listen 80 0"));
    simulation.until_word(stuck, "starting").await;
    simulation.pass(Duration::from_secs(1)).await;
    let before = simulation.now();

    let quick = simulation.service("quick", 1);
    let id = simulation.deploy(quick, with_port("listen 80 0"));
    simulation.until_word(id, "live").await;

    let took = simulation.now().since(before);
    assert!((2..3).contains(&took.as_secs()), "{took:?}");
    assert_eq!(simulation.rollouts.state_name(stuck), "starting");
}

// F32, F55: a change of a name that hangs keeps nobody else from getting theirs.
#[tokio::test(start_paused = true)]
async fn a_name_that_hangs_keeps_nobody_waiting() {
    let simulation = Simulation::new();
    let sick = simulation.service("sick", 1);
    hang(&simulation, CallKind::SetServing, sick);
    let stuck = simulation.deploy(sick, with_port("listen 80 0"));
    simulation.until_word(stuck, "draining").await;
    simulation.pass(Duration::from_secs(1)).await;
    let before = simulation.now();

    for at in 0..3 {
        let well = simulation.service(&format!("well-{at}"), 1);
        let id = simulation.deploy(well, with_port("listen 80 0"));
        simulation.until_word(id, "live").await;
    }

    assert!(simulation.now().since(before) < Duration::from_secs(5));
    assert_eq!(simulation.rollouts.state_name(stuck), "draining");
}

/// Such calls about this service are never answered.
fn hang(simulation: &Simulation, kind: CallKind, key: ServiceKey) {
    simulation.engine.set_crash_hook(Some(Arc::new(move |call| {
        let hangs = call.kind == kind && call.service() == Some(key.service);
        if hangs { CrashPoint::DieBefore } else { CrashPoint::Pass }
    })));
}
