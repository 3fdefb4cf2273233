//! What every [`Rollouts`](crate::rollout::Rollouts) promises to the reconciler.

pub(super) mod fixture;

use super::Store;
use crate::{
    ProjectId, ServiceId, Set, VolumeId,
    deployment::{Condition, DeploymentState, Transition},
    edit::Edit,
    event::Event,
    rollout::{
        DesiredService, FinalState, Ownership, RETENTION, RestartHistory, RolloutError, ServiceKey,
        Step,
    },
    runtime::{PinnedImage, ReplicaHandle},
};
use fixture::{RolloutFixture, replica};
use std::time::Duration;
use uuid::Uuid;

/// Tests that a [`Rollouts`](crate::rollout::Rollouts) keeps its promises.
#[macro_export]
macro_rules! rollouts_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            rollouts,
            $store,
            [
                a_later_actor_overrules_an_earlier_one,
                all_steps_are_written_or_none,
                one_service_reads_as_all_do,
                a_version_lasts_until_something_is_written,
                adding_a_replica_twice_is_adding_it_once,
                a_replica_of_what_is_over_is_not_added,
                a_container_is_made_lost_and_made_again,
                a_ledger_is_kept_exactly,
                a_retired_replica_stays_until_it_is_released,
                a_released_replica_is_remembered_for_a_day,
                a_volume_that_was_made_is_remembered,
                an_image_is_pinned_and_attempts_are_counted,
                a_project_has_the_images_that_its_deployments_were_given,
                a_promotion_needs_readiness_and_a_higher_generation,
                a_condition_is_kept_with_its_reason,
                a_first_engine_is_bound_and_another_one_needs_a_person,
                a_done_tombstone_is_remembered_for_a_day,
            ]
        );
    };
}

fn container(name: &str) -> ReplicaHandle {
    ReplicaHandle(name.to_owned())
}

fn is_stale(result: &Result<(), RolloutError>) -> bool {
    matches!(result, Err(RolloutError::Stale(_)))
}

/// F08, I11.
pub async fn a_later_actor_overrules_an_earlier_one(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let rollouts = &rollout.fixture.store.rollouts;

    let later = rollouts.acquire_fence().await.expect("the store answers");

    assert!(later > rollout.fence);
    let refused = rollout.reach(&[Transition::PullStarted]).await;
    assert!(matches!(refused, Err(RolloutError::Fenced)), "{refused:?}");
    let read = rollouts.desired(rollout.fence).await;
    assert!(matches!(read, Err(RolloutError::Fenced)));
    let read = rollouts.desired_service(rollout.fence, rollout.key).await;
    assert!(matches!(read, Err(RolloutError::Fenced)));
    assert!(rollouts.desired(later).await.is_ok());
}

/// I2 of the reconciler's own writes: a half-done record would be a lie.
pub async fn all_steps_are_written_or_none(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let (before, events) = (rollout.view().await, rollout.fixture.events().await);

    let refused = rollout
        .record(&[
            Step::Reached { deployment: rollout.deployment, transition: Transition::PullStarted },
            Step::ReplicaAdded { replica: replica(1), deployment: rollout.deployment, index: 0 },
            Step::Reached { deployment: rollout.deployment, transition: Transition::Ready },
        ])
        .await;
    let nothing = rollout.record(&[]).await;

    assert!(is_stale(&refused), "{refused:?}");
    assert!(nothing.is_ok());
    assert_eq!(rollout.view().await, before);
    assert_eq!(rollout.fixture.events().await, events);
    rollout.fixture.close().await;
}

/// What one worker reads is what the look at everything reads.
pub async fn one_service_reads_as_all_do(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let other = rollout.fixture.service("other").await;
    let first = rollout.add(0).await;
    rollout.add(1).await;
    rollout.release(first).await;

    let desired = rollout.fixture.store.rollouts.desired(rollout.fence).await.expect("an answer");

    let of = |service: ServiceId| desired.services.iter().find(|view| view.id == service).cloned();
    assert_eq!(desired.services.len(), 2);
    assert_eq!(of(rollout.key.service), Some(rollout.view().await));
    assert!(of(other).is_some_and(|view| view.replicas.is_empty()));
    let environments: Vec<_> = desired.environments.iter().map(|it| (it.id, it.project)).collect();
    assert_eq!(environments, [(rollout.key.environment, rollout.fixture.project.id)]);
    let nobody = ServiceKey { service: ServiceId::new(Uuid::nil()), ..rollout.key };
    let desired = rollout.fixture.store.rollouts.desired_service(rollout.fence, nobody).await;
    assert_eq!(desired.expect("an answer"), DesiredService::default());
}

/// Design §8: what nobody has written need not be read again.
pub async fn a_version_lasts_until_something_is_written(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let rollouts = &rollout.fixture.store.rollouts;
    let version = async || rollouts.version().await.expect("an answer");

    let first = version().await;
    rollouts.desired(rollout.fence).await.expect("an answer");
    rollout.view().await;
    rollout.record(&[]).await.expect("nothing is written");
    let read = version().await;
    rollout.add(0).await;
    let recorded = version().await;
    rollout.fixture.service("other").await;
    let edited = version().await;
    rollouts.acquire_fence().await.expect("an answer");
    let taken_over = version().await;

    assert_eq!(read, first);
    assert_ne!(recorded, read, "by the reconciler");
    assert_ne!(edited, recorded, "by people");
    assert_ne!(taken_over, edited, "so that who is overtaken learns of it");
}

/// F33: the answer may have been lost.
pub async fn adding_a_replica_twice_is_adding_it_once(store: Store) {
    let rollout = RolloutFixture::new(store).await;

    let one = rollout.add(0).await;
    let two = rollout.add(0).await;

    assert_eq!(one, two);
    assert_eq!(rollout.view().await.replicas.len(), 1);
}

/// W30.
pub async fn a_replica_of_what_is_over_is_not_added(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    rollout.reach(&[Transition::Cancelled]).await.expect("it is cancelled");

    let refused = rollout.try_add(0).await;

    assert!(matches!(refused, Err(RolloutError::Stale(_))), "{refused:?}");
}

/// F36.
pub async fn a_container_is_made_lost_and_made_again(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let replica = rollout.add(0).await;
    let made = |name| Step::ContainerMade { replica, container: container(name) };
    let lost = |name| Step::ContainerLost { replica, container: container(name) };
    let restarts = RestartHistory { restart_count: 3, ..RestartHistory::default() };

    rollout.record(&[made("one")]).await.expect("it is made");
    let started_at = rollout.view().await.deployments[0].started_at;
    rollout.record(&[Step::RestartsRecorded { replica, restarts }]).await.expect("it is kept");
    let other = rollout.record(&[lost("other")]).await;
    rollout.record(&[lost("one")]).await.expect("it is lost");
    let bare = rollout.row(replica).await.expect("its row stays");
    rollout.advance(Duration::from_secs(1));
    rollout.record(&[made("two")]).await.expect("it is made again");

    assert!(is_stale(&other), "{other:?}");
    assert_eq!((bare.container, bare.restarts), (None, RestartHistory::default()));
    assert_eq!(rollout.row(replica).await.and_then(|row| row.container), Some(container("two")));
    assert!(started_at.is_some());
    assert_eq!(rollout.view().await.deployments[0].started_at, started_at, "the first time counts");
}

/// DK-138: what is known of restarts outlives the process.
pub async fn a_ledger_is_kept_exactly(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let replica = rollout.add(0).await;
    let restarts = RestartHistory {
        started_at: Some(rollout.now()),
        finished_at: Some(rollout.now().plus(Duration::from_millis(17))),
        restart_count: 7,
        crashes: vec![rollout.now(), rollout.now().plus(Duration::from_secs(1))],
        exit_code: Some(-1),
        final_state: Some(FinalState::Crashed),
    };

    let step = Step::RestartsRecorded { replica, restarts: restarts.clone() };
    rollout.record(&[step]).await.expect("it is kept");

    assert_eq!(rollout.row(replica).await.map(|row| row.restarts), Some(restarts));
}

/// F45.
pub async fn a_retired_replica_stays_until_it_is_released(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let replica = rollout.add(0).await;

    rollout.record(&[Step::ReplicaRetired { replica }]).await.expect("it is retired");
    let retired = rollout.row(replica).await.and_then(|row| row.retired_at);
    rollout.advance(Duration::from_secs(1));
    rollout.record(&[Step::ReplicaRetired { replica }]).await.expect("it is retired already");
    let still = rollout.row(replica).await.and_then(|row| row.retired_at);
    rollout.release(replica).await;
    rollout.release(replica).await;

    assert!(retired.is_some());
    assert_eq!(still, retired);
    assert_eq!(rollout.row(replica).await, None);
    let gone = rollout.record(&[Step::ReplicaRetired { replica }]).await;
    assert!(is_stale(&gone), "{gone:?}");
}

/// A container that turns up late is still known.
pub async fn a_released_replica_is_remembered_for_a_day(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let replica = rollout.add(0).await;

    rollout.release(replica).await;
    rollout.advance(RETENTION - Duration::from_secs(1));
    let remembered = rollout.view().await.released;
    rollout.advance(Duration::from_secs(2));
    let forgotten = rollout.view().await.released;

    assert_eq!(remembered, Set::from([replica]));
    assert_eq!(forgotten, Set::new());
}

/// F46.
pub async fn a_volume_that_was_made_is_remembered(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let volume = VolumeId::new(Uuid::from_u128(9));
    let step = Step::VolumeMade { service: rollout.key, volume };

    rollout.record(std::slice::from_ref(&step)).await.expect("it is kept");
    rollout.record(&[step]).await.expect("it is kept already");

    assert_eq!(rollout.view().await.volumes_made, Set::from([volume]));
}

/// DK-134.
pub async fn an_image_is_pinned_and_attempts_are_counted(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let image = PinnedImage {
        reference: "app:1".parse().expect("this is an image"),
        id: "sha256:one".to_owned(),
        digest: Some("app@sha256:two".to_owned()),
    };
    let deployment = rollout.deployment;
    let retry_at = rollout.now().plus(Duration::from_secs(3));
    let why = "no answer".to_owned();
    let attempted =
        Step::Attempted { deployment, attempts: 2, retry_at: Some(retry_at), why: why.clone() };

    let pin = Step::ImagePinned { deployment, image: image.clone() };
    rollout.record(&[pin, attempted.clone()]).await.expect("it is kept");

    let kept = rollout.view().await.deployments.remove(0);
    assert_eq!((kept.image, kept.attempts), (Some(image), 2));
    assert_eq!(kept.retry_at, Some(retry_at));
    rollout.record(std::slice::from_ref(&attempted)).await.expect("another replica met the same");
    let told = rollout
        .fixture
        .events()
        .await
        .into_iter()
        .filter(|told| matches!(told.event, Event::Attempted { .. }));
    assert_eq!(told.count(), 1, "it was one try");
    let last = Step::Attempted { deployment, attempts: 3, retry_at: None, why };
    rollout.record(&[last]).await.expect("it is kept");
    let kept = rollout.view().await.deployments.remove(0);
    assert_eq!((kept.attempts, kept.retry_at), (3, None));
    rollout.reach(&[Transition::Cancelled]).await.expect("it is cancelled");
    let late = rollout.record(&[attempted]).await;
    assert!(is_stale(&late), "{late:?}");
}

/// One project's private image is not another's because the engine has it.
pub async fn a_project_has_the_images_that_its_deployments_were_given(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let deployment = rollout.deployment;
    let has = async |project, repository, id| {
        rollout.fixture.store.pulled.has(project, repository, id).await.expect("the store answers")
    };
    let (its, other) = (rollout.fixture.project.id, ProjectId::new(Uuid::from_u128(7)));
    let repository = "docker.io/library/app";

    assert!(!has(its, repository, "sha256:one").await, "nothing was given yet");
    let image = PinnedImage {
        reference: "app:1".parse().expect("this is an image"),
        id: "sha256:one".to_owned(),
        digest: Some("app@sha256:two".to_owned()),
    };
    rollout.record(&[Step::ImagePinned { deployment, image }]).await.expect("it is kept");

    assert!(has(its, repository, "sha256:one").await);
    assert!(!has(other, repository, "sha256:one").await, "another project");
    assert!(!has(its, repository, "sha256:on").await, "the beginning of an id");
    assert!(!has(its, repository, "%").await, "a pattern");
    assert!(!has(its, "docker.io/team/app", "sha256:one").await, "another repository");
}

/// DK-50, W30, I11.
pub async fn a_promotion_needs_readiness_and_a_higher_generation(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let deployment = rollout.deployment;
    let ready = [Transition::StartRequested, Transition::Started, Transition::Ready];

    let early = rollout.record(&[Step::Promoted { deployment }]).await;
    rollout.reach(&ready).await.expect("it becomes ready");
    let switched = rollout.reach(&[Transition::Switched]).await;
    rollout.record(&[Step::Promoted { deployment }]).await.expect("it takes over");
    let twice = rollout.record(&[Step::Promoted { deployment }]).await;

    assert!(is_stale(&early), "{early:?}");
    assert!(is_stale(&switched), "only a promotion switches: {switched:?}");
    assert!(is_stale(&twice), "{twice:?}");
    let view = rollout.view().await;
    assert_eq!(view.active, Some(deployment));
    let active = view.active().expect("it is shown");
    assert!(matches!(active.state, DeploymentState::Draining { .. }));
    assert_eq!(active.live_at, Some(rollout.now()));
    rollout.fixture.close().await;
}

/// DK-140.
pub async fn a_condition_is_kept_with_its_reason(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let why = Some("1 of 2 replicas are ready".to_owned());
    let step = Step::ConditionChanged {
        service: rollout.key,
        condition: Condition::Degraded,
        why: why.clone(),
    };

    rollout.record(&[step]).await.expect("it is kept");

    assert_eq!(rollout.view().await.condition, Some((Condition::Degraded, why)));
    rollout.fixture.close().await;
}

/// Design §4: a copied database or another engine starts observe-only.
pub async fn a_first_engine_is_bound_and_another_one_needs_a_person(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let rollouts = &rollout.fixture.store.rollouts;
    let bind = |engine: &str| [Step::EngineBound { engine: engine.to_owned() }];
    let ownership = async || {
        let desired = rollouts.desired(rollout.fence).await.expect("an answer");
        desired.ownership
    };

    let first = ownership().await;
    rollout.record(&bind("ONE")).await.expect("it is bound");
    rollout.record(&bind("ONE")).await.expect("it is bound already");
    let other = rollout.record(&bind("TWO")).await;
    let still = ownership().await;
    rollouts.confirm_engine("TWO").await.expect("a person confirms");

    assert_eq!(first, Ownership::Unbound);
    assert!(is_stale(&other), "{other:?}");
    assert_eq!(still, Ownership::Bound { engine: "ONE".to_owned() });
    assert_eq!(ownership().await, Ownership::Bound { engine: "TWO".to_owned() });
}

/// DK-133: what turns up late is still named.
pub async fn a_done_tombstone_is_remembered_for_a_day(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let address = crate::Address::Service(rollout.key.service);
    rollout.fixture.stage(Edit::Clear { address }).await;
    rollout.fixture.apply_all().await;

    let desired = rollout.desired().await;
    let subject = desired.tombstones[0].subject;
    rollout.record(&[Step::TombstoneDone { subject }]).await.expect("it is done");
    rollout.advance(RETENTION - Duration::from_secs(1));
    let remembered = rollout.desired().await.tombstones;
    rollout.advance(Duration::from_secs(2));
    let forgotten = rollout.desired().await.tombstones;

    assert!(desired.service.is_none());
    assert_eq!(desired.tombstones[0].done_at, None);
    assert_eq!(remembered.len(), 1);
    assert!(remembered[0].done_at.is_some());
    assert_eq!(forgotten, []);
}
