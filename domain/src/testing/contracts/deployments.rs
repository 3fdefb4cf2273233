//! What every [`Deployments`](crate::deployments::Deployments) promises, together with
//! [`Rollouts`](crate::rollout::Rollouts).

use super::{
    Store,
    fixture::{Fixture, image, new_service, own, shared},
};
use crate::{
    Address, Content, DeploymentId, Error, Field, Message, Resource, Secret, Source,
    deployment::{Cause, Condition, DeploymentState, Failure, Transition},
    edit::Edit,
    page::Page,
    rollout::{RolloutError, ServiceKey, Step},
};
use std::time::Duration;
use uuid::Uuid;

/// Tests that a [`Deployments`](crate::deployments::Deployments) keeps its promises.
#[macro_export]
macro_rules! deployments_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            deployments,
            $store,
            [
                an_applied_service_has_a_queued_deployment,
                a_deployment_keeps_what_it_was_made_with,
                a_newer_deployment_overtakes_older_candidates,
                what_serves_is_not_overtaken_before_its_successor_serves,
                a_promotion_beside_a_stale_step_leaves_all_as_it_was,
                deployments_are_listed_newest_first_in_pages,
                a_deployment_goes_its_way_with_timestamps,
                a_cancelled_deployment_is_never_promoted,
                only_what_does_not_serve_yet_can_be_cancelled,
                a_redeploy_runs_the_same_configuration_again,
                a_service_without_an_image_cannot_be_deployed,
                a_failure_keeps_its_reason_and_lists_hide_the_log,
                every_applied_service_has_a_state,
                paths_are_checked_to_the_end,
                a_deleted_service_is_gone_and_buried,
                the_reconciler_is_told_what_is_wanted,
            ]
        );
    };
}

fn queued(fixture: &Fixture) -> DeploymentState {
    DeploymentState::Queued { since: crate::Clock::now(fixture.store.clock.as_ref()) }
}

/// DK-44.
pub async fn an_applied_service_has_a_queued_deployment(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;

    let deployment = fixture.newest(web).await;

    assert_eq!(deployment.state, queued(&fixture));
    assert_eq!((deployment.generation, deployment.revision.0), (1, 1));
    assert_eq!(deployment.cause, Cause::Apply);
    assert_eq!(deployment.author, Some(fixture.by.actor.user));
    assert_eq!(deployment.message.as_str(), "a message");
    assert_eq!((deployment.environment, deployment.service), (fixture.environment, web));
    assert_eq!(deployment.slug.as_str(), "web");
    fixture.close().await;
}

/// DK-46: with all references resolved.
pub async fn a_deployment_keeps_what_it_was_made_with(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(shared("B"), "one").await;
    fixture.variable(own(web, "A"), "${{shared.B}}").await;
    fixture.apply_all().await;
    let first = fixture.newest(web).await;

    fixture.variable(shared("B"), "two").await;
    let source = Address::ServiceField(web, Field::Source);
    fixture.set(source, Content::Source(image("app:2"))).await;
    fixture.apply_all().await;
    assert_eq!(fixture.environment_of(web).await["A"], "two");

    let kept = fixture.store.deployments.get(fixture.environment, web, first.id).await;
    let kept = kept.expect("it is kept");
    assert_eq!(kept.config, first.config);
    assert_eq!(kept.config.variables["A".parse().as_ref().expect("a key")].expose(), "one");
    fixture.close().await;
}

/// DK-47: whether it waits or is starting already.
pub async fn a_newer_deployment_overtakes_older_candidates(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let first = fixture.newest(web).await;
    fixture.store.clock.advance(Duration::from_secs(5));

    fixture.variable(own(web, "A"), "1").await;
    fixture.apply_all().await;

    let now = crate::Clock::now(fixture.store.clock.as_ref());
    let old = fixture.store.deployments.get(fixture.environment, web, first.id).await;
    let old = old.expect("it is kept");
    assert_eq!(old.state, DeploymentState::Superseded { at: now });
    assert_eq!(old.ended_at, Some(now));
    let second = fixture.newest(web).await;
    assert_eq!(second.generation, 2);

    let transition = Transition::StartRequested;
    fixture.record(&[Step::Reached { deployment: second.id, transition }]).await;
    fixture.variable(own(web, "A"), "2").await;
    fixture.apply_all().await;

    let page = fixture.store.deployments.list(fixture.environment, web, Page::FIRST).await;
    let page = page.expect("it answers");
    let states: Vec<_> =
        page.data.iter().map(|it| (it.state.as_str(), it.status.as_str())).collect();
    let overtaken = ("superseded", "cancelled");
    assert_eq!(states, [("queued", "pending"), overtaken, overtaken], "none of them ever served");
    fixture.close().await;
}

/// DK-50: one transaction flips the pointer and ends the old one.
pub async fn what_serves_is_not_overtaken_before_its_successor_serves(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let first = fixture.go_live(web).await;
    let state = async || {
        let mut states =
            fixture.store.deployments.states(fixture.environment).await.expect("it answers");
        states.remove(0)
    };
    fixture.variable(own(web, "A"), "1").await;
    fixture.apply_all().await;

    let between = state().await;
    assert_eq!(between.active.map(|active| active.id), Some(first.id));
    assert_eq!(between.newest.map(|newest| newest.generation), Some(2));

    let second = fixture.newest(web).await.id;
    let reached = |transition| Step::Reached { deployment: second, transition };
    fixture
        .record(&[
            reached(Transition::StartRequested),
            reached(Transition::Started),
            reached(Transition::Ready),
        ])
        .await;
    let ready = state().await;
    assert_eq!(ready.active.map(|active| active.id), Some(first.id));
    fixture.record(&[Step::Promoted { deployment: second }]).await;
    let after = state().await;
    assert_eq!(after.active.map(|active| active.id), Some(second));
    let old = fixture.store.deployments.get(fixture.environment, web, first.id).await;
    let old = old.expect("it is kept");
    assert!(matches!(old.state, DeploymentState::Superseded { .. }));
    assert_eq!(old.deploykit_status(), "superseded");
    fixture.close().await;
}

/// DK-50: one transaction or none.
pub async fn a_promotion_beside_a_stale_step_leaves_all_as_it_was(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let first = fixture.go_live(web).await.id;
    fixture.variable(own(web, "A"), "1").await;
    fixture.apply_all().await;
    let second = fixture.newest(web).await.id;
    let reached = |deployment, transition| Step::Reached { deployment, transition };
    let ready = [Transition::StartRequested, Transition::Started, Transition::Ready];
    fixture.record(&ready.map(|transition| reached(second, transition))).await;
    let get = async |id| {
        let deployment = fixture.store.deployments.get(fixture.environment, web, id).await;
        deployment.expect("it is kept")
    };
    let all = async || {
        (get(first).await, get(second).await, fixture.snapshot().await, fixture.events().await)
    };
    let before = all().await;

    let promoted = Step::Promoted { deployment: second };
    let stale = [promoted.clone(), reached(first, Transition::Ready)];
    let refused = fixture.try_record(&stale).await;

    assert!(matches!(refused, Err(RolloutError::Stale(_))), "{refused:?}");
    assert_eq!(all().await, before);
    fixture.record(&[promoted]).await;
    assert_ne!(all().await, before, "alone it is taken");
    fixture.close().await;
}

/// DK-48, W31: also when all were made in one moment.
pub async fn deployments_are_listed_newest_first_in_pages(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let (deployments, environment) = (&fixture.store.deployments, fixture.environment);
    for _ in 0..4 {
        let again = deployments.redeploy(&fixture.by, environment, web, Message::default()).await;
        again.expect("it can be deployed again");
    }

    let page = deployments.list(environment, web, Page::new(1, 2)).await.expect("it answers");

    let generations: Vec<u64> = page.data.iter().map(|it| it.generation).collect();
    assert_eq!((generations, page.total_count), (vec![4, 3], 5));
    fixture.close().await;
}

/// DK-49.
pub async fn a_deployment_goes_its_way_with_timestamps(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let id = fixture.newest(web).await.id;
    let mut words = Vec::new();
    let reached = |transition| Step::Reached { deployment: id, transition };
    let mut statuses = Vec::new();
    for step in [
        reached(Transition::PullStarted),
        reached(Transition::StartRequested),
        reached(Transition::Started),
        reached(Transition::Ready),
        Step::Promoted { deployment: id },
        reached(Transition::Drained),
    ] {
        fixture.store.clock.advance(Duration::from_secs(1));
        fixture.record(&[step]).await;
        let newest = fixture.newest(web).await;
        words.push(newest.state.as_str());
        statuses.push(newest.deploykit_status());
    }
    statuses.dedup();
    assert_eq!(statuses, ["pending", "starting", "healthy"]);

    assert_eq!(words, ["pulling", "starting", "checking", "switching", "draining", "live"]);
    let deployment = fixture.newest(web).await;
    let made = deployment.created_at;
    assert_eq!(deployment.live_at.map(|at| at.since(made)), Some(Duration::from_secs(5)));
    assert_eq!(deployment.ended_at, None);
    let page = fixture.store.deployments.list(fixture.environment, web, Page::FIRST).await;
    assert_eq!(page.expect("it answers").data[0].status, "healthy");
    fixture.close().await;
}

/// W30.
pub async fn a_cancelled_deployment_is_never_promoted(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let id = fixture.newest(web).await.id;
    let reached = |transition| Step::Reached { deployment: id, transition };
    fixture
        .record(&[
            reached(Transition::StartRequested),
            reached(Transition::Started),
            reached(Transition::Ready),
        ])
        .await;
    let cancelled =
        fixture.store.deployments.cancel(&fixture.by, fixture.environment, web, id).await;
    assert_eq!(cancelled.expect("it can be cancelled").status, "cancelled");
    let before = fixture.events().await;

    let promoted = fixture.try_record(&[Step::Promoted { deployment: id }]).await;

    assert!(matches!(promoted, Err(RolloutError::Stale(_))));
    assert_eq!(fixture.newest(web).await.state.as_str(), "cancelled");
    assert_eq!(fixture.events().await, before);
    fixture.close().await;
}

/// What serves is stopped by other means.
pub async fn only_what_does_not_serve_yet_can_be_cancelled(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let live = fixture.go_live(web).await.id;

    let served =
        fixture.store.deployments.cancel(&fixture.by, fixture.environment, web, live).await;

    assert!(matches!(served, Err(Error::InvalidState(_))));
    assert_eq!(fixture.newest(web).await.state.as_str(), "live");
    fixture.close().await;
}

/// With the variables of now.
pub async fn a_redeploy_runs_the_same_configuration_again(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let first = fixture.go_live(web).await;
    let by = fixture.keyed("redeploy");
    let message = || Message::try_from("once more").expect("this is a message");
    let redeploy =
        async || fixture.store.deployments.redeploy(&by, fixture.environment, web, message()).await;

    let again = redeploy().await.expect("it can be deployed again");
    let retry = redeploy().await.expect("it answers again");

    assert_eq!(again.id, retry.id);
    assert_eq!((again.generation, again.cause), (2, Cause::Redeploy));
    let newest = fixture.newest(web).await;
    assert_eq!((newest.id, newest.config), (again.id, first.config));
    assert_eq!(newest.image, None, "its image is looked up anew");
    assert_eq!(newest.message.as_str(), "once more");
    fixture.close().await;
}

/// And says so.
pub async fn a_service_without_an_image_cannot_be_deployed(store: Store) {
    let fixture = Fixture::open(store).await;
    let mut new = new_service("empty");
    new.source = Source::Empty;
    let empty = fixture.staged(Edit::CreateService(Box::new(new))).await;
    let applied = fixture.apply_all().await;

    let message = Message::default();
    let refused =
        fixture.store.deployments.redeploy(&fixture.by, fixture.environment, empty, message).await;

    assert!(applied.deployments.is_empty());
    assert!(matches!(refused, Err(Error::InvalidState(_))));
    fixture.close().await;
}

/// The log may hold secrets: it is read one by one.
pub async fn a_failure_keeps_its_reason_and_lists_hide_the_log(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let id = fixture.newest(web).await.id;
    let failure = Failure {
        reason: "it ended before it was ready".to_owned(),
        exit_code: Some(3),
        log_tail: Some(Secret::from(super::SECRET)),
    };
    let transition = Transition::Failed(failure.clone());
    fixture.record(&[Step::Reached { deployment: id, transition }]).await;

    let whole = fixture.newest(web).await;
    let page = fixture.store.deployments.list(fixture.environment, web, Page::FIRST).await;
    let listed = page.expect("it answers").data.remove(0);

    assert!(
        matches!(whole.state, DeploymentState::Failed { failure: kept, .. } if kept == failure)
    );
    assert!(whole.ended_at.is_some());
    match listed.state {
        DeploymentState::Failed { failure, .. } => {
            assert_eq!((failure.exit_code, failure.log_tail), (Some(3), None));
        }
        other => panic!("it has failed: {other:?}"),
    }
    fixture.close().await;
}

/// Staged ones have none yet.
pub async fn every_applied_service_has_a_state(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.staged_service("db").await;
    let key = ServiceKey { environment: fixture.environment, service: web };
    let condition = Step::ConditionChanged {
        service: key,
        condition: Condition::Degraded,
        why: Some("1 of 2 replicas runs".to_owned()),
    };
    fixture.record(&[condition]).await;

    let states = fixture.store.deployments.states(fixture.environment).await.expect("it answers");

    assert_eq!(states.len(), 1);
    assert_eq!(states[0].condition, Some(Condition::Degraded));
    assert_eq!(states[0].why.as_deref(), Some("1 of 2 replicas runs"));
    assert_eq!(states[0].since, Some(crate::Clock::now(fixture.store.clock.as_ref())));
    assert_eq!(fixture.snapshot().await.states[&web], states[0]);
    fixture.close().await;
}

/// W57.
pub async fn paths_are_checked_to_the_end(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    let id = fixture.newest(web).await.id;
    let deployments = &fixture.store.deployments;
    let is_missing = |error: &Error| matches!(error, Error::NotFound(_));

    let wrong_service = deployments.get(fixture.environment, db, id).await;
    let wrong_environment = deployments.get(other.environment, web, id).await;
    let cancel = deployments.cancel(&fixture.by, other.environment, web, id).await;
    let list = deployments.list(other.environment, web, Page::FIRST).await;
    let replicas = deployments.replicas(other.environment, web).await;
    let message = Message::default();
    let redeploy = deployments.redeploy(&fixture.by, other.environment, web, message).await;

    assert!(wrong_service.is_err_and(|error| is_missing(&error)));
    assert!(wrong_environment.is_err_and(|error| is_missing(&error)));
    assert!(cancel.is_err_and(|error| is_missing(&error)));
    assert!(list.is_err_and(|error| is_missing(&error)));
    assert!(replicas.is_err_and(|error| is_missing(&error)));
    assert!(redeploy.is_err_and(|error| is_missing(&error)));
    assert_eq!(fixture.newest(web).await.state, queued(&fixture));
    other.close().await;
}

/// DK-41: its containers are named by a tombstone; one that comes back goes on counting.
pub async fn a_deleted_service_is_gone_and_buried(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.go_live(web).await;
    fixture.clear(Address::Service(web)).await;
    let delete = fixture.waiting().await;

    let applied = fixture.try_apply(&delete).await.expect("it can be deleted");

    assert_eq!(applied.deleted, [web]);
    let list = fixture.store.deployments.list(fixture.environment, web, Page::FIRST).await;
    assert!(matches!(list, Err(Error::NotFound(Resource::Service))));
    assert!(
        fixture.store.deployments.states(fixture.environment).await.expect("it answers").is_empty()
    );
    let fence = fixture.store.rollouts.acquire_fence().await.expect("it answers");
    let key = ServiceKey { environment: fixture.environment, service: web };
    let desired = fixture.store.rollouts.desired_service(fence, key).await.expect("it answers");
    assert!(desired.service.is_none());
    assert_eq!(desired.tombstones.len(), 1);
    fixture.close().await;
}

/// Replicas, limits and deployments, as applied.
pub async fn the_reconciler_is_told_what_is_wanted(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let count = crate::Replicas::try_from(3).expect("it is not too many");
    fixture.set(Address::ServiceField(web, Field::Replicas), Content::Replicas(count)).await;
    let limits = crate::Limits::new(Some(64), Some(500), None).expect("these are limits");
    fixture.set(Address::ServiceField(web, Field::Limits), Content::Limits(limits)).await;
    let applied = fixture.apply_all().await;
    assert!(applied.deployments.is_empty(), "neither makes a deployment");

    let fence = fixture.store.rollouts.acquire_fence().await.expect("it answers");
    let desired = fixture.store.rollouts.desired(fence).await.expect("it answers");

    assert_eq!(desired.environments.len(), 1);
    let view = &desired.services[0];
    assert_eq!((view.id, view.desired_count, view.limits), (web, 3, limits));
    assert_eq!((view.active, view.deployments.len()), (None, 1));
    assert_eq!(view.deployments[0].id, fixture.newest(web).await.id);
    let stranger = DeploymentId::new(Uuid::nil());
    let unknown = fixture.try_record(&[Step::Promoted { deployment: stranger }]).await;
    assert!(matches!(unknown, Err(RolloutError::Stale(_))));
    fixture.close().await;
}
