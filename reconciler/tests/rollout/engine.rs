//! The engine as a whole: away, hung, another one; and whose containers are whose.

use crate::support::World;
use domain::{
    rollout::{EngineHealth, Rollouts},
    testing::{
        CallKind,
        engine::{ImageLocation, Outage},
        rollouts::config,
    },
};
use std::time::Duration;

// F28: absent at start, found later.
#[tokio::test(start_paused = true)]
async fn an_engine_that_comes_late_is_found_and_the_work_is_done() {
    let world = World::new();
    world.engine.set_outage(Some(Outage::Absent));
    let key = world.service("web", 1);
    let id = world.deploy(key, config("listen 80 0"));
    world.pass(Duration::from_secs(90)).await;
    let away = world.reconciler().status().engine;
    world.engine.take_calls().clear();
    world.pass(Duration::from_secs(60)).await;
    let tries = world.engine.take_calls().len();

    world.engine.set_outage(None);
    let before = world.now();
    world.until_word(id, "live").await;

    assert!(matches!(away, EngineHealth::Unreachable { .. }), "{away:?}");
    assert!(tries <= 3, "it is asked ever more rarely: {tries} times in a minute");
    assert!(world.now().since(before) < Duration::from_secs(45));
    assert!(matches!(world.reconciler().status().engine, EngineHealth::Reachable { .. }));
}

// F31: hung: one question at a time, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn a_hung_engine_is_asked_one_thing_at_a_time() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    for at in 0..10 {
        world.live(&format!("more-{at}"), 1, "listen 80 0").await;
    }

    world.engine.set_outage(Some(Outage::Hung));
    world.pass(Duration::from_secs(30)).await;
    drop(world.engine.take_calls());
    world.pass(Duration::from_secs(60)).await;
    let calls = world.engine.take_calls();
    let status = world.reconciler().status();
    world.engine.set_outage(None);
    world
        .until("it is there again", |world| {
            matches!(world.reconciler().status().engine, EngineHealth::Reachable { .. })
        })
        .await;

    assert!(calls.len() <= 6, "{calls:#?}");
    assert!(matches!(status.engine, EngineHealth::Unreachable { .. }), "{status:?}");
    assert!(world.is_healthy(key, 1));
    world.assert_at_rest().await;
}

// I7, design §4: another engine than before, or a copied database: nothing is changed.
#[tokio::test(start_paused = true)]
async fn on_another_engine_nothing_is_changed_until_somebody_confirms() {
    let mut world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.engine.set_id("SIM:2");
    world.engine.kill(&world.only(key).id);
    drop(world.engine.take_calls());
    world.restart().await;
    let writes = world.rollouts.writes();
    world.pass(Duration::from_secs(120)).await;

    let calls = world.engine.take_calls();
    let why = world.reconciler().status().observe_only;
    assert!(calls.iter().all(|call| !call.kind.is_mutation()), "{calls:#?}");
    assert_eq!(world.rollouts.writes(), writes);
    assert!(why.is_some_and(|why| why.contains("another engine")));
    world.rollouts.confirm_engine("SIM:2").await.expect("it is confirmed");
    world.until("it is back", |world| world.is_healthy(key, 1)).await;
    assert_eq!(world.reconciler().status().observe_only, None);
}

// F20: a copied database says so, and waits.
#[tokio::test(start_paused = true)]
async fn a_doubtful_database_only_observes() {
    let mut world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.rollouts.doubt("this database seems to be a copy");
    world.rollouts.delete_service(key);
    world.restart().await;
    drop(world.engine.take_calls());
    world.pass(Duration::from_secs(120)).await;

    assert!(world.is_healthy(key, 1));
    let calls = world.engine.take_calls();
    assert!(calls.iter().all(|call| !call.kind.is_mutation()), "{calls:#?}");
}

// F21, W33: a labelled object that no row names is listed, never touched.
#[tokio::test(start_paused = true)]
async fn a_labelled_container_that_no_row_names_is_listed_and_left_alone() {
    use domain::runtime::Restart;
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    let known = world.rollouts.view(key).expect("it exists");
    let mut spec = domain::testing::contract::Ground::replica(
        &domain::testing::contract::SimGround::new().await,
        "web",
        domain::testing::contract::Play::Stay,
    );
    spec.identity.environment = key.environment;
    spec.identity.service = key.service;
    spec.identity.deployment = known.active.expect("it is active");
    spec.identity.generation = 99;
    spec.identity.replica = domain::ReplicaId::new(uuid::Uuid::from_u128(4711));
    spec.restart = Restart::UnlessStopped;
    let stray = world.engine.add_stray(&spec);

    world.assert_at_rest().await;

    let status = world.reconciler().status();
    assert_eq!(status.strays.iter().map(|it| &it.container).collect::<Vec<_>>(), [&stray]);
    assert!(world.engine.container(&stray).is_some_and(|it| it.is_alive()));
}

// F39: an image that was pruned is fetched again, the very same.
#[tokio::test(start_paused = true)]
async fn a_pruned_image_is_fetched_again_by_its_digest() {
    let world = World::new();
    world.engine.add_image("team/app:2", "sha256:two", ImageLocation::Registry);
    let key = world.service("web", 1);
    let image = "team/app:2".parse().expect("this is an image");
    let id = world.deploy(key, domain::deployment::RunConfig { image, ..config("listen 80 0") });
    world.until_word(id, "live").await;

    world.engine.remove_image("team/app:2");
    world.engine.remove_by_hand(&world.only(key).id);
    world.until("it is back", |world| world.is_healthy(key, 1)).await;
    world.until("by its name", |world| world.only(key).serves).await;

    assert_eq!(world.only(key).image, "sha256:two");
    world.assert_at_rest().await;
}

// F39: when the tag has moved on meanwhile, it is not run in its place.
#[tokio::test(start_paused = true)]
async fn another_image_under_the_same_tag_is_not_run_in_its_place() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;

    world.engine.remove_image("sim/app:1");
    world.engine.add_image("sim/app:1", "sha256:other", ImageLocation::Registry);
    world.engine.remove_by_hand(&world.only(key).id);
    world
        .until("it says so", |world| {
            let why = world.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
            why.is_some_and(|why| why.contains("cannot be fetched again"))
        })
        .await;

    assert_eq!(world.containers(key), []);
}

// F55, DK-129: a failure is tried again after 1 s, then ever more slowly, up to 30 s.
#[tokio::test(start_paused = true)]
async fn a_failing_service_is_tried_ever_more_slowly_and_reset_by_success() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    world.engine.set_broken([(CallKind::Create, Some(key.service))].into());
    world.engine.remove_by_hand(&world.only(key).id);
    drop(world.engine.take_calls());
    world.pass(Duration::from_secs(300)).await;

    let tries: Vec<_> = world
        .engine
        .take_calls()
        .into_iter()
        .filter(|call| call.kind == CallKind::Create)
        .map(|call| call.at)
        .collect();
    let pauses: Vec<_> =
        tries.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f32().round()).collect();
    assert_eq!(pauses[..5], [1.0, 2.0, 4.0, 8.0, 16.0], "{pauses:?}");
    assert!(pauses[5..].iter().all(|pause| (29.0..=31.0).contains(pause)), "{pauses:?}");
    assert_eq!(world.reconciler().status().failing, 1);
    world.engine.set_broken([].into());
    world.until("it is back", |world| world.is_healthy(key, 1)).await;
    world.settle().await;
    assert_eq!(world.reconciler().status().failing, 0);

    // Success has made it forget: the next failure begins with a second again.
    world.engine.set_broken([(CallKind::Create, Some(key.service))].into());
    world.engine.remove_by_hand(&world.only(key).id);
    drop(world.engine.take_calls());
    world.pass(Duration::from_secs(5)).await;
    let tries = world.engine.take_calls().into_iter().filter(|call| call.kind == CallKind::Create);
    let tries: Vec<_> = tries.map(|call| call.at).collect();
    assert_eq!(tries[1].since(tries[0]).as_secs_f32().round(), 1.0, "{tries:?}");
}

// F17, F20: what cannot be written at the first meeting is tried again with pauses, not at once.
#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_be_written_down_is_not_asked_about_without_pause() {
    let world = World::new();
    world.rollouts.set_full(true);
    let key = world.service("web", 1);
    let id = world.deploy(key, config("listen 80 0"));
    world.pass(Duration::from_secs(60)).await;
    let reads = world.rollouts.whole_reads() + world.engine.take_calls().len() as u64;
    assert!((1..200).contains(&reads), "{reads} reads and calls in a minute");
    assert_eq!(world.containers(key), [], "nothing is changed before that");

    world.rollouts.set_full(false);
    world.until_word(id, "live").await;

    world.assert_at_rest().await;
}
