//! What people and accidents do to containers behind Easel's back.

use super::harness::{Harness, Workload, inspect, run, until, until_it_answers};
use crate::{
    MountPath, VolumeId,
    runtime::{ContainerState, RestartPolicy, RuntimeError, RuntimeEvent, Serving, VolumeSpec},
};
use futures::StreamExt;
use std::time::Duration;

/// F38, I7.
pub async fn a_foreign_holder_of_the_name_is_named_and_left_alone(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);
    let holder = harness.occupy(&replica).await;

    let refused = harness.runtime().create(&replica).await;

    match refused {
        Err(RuntimeError::NameTaken { holder: named, .. }) => {
            assert!(holder.0.starts_with(&named), "{named} is {holder:?}");
        }
        other => panic!("the name is taken, but: {other:?}"),
    }
    assert!(harness.runs(&holder).await, "the holder runs on");
    let list = harness.runtime().replicas().await.expect("the engine answers");
    assert!(list.iter().all(|it| it.container != holder), "it is not ours: {list:?}");
}

/// F41, I7.
pub async fn a_foreign_object_of_an_environments_name_is_named_and_left_alone(
    harness: impl Harness,
) {
    let (runtime, (project, environment)) = (harness.runtime(), harness.environment());
    runtime.remove_environment(environment).await.expect("nobody is in it");
    let name = harness.occupy_environment(environment).await;

    let refused = runtime.ensure_environment(project, environment).await;
    let unused = runtime.create(&harness.replica("web", Workload::Stay)).await;
    let removed = runtime.remove_environment(environment).await;

    assert_names(&refused, &name);
    assert!(matches!(unused, Err(RuntimeError::Gone(_))), "{unused:?}");
    assert_eq!(removed, Ok(()), "ours is gone already");
    assert!(harness.holds(&name).await, "it is still there");
}

/// F46, I7: neither used, nor removed together with what somebody keeps in it.
pub async fn a_foreign_volume_of_the_name_is_named_and_left_alone(harness: impl Harness) {
    let (runtime, (project, environment)) = (harness.runtime(), harness.environment());
    let mut replica = harness.replica("db", Workload::Stay);
    let volume = VolumeId::new(replica.identity.replica.as_uuid());
    replica.config.mounts =
        [(volume, MountPath::try_from("/data").expect("this is a path"))].into_iter().collect();
    let spec = VolumeSpec { project, environment, volume };
    let name = harness.occupy_volume(volume).await;

    assert_names(&runtime.ensure_volume(&spec).await, &name);
    assert_names(&runtime.has_volume(volume).await, &name);
    assert_names(&runtime.create(&replica).await, &name);
    assert_names(&runtime.remove_volume(volume).await, &name);
    assert!(harness.holds(&name).await, "it is still there");
}

fn assert_names<T: std::fmt::Debug>(refused: &Result<T, RuntimeError>, name: &str) {
    match refused {
        Err(RuntimeError::Refused(why)) => assert!(why.contains(name), "{why}"),
        other => panic!("{name} is somebody else's, but: {other:?}"),
    }
}

/// F37: why the reconciler must look after it.
pub async fn a_kill_suppresses_the_restart_policy_and_a_start_brings_it_back(
    harness: impl Harness,
) {
    let mut replica = harness.replica("web", Workload::Stay);
    replica.restart = RestartPolicy::UnlessStopped;
    let container = run(&harness, &replica).await;
    let first = until(&harness, &container, |it| it.state == ContainerState::Running).await;

    harness.kill(&container).await;
    let killed = until(&harness, &container, |it| it.state == ContainerState::Exited).await;
    harness.wait(Duration::from_millis(1500)).await;
    let later = inspect(&harness, &container).await;
    harness.runtime().start(&container).await.expect("it can be started again");
    let again = until(&harness, &container, |it| it.state == ContainerState::Running).await;

    assert_eq!(killed.exit_code, Some(137));
    assert_eq!(later.state, ContainerState::Exited, "the engine leaves it alone");
    assert_eq!(later.restart, RestartPolicy::UnlessStopped, "although its policy says otherwise");
    assert_ne!(again.started_at, first.started_at);
    assert_eq!(again.restart_count, 0, "a start by hand is no restart");
}

/// F50, W22.
pub async fn a_crash_is_answered_by_the_engine_and_counted(harness: impl Harness) {
    let mut replica = harness.replica("web", Workload::End { code: 3, after_ms: 300 });
    replica.restart = RestartPolicy::UnlessStopped;

    let container = run(&harness, &replica).await;
    let crashed = until(&harness, &container, |it| it.restart_count >= 2).await;

    assert!(crashed.started_at.is_some());
    harness
        .runtime()
        .set_restart_policy(&container, RestartPolicy::No)
        .await
        .expect("it can be changed");
    let over = until(&harness, &container, |it| it.state == ContainerState::Exited).await;
    assert_eq!(over.exit_code, Some(3));
}

/// F37.
pub async fn a_paused_one_is_resumed_and_resuming_twice_is_fine(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Stay)).await;
    harness.pause(&container).await;
    let paused = inspect(&harness, &container).await;

    harness.runtime().unpause(&container).await.expect("it is resumed");
    harness.runtime().unpause(&container).await.expect("it runs already");

    assert_eq!(paused.state, ContainerState::Paused);
    assert_eq!(inspect(&harness, &container).await.state, ContainerState::Running);
}

/// F35.
pub async fn an_old_list_does_no_harm(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);
    let container = run(&harness, &replica).await;
    let old = harness.runtime().replicas().await.expect("the engine answers");
    assert_eq!(old.len(), 1);

    harness.remove(&container).await;

    let runtime = harness.runtime();
    assert_eq!(runtime.inspect(&container).await, Ok(None));
    assert_eq!(runtime.stop(&container, Duration::ZERO).await, Ok(()));
    assert_eq!(runtime.remove(&container).await, Ok(()));
    let started = runtime.start(&container).await;
    assert!(matches!(started, Err(RuntimeError::Gone(_))), "{started:?}");
    let made = run(&harness, &replica).await;
    assert_ne!(made, container, "the same replica gets another container");
}

/// F40: without a restart.
pub async fn one_that_was_cut_off_reports_no_address_and_is_connected_again(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Listen(8080))).await;
    let runtime = harness.runtime();
    runtime.set_serving(&container, Serving::Yes).await.expect("it serves");
    until_it_answers(&harness, &container, 8080).await;
    let before = inspect(&harness, &container).await;

    harness.disconnect(&container).await;
    let lost = inspect(&harness, &container).await;
    runtime.set_serving(&container, Serving::Yes).await.expect("it is connected again");
    until_it_answers(&harness, &container, 8080).await;
    let back = inspect(&harness, &container).await;

    assert_eq!((lost.state, lost.address), (ContainerState::Running, None));
    assert!(!lost.serves && back.serves);
    assert_eq!(back.started_at, before.started_at, "it was not restarted");
}

/// F34.
pub async fn after_a_gap_in_the_events_the_list_tells_the_truth(harness: impl Harness) {
    let replica = harness.replica("web", Workload::Stay);
    let event = RuntimeEvent::Service(replica.identity.service);
    let mut events = harness.runtime().events().await.expect("the engine tells");
    let container = run(&harness, &replica).await;
    assert_eq!(told(&harness, &mut events).await, event);
    drop(events);

    harness.remove(&container).await;
    let mut events = harness.runtime().events().await.expect("the engine tells again");
    let list = harness.runtime().replicas().await.expect("the engine answers");
    let made = run(&harness, &replica).await;

    assert_eq!(list, [], "what happened in between shows");
    assert_eq!(told(&harness, &mut events).await, event, "and what happens after is told");
    assert_eq!(inspect(&harness, &made).await.identity, replica.identity);
}

async fn told(
    harness: &dyn Harness,
    events: &mut futures_core::stream::BoxStream<'static, RuntimeEvent>,
) -> RuntimeEvent {
    // An environment of the ground's own making may be told as well.
    let service = async {
        loop {
            match events.next().await.expect("the stream goes on") {
                event @ (RuntimeEvent::Service(_) | RuntimeEvent::Ended { .. }) => return event,
                RuntimeEvent::Environment(_) => (),
            }
        }
    };
    tokio::select! {
        event = service => event,
        () = harness.wait(Duration::from_secs(20)) => panic!("nothing was told"),
    }
}
