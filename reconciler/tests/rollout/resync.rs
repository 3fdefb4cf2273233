//! What looking costs: one list, no write, and no timer that multiplies.

use crate::support::{World, with_port};
use domain::{
    ReplicaId,
    deployment::{Condition, DeploymentState},
    rollout::{Ledger, ReplicaRow, Rollouts, ServiceKey},
    runtime::{PinnedImage, ReplicaIdentity, ReplicaSpec, Restart, Runtime, Serving},
    testing::{
        CallKind, Chance,
        engine::{Call, Gate},
        rollouts::{Held, config},
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use uuid::Uuid;

/// A service that runs, and all that is known of it.
async fn seed(world: &World, environment: domain::EnvironmentId, at: u16) -> ServiceKey {
    let key = world.rollouts.add_service(environment, &format!("s-{at}"), 1);
    let id = world.rollouts.deploy(key, config("listen 80 0"));
    let project = world.rollouts.world().environments[&environment];
    world.engine.ensure_environment(project, environment).await.expect("a place");
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
        restart: Restart::UnlessStopped,
    };
    let row = ReplicaRow {
        id: identity.replica,
        deployment: id,
        index: 0,
        container: None,
        ledger: Ledger::default(),
        retired_at: None,
    };
    let held = Held { row, service: key, released_at: None };
    world.rollouts.seed(|rows| drop(rows.replicas.insert(identity.replica, held)));
    let container = world.engine.create(&spec).await.expect("a container");
    world.engine.start(&container).await.expect("it starts");
    world.engine.set_serving(&container, Serving::Yes).await.expect("it gets its name");
    let inspection = world.engine.inspect(&container).await.expect("an answer").expect("there");
    world.rollouts.seed(|rows| {
        let deployment = rows.deployments.get_mut(&id).expect("it is there");
        deployment.state = DeploymentState::Live { since: world.now() };
        deployment.image = Some(image);
        let service = rows.services.get_mut(&key).expect("it is there");
        service.active = Some(id);
        service.condition = Some((Condition::Running, None));
        let row = &mut rows.replicas.get_mut(&identity.replica).expect("it is there").row;
        row.container = Some(container);
        row.ledger = Ledger::default().seeing(&inspection);
    });
    key
}

// DK-127, I4, W35, design §8: one list for a thousand services, no read and not a single write. F01: Easel is
// started beside them, and nothing is redeployed.
#[tokio::test(start_paused = true)]
async fn a_look_at_a_thousand_services_costs_one_list_and_no_write() {
    let mut world = World::new();
    world.settle().await;
    let environments: Vec<_> = (0..10).map(|_| world.rollouts.add_environment()).collect();
    for at in 0..1000 {
        seed(&world, environments[usize::from(at) % 10], at).await;
    }
    let writes = world.rollouts.writes();
    drop(world.engine.take_calls());
    world.restart().await;
    world.settle().await;
    let first: Vec<_> = world.engine.take_calls().into_iter().map(|call| call.kind).collect();
    let reads = world.rollouts.reads();

    world.pass(Duration::from_secs(30)).await;

    let count = |kind| first.iter().filter(|it| **it == kind).count();
    assert_eq!((count(CallKind::List), count(CallKind::Inspect)), (1, 1000), "the first look");
    assert_eq!(first.len(), 1003, "and who the engine is, and its events");
    let calls: Vec<_> = world.engine.take_calls().into_iter().map(|call| call.kind).collect();
    assert_eq!(calls, [CallKind::List]);
    assert_eq!(world.rollouts.reads() - reads, 0, "nobody has written anything since");
    assert_eq!(world.rollouts.writes(), writes);
}

// DK-127: nobody has said a word, and still it is noticed.
#[tokio::test(start_paused = true)]
async fn the_next_look_sees_what_was_written_since_the_last() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.pass(Duration::from_secs(90)).await;

    world.rollouts.scale(key, 2);
    world.pass(Duration::from_secs(45)).await;

    assert!(world.is_healthy(key, 2));
    world.assert_at_rest().await;
}

// Many new environments: none asks for everything.
#[tokio::test(start_paused = true)]
async fn a_new_environment_costs_no_read_of_everything() {
    let world = World::new();
    let environments: Vec<_> = (0..50).map(|_| world.rollouts.add_environment()).collect();
    world.settle().await;
    let before = world.rollouts.whole_reads();
    let began = world.now();

    let add = |environment| world.rollouts.add_service(environment, "web", 1);
    let keys: Vec<_> = environments.into_iter().map(add).collect();
    let ids: Vec<_> = keys.iter().map(|key| world.deploy(*key, config("listen 80 0"))).collect();
    for id in ids {
        world.until_word(id, "live").await;
    }

    let looks = world.now().since(began).as_secs() / 30 + 1;
    assert!(world.rollouts.whole_reads() - before <= looks, "only looks at everything do that");
}

// DK-139, W21: after an hour of quiet, as little is done as in the first minute.
#[tokio::test(start_paused = true)]
async fn no_timer_multiplies() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    for _ in 0..50 {
        world.reconciler().nudge(None);
        world.nudge(key);
        world.pass(Duration::from_millis(50)).await;
    }
    world.settle().await;

    let mut counts = Vec::new();
    for _ in 0..60 {
        drop(world.engine.take_calls());
        world.pass(Duration::from_secs(60)).await;
        counts.push(world.engine.take_calls().len());
    }

    assert!(counts.iter().all(|count| *count <= 2), "{counts:?}");
}

// DK-139: what is under way is looked at every two seconds even when no event comes.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_looked_at_without_events() {
    let world = World::new();
    let faults = domain::testing::engine::Faults {
        until: world.now().plus(Duration::from_secs(3600)),
        lost_event: 100,
        ..Default::default()
    };
    world.engine.set_faults(faults);
    let key = world.service("web", 1);
    let before = world.now();

    let id = world.deploy(key, domain::testing::rollouts::config("exit 1 300"));
    world.until_word(id, "failed").await;

    assert!(world.now().since(before) < Duration::from_secs(15));
}

// DK-127: many wishes in one moment are one look.
#[tokio::test(start_paused = true)]
async fn many_wishes_are_one_look() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    let reads = world.rollouts.reads();
    drop(world.engine.take_calls());

    for _ in 0..1_000 {
        world.reconciler().nudge(None);
        world.nudge(key);
    }
    world.pass(Duration::from_secs(1)).await;

    assert!(world.rollouts.reads() - reads <= 3, "{} reads", world.rollouts.reads() - reads);
    assert!(world.engine.take_calls().len() <= 4);
}

// DK-128: of many services, four calls run at once, and one service never has two of one kind.
#[tokio::test(start_paused = true)]
async fn many_services_are_worked_on_four_calls_at_a_time() {
    let latency = Duration::from_secs(1);
    let world = World::new();
    let faults = domain::testing::engine::Faults {
        until: world.now().plus(Duration::from_secs(3600)),
        latency,
        ..Default::default()
    };
    let keys: Vec<_> = (0..20).map(|at| world.service(&format!("s-{at}"), 1)).collect();
    world.engine.set_faults(faults);
    drop(world.engine.take_calls());

    let ids: Vec<_> = keys.iter().map(|key| world.deploy(*key, config("listen 80 0"))).collect();
    for id in ids {
        world.until_word(id, "live").await;
    }

    // These have turns of their own, or need none.
    let is_short = |kind: CallKind| {
        !matches!(kind, CallKind::List | CallKind::EnsureImage | CallKind::Probe | CallKind::Stop)
    };
    let calls = world.engine.take_calls();
    let short: Vec<_> = calls.iter().filter(|call| is_short(call.kind)).collect();
    let at_once = |call: &&Call| 1 + call.beside.iter().filter(|(kind, _)| is_short(*kind)).count();
    assert_eq!(short.iter().map(at_once).max(), Some(4), "as many as may, and no more");
    for call in &calls {
        let same = (call.kind, call.service());
        assert!(call.service().is_none() || !call.beside.contains(&same), "{call:#?}");
    }
    let made: Vec<_> = calls.iter().filter(|call| call.kind == CallKind::Create).collect();
    let services: BTreeSet<_> = made.iter().filter_map(|call| call.service()).collect();
    assert_eq!((made.len(), services.len()), (20, 20), "each was made once");
}

// DK-140: conditions change once, not with every look.
#[tokio::test(start_paused = true)]
async fn a_second_pass_does_nothing() {
    let world = World::new();
    let key = world.live("web", 3, "listen 80 0").await;

    for _ in 0..5 {
        world.nudge(key);
        world.assert_at_rest().await;
    }
}

// F06, DK-163: a stop is quick even in the middle of work, and takes nothing down.
#[tokio::test(start_paused = true)]
async fn stopping_easel_is_quick_and_leaves_everything_running() {
    let mut world = World::new();
    let key = world.live("web", 1, "listen 80 0 stubborn").await;
    world.deploy(key, domain::testing::rollouts::config("listen 80 200 stubborn"));
    world.pass(Duration::from_millis(300)).await;
    let before = world.now();

    world.stop().await.expect("it stops in order");

    assert!(world.now().since(before) < Duration::from_secs(6));
    assert!(world.engine.containers_of(key.service).iter().any(|it| it.is_alive()));
    world.restart().await;
    world.until("the rollout is finished", |world| world.is_healthy(key, 1)).await;
    world.assert_at_rest().await;
}

// F08, F09, I11: the earlier actor's writes are refused, and it stops.
#[tokio::test(start_paused = true)]
async fn an_overtaken_easel_stops_by_itself() {
    let mut world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;

    let newer = world.rollouts.take_over().await.expect("somebody takes over");
    world.nudge(key);
    world.pass(Duration::from_secs(60)).await;
    let ended = world.stop().await;

    assert!(matches!(ended, Err(reconciler::Ended::Overtaken)));
    assert!(newer.0 > 1);
}

// F34: the stream ends again and again; each gap is followed by one look at everything.
#[tokio::test(start_paused = true)]
async fn after_each_gap_everything_is_looked_at_once() {
    let world = World::new();
    world.live("web", 2, "listen 80 0").await;
    drop(world.engine.take_calls());

    world.engine.cut_events();
    world.pass(Duration::from_secs(2)).await;

    let kinds: Vec<_> = world.engine.take_calls().into_iter().map(|call| call.kind).collect();
    let count = |kind| kinds.iter().filter(|it| **it == kind).count();
    assert_eq!((count(CallKind::List), count(CallKind::Inspect)), (1, 2), "{kinds:?}");
    assert_eq!(count(CallKind::ListService), 0, "no list per service");
}

// I3, F30: a wish is not forgotten because the look that it asked for has failed.
#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_taken_again_soon() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.assert_at_rest().await;
    let trouble = world.now().plus(Duration::from_secs(8));
    world.rollouts.set_faults(100, trouble, Chance::new(1));

    let id = world.rollouts.deploy(key, with_port("listen 80 0"));
    world.reconciler().nudge(None);
    world.pass(Duration::from_secs(8)).await;
    assert_eq!(world.rollouts.word(id), "queued", "nothing could be read");
    world.until_word(id, "live").await;

    let took = world.now().since(trouble).as_secs();
    assert!((0..10).contains(&took), "not only with the next regular look: {took} s");
    world.assert_at_rest().await;
}

// What starts goes before what is named, so that it boots while the engine does the rest. A start that
// hangs keeps the names of others waiting for two seconds, not for ever.
#[tokio::test(start_paused = true)]
async fn a_name_waits_for_the_starts_of_others_and_not_for_ever() {
    let world = World::new();
    let slow = world.service("slow", 1);
    hang(&world, CallKind::Start, slow);
    let stuck = world.deploy(slow, with_port("listen 80 0"));
    world.until_word(stuck, "starting").await;
    world.pass(Duration::from_secs(1)).await;
    let before = world.now();

    let quick = world.service("quick", 1);
    let id = world.deploy(quick, with_port("listen 80 0"));
    world.until_word(id, "live").await;

    let took = world.now().since(before);
    assert!((2..3).contains(&took.as_secs()), "{took:?}");
    assert_eq!(world.rollouts.word(stuck), "starting");
}

// F32, F55: a change of a name that hangs keeps nobody else from getting theirs.
#[tokio::test(start_paused = true)]
async fn a_name_that_hangs_keeps_nobody_waiting() {
    let world = World::new();
    let sick = world.service("sick", 1);
    hang(&world, CallKind::SetServing, sick);
    let stuck = world.deploy(sick, with_port("listen 80 0"));
    world.until_word(stuck, "draining").await;
    world.pass(Duration::from_secs(1)).await;
    let before = world.now();

    for at in 0..3 {
        let well = world.service(&format!("well-{at}"), 1);
        let id = world.deploy(well, with_port("listen 80 0"));
        world.until_word(id, "live").await;
    }

    assert!(world.now().since(before) < Duration::from_secs(5));
    assert_eq!(world.rollouts.word(stuck), "draining");
}

/// Such calls about this service are never answered.
fn hang(world: &World, kind: CallKind, key: ServiceKey) {
    world.engine.set_gate(Some(Arc::new(move |call| {
        let hangs = call.kind == kind && call.service() == Some(key.service);
        if hangs { Gate::DieBefore } else { Gate::Pass }
    })));
}
