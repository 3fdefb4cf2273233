//! From a container's creation to its removal.

use super::ground::{Ground, Play, inspect, run, until, until_it_answers};
use crate::runtime::{ContainerState, Follow, LogsFrom, Restart};
use futures::StreamExt;
use std::time::Duration;

/// F44.
pub async fn creating_twice_is_creating_once(ground: impl Ground) {
    let replica = ground.replica("web", Play::Stay);

    let one = ground.runtime().create(&replica).await.expect("it is made");
    let two = ground.runtime().create(&replica).await.expect("it is found");

    assert_eq!(one, two);
    let list = ground.runtime().replicas().await.expect("the engine answers");
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].identity, replica.identity);
}

/// F33: the caller goes away in the middle of the call.
pub async fn a_creation_whose_answer_was_lost_is_found_again(ground: impl Ground) {
    let replica = ground.replica("web", Play::Stay);
    {
        let mut create = ground.runtime().create(&replica);
        let _lost = futures::poll!(&mut create);
        ground.wait(Duration::from_millis(3)).await;
    }

    let container = ground.runtime().create(&replica).await.expect("it is made or found");
    ground.wait(Duration::from_millis(300)).await;

    let list = ground.runtime().replicas().await.expect("the engine answers");
    let containers: Vec<_> = list.into_iter().map(|it| it.container).collect();
    assert_eq!(containers, [container]);
}

/// F33.
pub async fn a_start_whose_answer_was_lost_may_be_repeated(ground: impl Ground) {
    let replica = ground.replica("web", Play::Stay);
    let container = ground.runtime().create(&replica).await.expect("it is made");
    {
        let mut start = ground.runtime().start(&container);
        let _lost = futures::poll!(&mut start);
    }

    ground.runtime().start(&container).await.expect("it is started");
    ground.runtime().start(&container).await.expect("it runs already");

    let inspection = until(&ground, &container, |it| it.state == ContainerState::Running).await;
    assert_eq!(inspection.restart_count, 0);
}

/// F51: a candidate's end is final, so that it can be counted.
pub async fn without_a_policy_an_end_is_final_and_its_code_is_kept(ground: impl Ground) {
    let replica = ground.replica("web", Play::End { code: 7, after_ms: 100 });

    let container = run(&ground, &replica).await;
    until(&ground, &container, |it| it.state == ContainerState::Exited).await;
    ground.wait(Duration::from_millis(700)).await;
    let inspection = inspect(&ground, &container).await;

    assert_eq!(inspection.state, ContainerState::Exited);
    assert_eq!(inspection.exit_code, Some(7));
    assert_eq!(inspection.restart_count, 0);
    assert!(inspection.finished_at >= inspection.started_at);
}

/// W23: what has crashed for good is left alone.
pub async fn the_policy_can_be_changed_while_it_runs(ground: impl Ground) {
    let container = run(&ground, &ground.replica("web", Play::Stay)).await;

    let before = inspect(&ground, &container).await.restart;
    let set = ground.runtime().set_restart(&container, Restart::UnlessStopped).await;
    let after = inspect(&ground, &container).await.restart;

    assert_eq!((before, set, after), (Restart::No, Ok(()), Restart::UnlessStopped));
}

/// F30: a restart shows by the start time, whatever the count says.
pub async fn a_second_run_has_another_start_time(ground: impl Ground) {
    let container = run(&ground, &ground.replica("web", Play::Stay)).await;
    let first = until(&ground, &container, |it| it.started_at.is_some()).await;
    ground.wait(Duration::from_millis(20)).await;

    ground.runtime().stop(&container, Duration::ZERO).await.expect("it is stopped");
    ground.runtime().start(&container).await.expect("it is started");
    let second = until(&ground, &container, |it| it.state == ContainerState::Running).await;

    assert!(second.started_at > first.started_at, "{second:?} after {first:?}");
}

/// Design §1: an engine may give it another address; whatever it reports is true.
pub async fn a_second_run_answers_where_it_is_reported(ground: impl Ground) {
    let container = run(&ground, &ground.replica("web", Play::Listen(8080))).await;
    until_it_answers(&ground, &container, 8080).await;

    ground.runtime().stop(&container, Duration::ZERO).await.expect("it is stopped");
    ground.runtime().start(&container).await.expect("it is started");

    until_it_answers(&ground, &container, 8080).await;
    let list = ground.runtime().replicas().await.expect("the engine answers");
    let listed: Vec<_> = list.iter().map(|it| it.address).collect();
    assert_eq!(listed, [inspect(&ground, &container).await.address], "a list says the same");
}

/// Every method may be repeated.
pub async fn stopping_and_removing_twice_is_fine(ground: impl Ground) {
    let container = run(&ground, &ground.replica("web", Play::Stay)).await;
    let runtime = ground.runtime();

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
pub async fn one_list_shows_all_states(ground: impl Ground) {
    let made = ground.runtime().create(&ground.replica("one", Play::Stay)).await.expect("made");
    let runs = run(&ground, &ground.replica("two", Play::Stay)).await;
    let ended = run(&ground, &ground.replica("three", Play::End { code: 0, after_ms: 0 })).await;
    until(&ground, &ended, |it| it.state == ContainerState::Exited).await;

    let list = ground.runtime().replicas().await.expect("the engine answers");

    let state = |id| list.iter().find(|it| it.container == id).map(|it| it.state);
    assert_eq!(state(made), Some(ContainerState::Created));
    assert_eq!(state(runs), Some(ContainerState::Running));
    assert_eq!(state(ended), Some(ContainerState::Exited));
}

/// DK-121.
pub async fn what_it_printed_can_be_read(ground: impl Ground) {
    let container = run(&ground, &ground.replica("web", Play::Print("hello there"))).await;

    for _ in 0..500 {
        let logs = ground.runtime().logs(&container, LogsFrom::Tail(10), Follow::No).await;
        let lines: Vec<_> = logs.expect("the engine answers").collect().await;
        let is_there = |line: &Result<crate::runtime::LogLine, _>| {
            line.as_ref().is_ok_and(|line| line.line == "hello there")
        };
        if lines.iter().any(is_there) {
            return;
        }
        ground.wait(Duration::from_millis(20)).await;
    }
    panic!("the line never came");
}
