//! From a container's creation to its removal.

use super::harness::{Harness, Workload, inspect, run, until, until_it_answers};
use crate::runtime::{ContainerState, Follow, LogsFrom, RestartPolicy};
use futures::StreamExt;
use std::time::Duration;

/// F44.
pub async fn creating_twice_is_creating_once(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);

    let one = harness.runtime().create(&replica).await.expect("it is made");
    let two = harness.runtime().create(&replica).await.expect("it is found");

    assert_eq!(one, two);
    let list = harness.runtime().replicas().await.expect("the engine answers");
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].identity, replica.identity);
}

/// F33: the caller goes away in the middle of the call.
pub async fn a_creation_whose_answer_was_lost_is_found_again(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);
    {
        let mut create = harness.runtime().create(&replica);
        let _lost = futures::poll!(&mut create);
        harness.wait(Duration::from_millis(3)).await;
    }

    let container = harness.runtime().create(&replica).await.expect("it is made or found");
    harness.wait(Duration::from_millis(300)).await;

    let list = harness.runtime().replicas().await.expect("the engine answers");
    let containers: Vec<_> = list.into_iter().map(|it| it.container).collect();
    assert_eq!(containers, [container]);
}

/// F33.
pub async fn a_start_whose_answer_was_lost_may_be_repeated(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);
    let container = harness.runtime().create(&replica).await.expect("it is made");
    {
        let mut start = harness.runtime().start(&container);
        let _lost = futures::poll!(&mut start);
    }

    harness.runtime().start(&container).await.expect("it is started");
    harness.runtime().start(&container).await.expect("it runs already");

    let inspection = until(&harness, &container, |it| it.state == ContainerState::Running).await;
    assert_eq!(inspection.restart_count, 0);
}

/// F51: a candidate's end is final, so that it can be counted.
pub async fn without_a_policy_an_end_is_final_and_its_code_is_kept(harness: impl Harness) {
    let replica = harness.replica("web", Workload::End { code: 7, after_ms: 100 });

    let container = run(&harness, &replica).await;
    until(&harness, &container, |it| it.state == ContainerState::Exited).await;
    harness.wait(Duration::from_millis(700)).await;
    let inspection = inspect(&harness, &container).await;

    assert_eq!(inspection.state, ContainerState::Exited);
    assert_eq!(inspection.exit_code, Some(7));
    assert_eq!(inspection.restart_count, 0);
    assert!(inspection.finished_at >= inspection.started_at);
}

/// W23: what has crashed for good is left alone.
pub async fn the_policy_can_be_changed_while_it_runs(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Stay)).await;

    let before = inspect(&harness, &container).await.restart;
    let set = harness.runtime().set_restart_policy(&container, RestartPolicy::UnlessStopped).await;
    let after = inspect(&harness, &container).await.restart;

    assert_eq!((before, set, after), (RestartPolicy::No, Ok(()), RestartPolicy::UnlessStopped));
}

/// F30: a restart shows by the start time, whatever the count says.
pub async fn a_second_run_has_another_start_time(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Stay)).await;
    let first = until(&harness, &container, |it| it.started_at.is_some()).await;
    harness.wait(Duration::from_millis(20)).await;

    harness.runtime().stop(&container, Duration::ZERO).await.expect("it is stopped");
    harness.runtime().start(&container).await.expect("it is started");
    let second = until(&harness, &container, |it| it.state == ContainerState::Running).await;

    assert!(second.started_at > first.started_at, "{second:?} after {first:?}");
}

/// Design §1: an engine may give it another address; whatever it reports is true.
pub async fn a_second_run_answers_where_it_is_reported(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Listen(8080))).await;
    until_it_answers(&harness, &container, 8080).await;

    harness.runtime().stop(&container, Duration::ZERO).await.expect("it is stopped");
    harness.runtime().start(&container).await.expect("it is started");

    until_it_answers(&harness, &container, 8080).await;
    let list = harness.runtime().replicas().await.expect("the engine answers");
    let listed: Vec<_> = list.iter().map(|it| it.address).collect();
    assert_eq!(listed, [inspect(&harness, &container).await.address], "a list says the same");
}

/// Every method may be repeated.
pub async fn stopping_and_removing_twice_is_fine(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Stay)).await;
    let runtime = harness.runtime();

    let results = [
        runtime.stop(&container, Duration::from_secs(1)).await,
        runtime.stop(&container, Duration::from_secs(1)).await,
        runtime.remove(&container).await,
        runtime.remove(&container).await,
    ];

    assert_eq!(results, [Ok(()), Ok(()), Ok(()), Ok(())]);
    assert_eq!(runtime.inspect(&container).await, Ok(None));
}

/// DK-131.
pub async fn one_list_shows_all_states(harness: impl Harness) {
    let made =
        harness.runtime().create(&harness.replica("one", Workload::Stay)).await.expect("made");
    let runs = run(&harness, &harness.replica("two", Workload::Stay)).await;
    let ended =
        run(&harness, &harness.replica("three", Workload::End { code: 0, after_ms: 0 })).await;
    until(&harness, &ended, |it| it.state == ContainerState::Exited).await;

    let list = harness.runtime().replicas().await.expect("the engine answers");

    let state = |id| list.iter().find(|it| it.container == id).map(|it| it.state);
    assert_eq!(state(made), Some(ContainerState::Created));
    assert_eq!(state(runs), Some(ContainerState::Running));
    assert_eq!(state(ended), Some(ContainerState::Exited));
}

/// DK-121.
pub async fn what_it_printed_can_be_read(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Print("hello there"))).await;

    for _ in 0..500 {
        let logs = harness.runtime().logs(&container, LogsFrom::Tail(10), Follow::No).await;
        let lines: Vec<_> = logs.expect("the engine answers").collect().await;
        let is_there = |line: &Result<crate::runtime::LogLine, _>| {
            line.as_ref().is_ok_and(|line| line.line == "hello there")
        };
        if lines.iter().any(is_there) {
            return;
        }
        harness.wait(Duration::from_millis(20)).await;
    }
    panic!("the line never came");
}
