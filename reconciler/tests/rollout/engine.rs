//! The engine as a whole: away, hung, another one; and whose containers are whose.

use crate::support::{Simulation, with_port};
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
    let simulation = Simulation::new();
    simulation.engine.set_outage(Some(Outage::Absent));
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("listen 80 0"));
    simulation.pass(Duration::from_secs(90)).await;
    let away = simulation.reconciler().status().engine;
    simulation.engine.take_calls().clear();
    simulation.pass(Duration::from_secs(60)).await;
    let tries = simulation.engine.take_calls().len();

    simulation.engine.set_outage(None);
    let before = simulation.now();
    simulation.until_word(id, "live").await;

    assert!(matches!(away, EngineHealth::Unreachable { .. }), "{away:?}");
    assert!(tries <= 3, "it is asked ever more rarely: {tries} times in a minute");
    assert!(simulation.now().since(before) < Duration::from_secs(45));
    assert!(matches!(simulation.reconciler().status().engine, EngineHealth::Reachable { .. }));
}

// F31: hung: one question at a time, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn a_hung_engine_is_asked_one_thing_at_a_time() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    for at in 0..10 {
        simulation.live(&format!("more-{at}"), 1, "listen 80 0").await;
    }

    simulation.engine.set_outage(Some(Outage::Hung));
    simulation.pass(Duration::from_secs(30)).await;
    drop(simulation.engine.take_calls());
    simulation.pass(Duration::from_secs(60)).await;
    let calls = simulation.engine.take_calls();
    let status = simulation.reconciler().status();
    simulation.engine.set_outage(None);
    simulation
        .until("it is there again", |simulation| {
            matches!(simulation.reconciler().status().engine, EngineHealth::Reachable { .. })
        })
        .await;

    assert!(calls.len() <= 6, "{calls:#?}");
    assert!(matches!(status.engine, EngineHealth::Unreachable { .. }), "{status:?}");
    assert!(simulation.is_healthy(key, 1));
    simulation.assert_at_rest().await;
}

// I7, design §4: another engine than before, or a copied database: nothing is changed.
#[tokio::test(start_paused = true)]
async fn on_another_engine_nothing_is_changed_until_somebody_confirms() {
    let mut simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.engine.set_id("SIM:2");
    simulation.engine.kill(&simulation.only(key).id);
    drop(simulation.engine.take_calls());
    simulation.restart().await;
    let writes = simulation.rollouts.writes();
    simulation.pass(Duration::from_secs(120)).await;

    let calls = simulation.engine.take_calls();
    let why = simulation.reconciler().status().observe_only;
    assert!(calls.iter().all(|call| !call.kind.is_mutation()), "{calls:#?}");
    assert_eq!(simulation.rollouts.writes(), writes);
    assert!(why.is_some_and(|why| why.contains("another engine")));
    simulation.rollouts.confirm_engine("SIM:2").await.expect("it is confirmed");
    simulation.until("it is back", |simulation| simulation.is_healthy(key, 1)).await;
    assert_eq!(simulation.reconciler().status().observe_only, None);
}

// F20: a copied database says so, and waits.
#[tokio::test(start_paused = true)]
async fn a_doubtful_database_only_observes() {
    let mut simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.rollouts.mark_doubtful("this database seems to be a copy");
    simulation.rollouts.delete_service(key);
    simulation.restart().await;
    drop(simulation.engine.take_calls());
    simulation.pass(Duration::from_secs(120)).await;

    assert!(simulation.is_healthy(key, 1));
    let calls = simulation.engine.take_calls();
    assert!(calls.iter().all(|call| !call.kind.is_mutation()), "{calls:#?}");
}

// F21, W33: a labelled object that no row names is listed, never touched.
#[tokio::test(start_paused = true)]
async fn a_labelled_container_that_no_row_names_is_listed_and_left_alone() {
    use domain::runtime::RestartPolicy;
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    let known = simulation.rollouts.view(key).expect("it exists");
    let mut spec = domain::testing::contract::Harness::replica(
        &domain::testing::contract::SimHarness::new().await,
        "web",
        domain::testing::contract::Workload::Stay,
    );
    spec.identity.environment = key.environment;
    spec.identity.service = key.service;
    spec.identity.deployment = known.active.expect("it is active");
    spec.identity.generation = 99;
    spec.identity.replica = domain::ReplicaId::new(uuid::Uuid::from_u128(4711));
    spec.restart = RestartPolicy::UnlessStopped;
    let orphan = simulation.engine.add_stray(&spec);

    simulation.assert_at_rest().await;

    let status = simulation.reconciler().status();
    assert_eq!(status.orphans.iter().map(|it| &it.container).collect::<Vec<_>>(), [&orphan]);
    assert!(simulation.engine.container(&orphan).is_some_and(|it| it.is_alive()));
}

// F39: an image that was pruned is fetched again, the very same.
#[tokio::test(start_paused = true)]
async fn a_pruned_image_is_fetched_again_by_its_digest() {
    let simulation = Simulation::new();
    simulation.engine.add_image("team/app:2", "sha256:two", ImageLocation::Registry);
    let key = simulation.service("web", 1);
    let image = "team/app:2".parse().expect("this is an image");
    let id =
        simulation.deploy(key, domain::deployment::RunConfig { image, ..config("listen 80 0") });
    simulation.until_word(id, "live").await;

    simulation.engine.remove_image("team/app:2");
    simulation.engine.remove_by_hand(&simulation.only(key).id);
    simulation.until("it is back", |simulation| simulation.is_healthy(key, 1)).await;
    simulation.until("by its name", |simulation| simulation.only(key).serves).await;

    assert_eq!(simulation.only(key).image, "sha256:two");
    simulation.assert_at_rest().await;
}

// F39: when the tag has moved on meanwhile, it is not run in its place.
#[tokio::test(start_paused = true)]
async fn another_image_under_the_same_tag_is_not_run_in_its_place() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;

    simulation.engine.remove_image("sim/app:1");
    simulation.engine.add_image("sim/app:1", "sha256:other", ImageLocation::Registry);
    simulation.engine.remove_by_hand(&simulation.only(key).id);
    simulation
        .until("it says so", |simulation| {
            let why =
                simulation.rollouts.view(key).and_then(|it| it.condition).and_then(|(_, why)| why);
            why.is_some_and(|why| why.contains("cannot be fetched again"))
        })
        .await;

    assert_eq!(simulation.containers(key), []);
}

// F55, DK-129: a failure is tried again after 1 s, then ever more slowly, up to 30 s.
#[tokio::test(start_paused = true)]
async fn a_failing_service_is_tried_ever_more_slowly_and_reset_by_success() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 1, "listen 80 0").await;
    simulation.engine.set_broken([(CallKind::Create, Some(key.service))].into());
    simulation.engine.remove_by_hand(&simulation.only(key).id);
    drop(simulation.engine.take_calls());
    simulation.pass(Duration::from_secs(300)).await;

    let tries: Vec<_> = simulation
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
    assert_eq!(simulation.reconciler().status().backing_off, 1);
    simulation.engine.set_broken([].into());
    simulation.until("it is back", |simulation| simulation.is_healthy(key, 1)).await;
    simulation.settle().await;
    assert_eq!(simulation.reconciler().status().backing_off, 0);

    // Success has made it forget: the next failure begins with a second again.
    simulation.engine.set_broken([(CallKind::Create, Some(key.service))].into());
    simulation.engine.remove_by_hand(&simulation.only(key).id);
    drop(simulation.engine.take_calls());
    simulation.pass(Duration::from_secs(5)).await;
    let tries =
        simulation.engine.take_calls().into_iter().filter(|call| call.kind == CallKind::Create);
    let tries: Vec<_> = tries.map(|call| call.at).collect();
    assert_eq!(tries[1].since(tries[0]).as_secs_f32().round(), 1.0, "{tries:?}");
}

// F17: a reconciler that begins on a full disk asks the engine nothing but how it is, says the truth of
// it, stops when it is told to, and begins as soon as there is space.
#[tokio::test(start_paused = true)]
async fn a_start_on_a_full_disk_waits_for_space_and_stops_cleanly_meanwhile() {
    let mut simulation = Simulation::new();
    simulation.rollouts.set_full(true);
    simulation.pass(Duration::from_secs(300)).await;
    let status = simulation.reconciler().status();
    let calls = simulation.engine.take_calls();
    simulation.stop().await.expect("it stops without a complaint");
    simulation.restart().await;
    simulation.pass(Duration::from_secs(60)).await;

    simulation.rollouts.set_full(false);
    let space = simulation.now();
    simulation.until("it has begun", |it| it.reconciler().status().reconciled_at.is_some()).await;

    assert!(matches!(status.engine, EngineHealth::Reachable { .. }), "{status:?}");
    assert!(calls.iter().all(|call| call.kind == CallKind::Engine), "{calls:?}");
    assert!(simulation.now().since(space) < Duration::from_secs(2));
    let key = simulation.live("web", 1, "listen 80 0").await;
    assert!(simulation.is_healthy(key, 1));
}

// F17: what needs no word in the database is healed on a full disk too.
#[tokio::test(start_paused = true)]
async fn a_full_disk_keeps_nobody_from_being_started_again() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 4, with_port("listen 80 0")).await;
    simulation.assert_at_rest().await;
    let before = simulation.containers(key);
    simulation.rollouts.set_full(true);
    let writes = simulation.rollouts.writes();
    let broken = simulation.now();

    simulation.engine.kill(&before[0].id);
    simulation.engine.stop_by_hand(&before[1].id);
    simulation.engine.pause(&before[2].id);
    simulation.engine.disconnect(&before[3].id);
    simulation.until("all are back", |it| it.is_healthy(key, 4)).await;
    let took = simulation.now().since(broken);
    simulation.until("and by their name", |it| it.containers(key).iter().all(|it| it.serves)).await;
    let tries = simulation.engine.take_calls().len();
    simulation.pass(Duration::from_secs(300)).await;
    let calls = simulation.engine.take_calls();

    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(simulation.rollouts.writes(), writes);
    let ids = |all: &[domain::testing::engine::SimContainer]| -> Vec<_> {
        all.iter().map(|it| it.id.clone()).collect()
    };
    assert_eq!(ids(&simulation.containers(key)), ids(&before), "nothing was made anew");
    assert!(calls.iter().all(|call| !call.kind.is_mutation()), "it is done once: {tries}");
    simulation.rollouts.set_full(false);
    simulation.until("it is written down", |it| it.rollouts.writes() > writes).await;
    simulation.assert_at_rest().await;
}

// F17, F20: what cannot be written at the first meeting is tried again with pauses, not at once.
#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_be_written_down_is_not_asked_about_without_pause() {
    let simulation = Simulation::new();
    simulation.rollouts.set_full(true);
    let key = simulation.service("web", 1);
    let id = simulation.deploy(key, config("listen 80 0"));
    simulation.pass(Duration::from_secs(60)).await;
    let reads = simulation.rollouts.whole_reads() + simulation.engine.take_calls().len() as u64;
    assert!((1..200).contains(&reads), "{reads} reads and calls in a minute");
    assert_eq!(simulation.containers(key), [], "nothing is changed before that");

    simulation.rollouts.set_full(false);
    simulation.until_word(id, "live").await;

    simulation.assert_at_rest().await;
}
