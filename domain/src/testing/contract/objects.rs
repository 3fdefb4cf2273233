//! Environments, serving, volumes, limits, images, ports.

use super::harness::{Harness, Workload, inspect, run, until, until_it_answers};
use crate::{
    Limits, MountPath, PullPolicy, VolumeId,
    runtime::{ContainerState, Existed, ProbeTarget, RuntimeError, Serving, VolumeSpec},
};
use std::time::Duration;

/// Nobody resolves a candidate: design §4.
pub async fn a_replica_serves_only_when_it_is_told_and_answers_where_it_did(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Stay)).await;
    let runtime = harness.runtime();
    let first = until(&harness, &container, |it| it.address.is_some()).await;

    for _ in 0..2 {
        runtime.set_serving(&container, Serving::Yes).await.expect("it serves");
    }
    let promoted = inspect(&harness, &container).await;
    for _ in 0..2 {
        runtime.set_serving(&container, Serving::No).await.expect("it serves no more");
    }
    let replaced = inspect(&harness, &container).await;

    let at = first.address;
    let seen = [first, promoted, replaced].map(|it| (it.serves, it.address));
    assert_eq!(seen, [(false, at), (true, at), (false, at)]);
}

/// DK-57: without a redeploy.
pub async fn limits_change_while_it_runs_and_are_read_back(harness: impl Harness) {
    let mut replica = harness.replica("web", Workload::Stay);
    replica.config.limits = Limits::new(Some(64), None, Some(512)).expect("these are limits");
    let container = run(&harness, &replica).await;
    let first = inspect(&harness, &container).await;
    let more = Limits::new(Some(128), Some(500), Some(2048)).expect("these are limits");

    harness.runtime().set_limits(&container, more).await.expect("they are changed");
    let second = inspect(&harness, &container).await;
    let none = Limits::default();
    harness.runtime().set_limits(&container, none).await.expect("they are taken away");
    let third = inspect(&harness, &container).await;

    assert_eq!(
        [first.limits, second.limits, third.limits],
        [replica.config.limits, more, none].map(Some)
    );
    assert_eq!(third.started_at, first.started_at, "it was not restarted");
}

/// F46, I8.
pub async fn a_volume_outlives_its_container_and_is_never_made_by_mistake(harness: impl Harness) {
    let (project, environment) = harness.environment();
    let mut replica = harness.replica("db", Workload::Stay);
    let volume = VolumeId::new(replica.identity.replica.as_uuid());
    replica.config.mounts =
        [(volume, MountPath::try_from("/data").expect("this is a path"))].into_iter().collect();
    let spec = VolumeSpec { project, environment, volume };
    let runtime = harness.runtime();

    let refused = runtime.create(&replica).await;
    let missing = runtime.has_volume(volume).await;
    let made = [runtime.ensure_volume(&spec).await, runtime.ensure_volume(&spec).await];
    let container = run(&harness, &replica).await;
    runtime.remove(&container).await.expect("it is removed");
    let kept = runtime.has_volume(volume).await;
    runtime.remove_volume(volume).await.expect("a person has confirmed it");
    let gone = runtime.has_volume(volume).await;

    assert!(matches!(refused, Err(RuntimeError::Gone(_))), "{refused:?}");
    assert_eq!(missing, Ok(false));
    assert_eq!(made, [Ok(Existed::No), Ok(Existed::Yes)]);
    assert_eq!((kept, gone), (Ok(true), Ok(false)));
}

/// DK-130, F40.
pub async fn an_environment_is_made_once_and_a_missing_one_is_told(harness: impl Harness) {
    let (project, environment) = harness.environment();
    let replica = harness.replica("web", Workload::Stay);
    let runtime = harness.runtime();

    let removed = [
        runtime.remove_environment(environment).await,
        runtime.remove_environment(environment).await,
    ];
    let refused = runtime.create(&replica).await;
    let made = [
        runtime.ensure_environment(project, environment).await,
        runtime.ensure_environment(project, environment).await,
    ];
    let container = run(&harness, &replica).await;
    let running = until(&harness, &container, |it| it.state == ContainerState::Running).await;
    let busy = runtime.remove_environment(environment).await;

    assert_eq!(removed, [Ok(()), Ok(())]);
    assert!(matches!(refused, Err(RuntimeError::Gone(_))), "{refused:?}");
    assert_eq!(made, [Ok(()), Ok(())]);
    assert!(running.address.is_some());
    assert!(matches!(busy, Err(RuntimeError::Busy(_))), "{busy:?}");
}

/// DK-135.
pub async fn a_port_answers_once_somebody_listens(harness: impl Harness) {
    let container = run(&harness, &harness.replica("web", Workload::Listen(8080))).await;
    let running = until(&harness, &container, |it| it.address.is_some()).await;
    let address = running.address.expect("it runs");
    let (runtime, timeout) = (harness.runtime(), Duration::from_secs(1));

    let silent = runtime.probe(&container, address, &ProbeTarget::Tcp(8081), timeout).await;
    until_it_answers(&harness, &container, 8080).await;

    assert_eq!(silent, Ok(false));
}

/// DK-134.
pub async fn an_unknown_image_is_the_fault_of_the_deployment(harness: impl Harness) {
    let image = "easel-test/does-not-exist:1".parse().expect("this is an image");

    let (project, _) = harness.environment();
    let look = harness.runtime().ensure_image(project, &image, PullPolicy::Never, &|_| ());
    let refused = look.await;

    assert!(matches!(refused, Err(RuntimeError::Image(_))), "{refused:?}");
}
