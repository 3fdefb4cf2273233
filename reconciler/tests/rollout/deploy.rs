//! Deployments from the queue to live, or to their failure.

use crate::support::{Simulation, with_image, with_port};
use domain::{
    deployment::{Condition, RunConfig},
    runtime::{ContainerState, RestartPolicy},
    testing::{CallKind, engine::ImageLocation, rollouts::config},
};
use std::time::Duration;

// DK-50, DK-135: it goes live, its name leads to it, the engine restarts it from then on.
#[tokio::test(start_paused = true)]
async fn a_first_deployment_goes_live_and_its_name_leads_to_it() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);

    let id = simulation.deploy(key, config("listen 80 300"));
    simulation.until_word(id, "live").await;

    let container = simulation.only(key);
    assert_eq!(container.state, ContainerState::Running);
    assert_eq!(container.restart, RestartPolicy::UnlessStopped);
    assert!(container.serves);
    simulation.until_condition(key, Condition::Running).await;
    simulation.assert_at_rest().await;
}

// DK-135: without a check and a port, it must stay up for ten seconds.
#[tokio::test(start_paused = true)]
async fn a_service_without_a_port_is_ready_after_ten_seconds() {
    let simulation = Simulation::new();
    let key = simulation.service("worker", 2);
    let before = simulation.now();

    let id = simulation.deploy(key, config("work"));
    simulation.until_word(id, "live").await;

    let took = simulation.now().since(before);
    assert!((10..12).contains(&took.as_secs()), "{took:?}");
    simulation.assert_at_rest().await;
}

// DK-135: all replicas must prove themselves, and one that has died begins afresh.
#[tokio::test(start_paused = true)]
async fn a_replica_that_dies_on_the_way_holds_up_the_whole_deployment() {
    let simulation = Simulation::new();
    let key = simulation.service("worker", 3);
    let before = simulation.now();

    let id = simulation.deploy(key, config("work"));
    simulation.pass(Duration::from_secs(8)).await;
    simulation.engine.crash(&simulation.containers(key)[1].id, 1);
    simulation.pass(Duration::from_secs(4)).await;
    assert_eq!(simulation.rollouts.state_name(id), "checking", "two of three are not all");
    simulation.until_word(id, "live").await;

    let took = simulation.now().since(before).as_secs();
    assert!((18..22).contains(&took), "{took} s");
    assert!(simulation.is_healthy(key, 3));
    simulation.assert_at_rest().await;
}

// DK-51, DK-136: exit code and last lines are kept; who served goes on serving.
#[tokio::test(start_paused = true)]
async fn a_bad_new_deployment_leaves_the_previous_one_serving() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
    let before = simulation.only(key);

    let id = simulation.deploy(key, with_port("print 'no database' exit 3 200"));
    simulation.until_word(id, "failed").await;

    let failure = simulation.failure(id);
    assert_eq!(failure.exit_code, Some(3));
    assert!(failure.reason.contains("exit code 3"), "{}", failure.reason);
    let tail = failure.log_tail.expect("the last lines are kept");
    assert!(tail.expose().contains("no database"));
    simulation
        .until("only the old one is left", |simulation| simulation.containers(key).len() == 1)
        .await;
    assert_eq!(simulation.only(key), before, "it was not touched");
    assert_eq!(simulation.condition(key), Some(Condition::Running));
    simulation.assert_at_rest().await;
}

// DK-53, DK-136: at most 100 lines, the last ones.
#[tokio::test(start_paused = true)]
async fn of_a_failures_lines_the_last_hundred_are_kept() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let lines: Vec<_> = (0..110).map(|at| format!("print 'line {at:03}'")).collect();

    let id = simulation.deploy(key, config(&format!("{} exit 1 0", lines.join(" "))));
    simulation.until_word(id, "failed").await;

    let tail = simulation.failure(id).log_tail.expect("the last lines are kept");
    let kept: Vec<_> = tail.expose().lines().collect();
    let expected: Vec<_> = (10..110).map(|at| format!("line {at:03}")).collect();
    assert_eq!(kept, expected);
}

// DK-53: at most 10 KiB, the end kept, and no character cut in two.
#[tokio::test(start_paused = true)]
async fn a_failures_last_lines_are_bounded() {
    for letter in ["x", "ä", "€", "🙂"] {
        let simulation = Simulation::new();
        let key = simulation.service("web", 1);
        let text = letter.repeat(130 / letter.len());
        let lines: Vec<_> = (0..110).map(|at| format!("print '{at:03} {text}'")).collect();

        let id = simulation.deploy(key, config(&format!("{} exit 1 0", lines.join(" "))));
        simulation.until_word(id, "failed").await;

        let tail = simulation.failure(id).log_tail.expect("the last lines are kept");
        let tail = tail.expose();
        assert!((10_000..=10 * 1024).contains(&tail.len()), "{} bytes of {letter}", tail.len());
        assert!(tail.trim_end().ends_with(&format!("109 {text}")));
        assert!(!tail.contains('\u{fffd}'));
    }
}

// DK-135, DK-136, W22: a process that lives for some seconds each time is a crash loop, and never promoted.
#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_recognised_however_long_each_life_is() {
    for life in [0, 50, 900, 4_000, 8_000, 9_500] {
        let simulation = Simulation::new();
        let key = simulation.service("web", 1);

        let id = simulation.deploy(key, config(&format!("exit 1 {life}")));
        simulation
            .until(&format!("it is over with {life} ms"), |simulation| {
                simulation.rollouts.state_name(id) == "failed"
            })
            .await;

        assert_eq!(simulation.failure(id).exit_code, Some(1));
        assert_eq!(simulation.engine.state().starts[&key.service], 3, "three ends with {life} ms");
        simulation
            .until("nothing is left", |simulation| simulation.containers(key).is_empty())
            .await;
        simulation.assert_at_rest().await;
    }
}

// F56, I10: the check's own deadline ends it.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_never_answers_fails_at_its_deadline() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let before = simulation.now();

    let id = simulation.deploy(key, with_port("listen 8080 0"));
    simulation.until_word(id, "failed").await;

    let took = simulation.now().since(before).as_secs();
    assert!((300..303).contains(&took), "after {took} s");
    assert!(simulation.failure(id).reason.contains("not ready within 300 s"));
}

// F60, I11: of many, the last wins; the others read superseded.
#[tokio::test(start_paused = true)]
async fn of_many_deployments_the_last_one_wins() {
    let simulation = Simulation::new();
    let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;

    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(simulation.deploy(key, with_port("listen 80 500")));
        simulation.pass(Duration::from_millis(100)).await;
    }
    let last = ids.pop().expect("there are some");
    simulation.until_word(last, "live").await;

    for id in ids {
        assert_eq!(simulation.rollouts.state_name(id), "superseded");
    }
    simulation.until("one is left", |simulation| simulation.containers(key).len() == 1).await;
    assert_eq!(simulation.only(key).identity.expect("it is ours").deployment, last);
    simulation.assert_at_rest().await;
}

// F61, W30: what was cancelled never goes live, and nothing half-made is left.
#[tokio::test(start_paused = true)]
async fn a_cancelled_deployment_leaves_nothing_behind_wherever_it_was() {
    for after in [0, 1, 100, 1_000, 2_900] {
        let simulation = Simulation::new();
        let key = simulation.live_with("web", 1, with_port("listen 80 0")).await;
        let before = simulation.only(key);

        let id = simulation.deploy(key, with_port("listen 80 3000"));
        simulation.pass(Duration::from_millis(after)).await;
        simulation.rollouts.cancel(id);
        simulation.trigger(key);
        simulation.pass(Duration::from_secs(5)).await;

        assert_eq!(simulation.rollouts.state_name(id), "cancelled");
        assert_eq!(simulation.only(key).id, before.id);
        simulation.assert_at_rest().await;
    }
}

// DK-55, DK-134, W25, W26: three tries with pauses, counted for the deployment as a whole.
#[tokio::test(start_paused = true)]
async fn a_missing_image_is_tried_three_times_with_pauses() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 3);
    let before = simulation.now();

    let id = simulation.deploy(key, with_image("nobody/has:this"));
    simulation.until_word(id, "failed").await;

    let pulls = simulation.engine.take_calls();
    let tries = pulls.iter().filter(|it| it.kind == CallKind::EnsureImage).count();
    assert_eq!(tries, 6, "each try first looks whether it is there");
    let took = simulation.now().since(before).as_secs();
    assert!((15..18).contains(&took), "a short hiccup must not fail it: {took} s");
    assert!(simulation.failure(id).reason.contains("nobody/has:this"));
    assert_eq!(simulation.rollouts.deployment(id).map(|it| it.attempts), Some(3));
    simulation.assert_at_rest().await;
}

// DK-134, W25: a registry that is back in time costs nothing but time.
#[tokio::test(start_paused = true)]
async fn a_short_hiccup_of_the_registry_fails_nothing() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);

    let id = simulation.deploy(key, with_image("team/app:2"));
    simulation.pass(Duration::from_secs(10)).await;
    simulation.engine.add_image("team/app:2", "sha256:two", ImageLocation::Registry);

    simulation.until_word(id, "live").await;
    let pinned = simulation.rollouts.deployment(id).and_then(|it| it.image).expect("it is pinned");
    assert_eq!(pinned.digest.as_deref(), Some("team/app@sha256:two"));
}

// DK-128, W36: pulls that take long keep nobody waiting, not even their own service.
#[tokio::test(start_paused = true)]
async fn a_slow_pull_does_not_block_others() {
    let simulation = Simulation::new();
    let busy = simulation.live("busy", 1, "listen 80 0").await;
    simulation.engine.add_image("slow:1", "sha256:slow", ImageLocation::Registry);
    simulation.engine.set_pull_time("slow:1", Duration::from_secs(600));
    let slow: Vec<_> = (0..6)
        .map(|at| {
            simulation.deploy(simulation.service(&format!("slow-{at}"), 1), with_image("slow:1"))
        })
        .collect();
    let next = simulation.deploy(busy, with_image("slow:1"));
    simulation.pass(Duration::from_secs(1)).await;
    let before = simulation.now();

    let quick = simulation.deploy(simulation.service("quick", 1), with_port("listen 80 0"));
    simulation.until_word(quick, "live").await;
    simulation.engine.kill(&simulation.only(busy).id);
    simulation.until("it is back", |simulation| simulation.is_healthy(busy, 1)).await;

    assert!(simulation.now().since(before) < Duration::from_secs(5));
    assert_eq!(simulation.rollouts.state_name(next), "pulling");
    assert_eq!(simulation.rollouts.state_name(slow[0]), "pulling");
}

// F60: a pull that nobody waits for any more is given up.
#[tokio::test(start_paused = true)]
async fn a_newer_deployment_does_not_wait_for_an_older_ones_pull() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    simulation.engine.add_image("slow:1", "sha256:slow", ImageLocation::Registry);
    simulation.engine.set_pull_time("slow:1", Duration::from_secs(600));

    let old = simulation.deploy(key, with_image("slow:1"));
    simulation.pass(Duration::from_secs(5)).await;
    let new = simulation.deploy(key, with_port("listen 80 0"));
    let before = simulation.now();
    simulation.until_word(new, "live").await;

    assert_eq!(simulation.rollouts.state_name(old), "superseded");
    assert!(simulation.now().since(before) < Duration::from_secs(3));
}

// F38, I7: the holder is named, and not touched.
#[tokio::test(start_paused = true)]
async fn a_foreign_container_that_holds_the_name_fails_the_deployment() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    simulation.engine.set_broken([(CallKind::Create, None)].into());
    let id = simulation.deploy(key, config("listen 80 0"));
    let row = |simulation: &Simulation| {
        simulation.rollouts.view(key).and_then(|it| it.replicas.first().cloned())
    };
    simulation.until("there is a row", |simulation| row(simulation).is_some()).await;
    let name = format!("easel-web-{}", row(&simulation).expect("there is a row").id);
    let holder = simulation.engine.add_foreign(&name);
    simulation.engine.set_broken([].into());

    simulation.until_word(id, "failed").await;

    assert!(
        simulation.failure(id).reason.contains(holder.short()),
        "{}",
        simulation.failure(id).reason
    );
    assert!(simulation.engine.container(&holder).is_some_and(|it| it.is_alive()));
    simulation.assert_at_rest().await;
}

// F51: a job has done its work: completed, not running, not crashed.
#[tokio::test(start_paused = true)]
async fn a_job_that_ends_with_0_is_completed() {
    let simulation = Simulation::new();
    let key = simulation.service("migrate", 1);

    let before = simulation.now();
    let id = simulation.deploy(key, config("exit 0 100"));
    simulation.until_word(id, "live").await;
    simulation.until_condition(key, Condition::Completed).await;
    assert!(simulation.now().since(before).as_secs() < 5);

    assert_eq!(simulation.only(key).restart, RestartPolicy::No);
    assert_eq!(simulation.engine.state().starts[&key.service], 1, "it ran once");
    simulation.assert_at_rest().await;
}

// F51: it must not take the place of one that serves.
#[tokio::test(start_paused = true)]
async fn what_ends_at_once_with_0_takes_nothing_down() {
    let simulation = Simulation::new();
    let key = simulation.live("worker", 1, "work").await;
    let before = simulation.only(key);

    let id = simulation.deploy(key, config("exit 0 100"));
    simulation.until_word(id, "failed").await;
    simulation.until("one is left", |simulation| simulation.containers(key).len() == 1).await;

    assert_eq!(simulation.failure(id).exit_code, Some(0));
    assert_eq!(simulation.only(key).id, before.id);
}

// F51: a port that should answer is more than an exit code of 0.
#[tokio::test(start_paused = true)]
async fn a_server_that_ends_with_0_has_failed() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);

    let id = simulation.deploy(key, with_port("exit 0 100"));

    simulation.until_word(id, "failed").await;
    assert_eq!(simulation.failure(id).exit_code, Some(0));
}

// F49.
#[tokio::test(start_paused = true)]
async fn a_want_of_memory_is_told_with_the_limit() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 1);
    let limits = domain::Limits::new(Some(16), None, None).expect("these are limits");

    let id = simulation.deploy(key, RunConfig { limits, ..config("oom 100") });
    simulation.until_word(id, "failed").await;

    assert_eq!(simulation.failure(id).reason, "out of memory (limit 16 MB)");
}

// F42: said before anything is stopped.
#[tokio::test(start_paused = true)]
async fn without_a_free_network_a_deployment_fails_with_the_range() {
    let simulation = Simulation::new();
    simulation.engine.add_foreign_network("10.0.0.0/8".parse().expect("these are addresses"));
    let key = simulation.service("web", 1);

    let id = simulation.deploy(key, config("listen 80 0"));
    simulation.until_word(id, "failed").await;

    assert!(
        simulation.failure(id).reason.contains("10.208.0.0/12"),
        "{}",
        simulation.failure(id).reason
    );
}

// DK-55, DK-134, W26: a container that cannot be made is tried three times, with pauses, like a pull;
// the tries are those of the deployment, however many replicas it has.
#[tokio::test(start_paused = true)]
async fn a_container_that_cannot_be_made_is_tried_three_times_with_pauses() {
    let simulation = Simulation::new();
    let key = simulation.live("web", 3, "listen 80 0").await;
    let serving = simulation.containers(key);
    simulation.engine.set_broken([(CallKind::Create, Some(key.service))].into());
    drop(simulation.engine.take_calls());
    let before = simulation.now();

    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.until_word(id, "failed").await;

    let calls = simulation.engine.take_calls();
    assert_eq!(calls.iter().filter(|it| it.kind == CallKind::Create).count(), 9);
    assert_eq!(simulation.rollouts.deployment(id).map(|it| it.attempts), Some(3));
    let took = simulation.now().since(before).as_secs();
    assert!((15..18).contains(&took), "{took} s");
    assert_eq!(simulation.containers(key), serving, "they were not touched");
    simulation.assert_at_rest().await;
    let made = simulation.engine.take_calls().iter().any(|it| it.kind == CallKind::Create);
    assert!(!made, "after it has failed, nothing of it is tried");
}

// F55: what fails for one service for ever is no matter of the others.
#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_for_one_service_serves_the_others() {
    let simulation = Simulation::new();
    let (one, other) = (simulation.service("one", 1), simulation.service("other", 1));
    simulation.engine.set_broken([(CallKind::Start, Some(one.service))].into());

    let failed = simulation.deploy(one, config("listen 80 0"));
    let live = simulation.deploy(other, with_port("listen 80 0"));
    simulation.until_word(live, "live").await;
    simulation.until_word(failed, "failed").await;

    assert!(simulation.failure(failed).reason.contains("500"));
    simulation
        .until("nothing is left of it", |simulation| simulation.containers(one).is_empty())
        .await;
    simulation.assert_at_rest().await;
}

// A stopped service takes its new deployment without running it.
#[tokio::test(start_paused = true)]
async fn a_deployment_of_a_stopped_service_waits_for_its_start() {
    let simulation = Simulation::new();
    let key = simulation.service("web", 0);

    let id = simulation.deploy(key, with_port("listen 80 0"));
    simulation.until_word(id, "live").await;
    simulation.until_condition(key, Condition::Stopped).await;
    assert_eq!(simulation.containers(key), []);
    simulation.assert_at_rest().await;
    simulation.rollouts.scale(key, 2);
    simulation.trigger(key);

    simulation.until("they run", |simulation| simulation.is_healthy(key, 2)).await;
    simulation.until_condition(key, Condition::Running).await;
    simulation.assert_at_rest().await;
}
