//! What every [`Deployments`](crate::deployments::Deployments) promises, together with
//! [`Rollouts`](crate::rollout::Rollouts).

use super::{
    Store,
    desk::{Desk, image, new_service, own, shared},
};
use crate::{
    Address, Content, DeploymentId, Error, Field, Message, Resource, Secret, Source,
    deployment::{Cause, Condition, DeploymentState, Failure, Milestone},
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

fn queued(desk: &Desk) -> DeploymentState {
    DeploymentState::Queued { since: crate::Clock::now(desk.store.clock.as_ref()) }
}

/// DK-44.
pub async fn an_applied_service_has_a_queued_deployment(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;

    let deployment = desk.newest(web).await;

    assert_eq!(deployment.state, queued(&desk));
    assert_eq!((deployment.generation, deployment.revision.0), (1, 1));
    assert_eq!(deployment.cause, Cause::Apply);
    assert_eq!(deployment.author, Some(desk.by.actor.user));
    assert_eq!(deployment.message.as_str(), "a message");
    assert_eq!((deployment.environment, deployment.service), (desk.environment, web));
    assert_eq!(deployment.slug.as_str(), "web");
    desk.close().await;
}

/// DK-46: with all references resolved.
pub async fn a_deployment_keeps_what_it_was_made_with(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(shared("B"), "one").await;
    desk.variable(own(web, "A"), "${{shared.B}}").await;
    desk.apply_all().await;
    let first = desk.newest(web).await;

    desk.variable(shared("B"), "two").await;
    let source = Address::ServiceField(web, Field::Source);
    desk.set(source, Content::Source(image("app:2"))).await;
    desk.apply_all().await;
    assert_eq!(desk.environment_of(web).await["A"], "two");

    let kept = desk.store.deployments.get(desk.environment, web, first.id).await;
    let kept = kept.expect("it is kept");
    assert_eq!(kept.config, first.config);
    assert_eq!(kept.config.variables["A".parse().as_ref().expect("a key")].expose(), "one");
    desk.close().await;
}

/// DK-47: whether it waits or is starting already.
pub async fn a_newer_deployment_overtakes_older_candidates(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let first = desk.newest(web).await;
    desk.store.clock.forward(Duration::from_secs(5));

    desk.variable(own(web, "A"), "1").await;
    desk.apply_all().await;

    let now = crate::Clock::now(desk.store.clock.as_ref());
    let old = desk.store.deployments.get(desk.environment, web, first.id).await;
    let old = old.expect("it is kept");
    assert_eq!(old.state, DeploymentState::Superseded { at: now });
    assert_eq!(old.ended_at, Some(now));
    let second = desk.newest(web).await;
    assert_eq!(second.generation, 2);

    let milestone = Milestone::StartRequested;
    desk.record(&[Step::Reached { deployment: second.id, milestone }]).await;
    desk.variable(own(web, "A"), "2").await;
    desk.apply_all().await;

    let page = desk.store.deployments.list(desk.environment, web, Page::FIRST).await;
    let page = page.expect("it answers");
    let states: Vec<_> = page.data.iter().map(|it| (it.state.word(), it.status.as_str())).collect();
    let overtaken = ("superseded", "cancelled");
    assert_eq!(states, [("queued", "pending"), overtaken, overtaken], "none of them ever served");
    desk.close().await;
}

/// DK-50: one transaction flips the pointer and ends the old one.
pub async fn what_serves_is_not_overtaken_before_its_successor_serves(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let first = desk.go_live(web).await;
    let state = async || {
        let mut states = desk.store.deployments.states(desk.environment).await.expect("it answers");
        states.remove(0)
    };
    desk.variable(own(web, "A"), "1").await;
    desk.apply_all().await;

    let between = state().await;
    assert_eq!(between.active.map(|active| active.id), Some(first.id));
    assert_eq!(between.newest.map(|newest| newest.generation), Some(2));

    let second = desk.newest(web).await.id;
    let reached = |milestone| Step::Reached { deployment: second, milestone };
    desk.record(&[
        reached(Milestone::StartRequested),
        reached(Milestone::Started),
        reached(Milestone::Ready),
    ])
    .await;
    let ready = state().await;
    assert_eq!(ready.active.map(|active| active.id), Some(first.id));
    desk.record(&[Step::Promoted { deployment: second }]).await;
    let after = state().await;
    assert_eq!(after.active.map(|active| active.id), Some(second));
    let old = desk.store.deployments.get(desk.environment, web, first.id).await;
    let old = old.expect("it is kept");
    assert!(matches!(old.state, DeploymentState::Superseded { .. }));
    assert_eq!(old.deploykit_word(), "superseded");
    desk.close().await;
}

/// DK-50: one transaction or none.
pub async fn a_promotion_beside_a_stale_step_leaves_all_as_it_was(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let first = desk.go_live(web).await.id;
    desk.variable(own(web, "A"), "1").await;
    desk.apply_all().await;
    let second = desk.newest(web).await.id;
    let reached = |deployment, milestone| Step::Reached { deployment, milestone };
    let ready = [Milestone::StartRequested, Milestone::Started, Milestone::Ready];
    desk.record(&ready.map(|milestone| reached(second, milestone))).await;
    let get = async |id| {
        let deployment = desk.store.deployments.get(desk.environment, web, id).await;
        deployment.expect("it is kept")
    };
    let all =
        async || (get(first).await, get(second).await, desk.snapshot().await, desk.events().await);
    let before = all().await;

    let promoted = Step::Promoted { deployment: second };
    let stale = [promoted.clone(), reached(first, Milestone::Ready)];
    let refused = desk.try_record(&stale).await;

    assert!(matches!(refused, Err(RolloutError::Stale(_))), "{refused:?}");
    assert_eq!(all().await, before);
    desk.record(&[promoted]).await;
    assert_ne!(all().await, before, "alone it is taken");
    desk.close().await;
}

/// DK-48, W31: also when all were made in one moment.
pub async fn deployments_are_listed_newest_first_in_pages(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let (deployments, environment) = (&desk.store.deployments, desk.environment);
    for _ in 0..4 {
        let again = deployments.redeploy(&desk.by, environment, web, Message::default()).await;
        again.expect("it can be deployed again");
    }

    let page = deployments.list(environment, web, Page::new(1, 2)).await.expect("it answers");

    let generations: Vec<u64> = page.data.iter().map(|it| it.generation).collect();
    assert_eq!((generations, page.total_count), (vec![4, 3], 5));
    desk.close().await;
}

/// DK-49.
pub async fn a_deployment_goes_its_way_with_timestamps(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let id = desk.newest(web).await.id;
    let mut words = Vec::new();
    let reached = |milestone| Step::Reached { deployment: id, milestone };
    let mut statuses = Vec::new();
    for step in [
        reached(Milestone::PullStarted),
        reached(Milestone::StartRequested),
        reached(Milestone::Started),
        reached(Milestone::Ready),
        Step::Promoted { deployment: id },
        reached(Milestone::Drained),
    ] {
        desk.store.clock.forward(Duration::from_secs(1));
        desk.record(&[step]).await;
        let newest = desk.newest(web).await;
        words.push(newest.state.word());
        statuses.push(newest.deploykit_word());
    }
    statuses.dedup();
    assert_eq!(statuses, ["pending", "starting", "healthy"]);

    assert_eq!(words, ["pulling", "starting", "checking", "switching", "draining", "live"]);
    let deployment = desk.newest(web).await;
    let made = deployment.created_at;
    assert_eq!(deployment.live_at.map(|at| at.since(made)), Some(Duration::from_secs(5)));
    assert_eq!(deployment.ended_at, None);
    let page = desk.store.deployments.list(desk.environment, web, Page::FIRST).await;
    assert_eq!(page.expect("it answers").data[0].status, "healthy");
    desk.close().await;
}

/// W30.
pub async fn a_cancelled_deployment_is_never_promoted(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let id = desk.newest(web).await.id;
    let reached = |milestone| Step::Reached { deployment: id, milestone };
    desk.record(&[
        reached(Milestone::StartRequested),
        reached(Milestone::Started),
        reached(Milestone::Ready),
    ])
    .await;
    let cancelled = desk.store.deployments.cancel(&desk.by, desk.environment, web, id).await;
    assert_eq!(cancelled.expect("it can be cancelled").status, "cancelled");
    let before = desk.events().await;

    let promoted = desk.try_record(&[Step::Promoted { deployment: id }]).await;

    assert!(matches!(promoted, Err(RolloutError::Stale(_))));
    assert_eq!(desk.newest(web).await.state.word(), "cancelled");
    assert_eq!(desk.events().await, before);
    desk.close().await;
}

/// What serves is stopped by other means.
pub async fn only_what_does_not_serve_yet_can_be_cancelled(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let live = desk.go_live(web).await.id;

    let served = desk.store.deployments.cancel(&desk.by, desk.environment, web, live).await;

    assert!(matches!(served, Err(Error::NotNow(_))));
    assert_eq!(desk.newest(web).await.state.word(), "live");
    desk.close().await;
}

/// With the variables of now.
pub async fn a_redeploy_runs_the_same_configuration_again(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let first = desk.go_live(web).await;
    let by = desk.keyed("redeploy");
    let message = || Message::try_from("once more").expect("this is a message");
    let redeploy =
        async || desk.store.deployments.redeploy(&by, desk.environment, web, message()).await;

    let again = redeploy().await.expect("it can be deployed again");
    let retry = redeploy().await.expect("it answers again");

    assert_eq!(again.id, retry.id);
    assert_eq!((again.generation, again.cause), (2, Cause::Redeploy));
    let newest = desk.newest(web).await;
    assert_eq!((newest.id, newest.config), (again.id, first.config));
    assert_eq!(newest.image, None, "its image is looked up anew");
    assert_eq!(newest.message.as_str(), "once more");
    desk.close().await;
}

/// And says so.
pub async fn a_service_without_an_image_cannot_be_deployed(store: Store) {
    let desk = Desk::open(store).await;
    let mut new = new_service("empty");
    new.source = Source::Empty;
    let empty = desk.staged(Edit::CreateService(Box::new(new))).await;
    let applied = desk.apply_all().await;

    let message = Message::default();
    let refused = desk.store.deployments.redeploy(&desk.by, desk.environment, empty, message).await;

    assert!(applied.deployments.is_empty());
    assert!(matches!(refused, Err(Error::NotNow(_))));
    desk.close().await;
}

/// The log may hold secrets: it is read one by one.
pub async fn a_failure_keeps_its_reason_and_lists_hide_the_log(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let id = desk.newest(web).await.id;
    let failure = Failure {
        reason: "it ended before it was ready".to_owned(),
        exit_code: Some(3),
        log_tail: Some(Secret::from(super::SECRET)),
    };
    let milestone = Milestone::Failed(failure.clone());
    desk.record(&[Step::Reached { deployment: id, milestone }]).await;

    let whole = desk.newest(web).await;
    let page = desk.store.deployments.list(desk.environment, web, Page::FIRST).await;
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
    desk.close().await;
}

/// Staged ones have none yet.
pub async fn every_applied_service_has_a_state(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.staged_service("db").await;
    let key = ServiceKey { environment: desk.environment, service: web };
    let condition = Step::ConditionChanged {
        service: key,
        condition: Condition::Degraded,
        why: Some("1 of 2 replicas runs".to_owned()),
    };
    desk.record(&[condition]).await;

    let states = desk.store.deployments.states(desk.environment).await.expect("it answers");

    assert_eq!(states.len(), 1);
    assert_eq!(states[0].condition, Some(Condition::Degraded));
    assert_eq!(states[0].why.as_deref(), Some("1 of 2 replicas runs"));
    assert_eq!(states[0].since, Some(crate::Clock::now(desk.store.clock.as_ref())));
    assert_eq!(desk.snapshot().await.states[&web], states[0]);
    desk.close().await;
}

/// W57.
pub async fn paths_are_checked_to_the_end(store: Store) {
    let desk = Desk::open(store).await;
    let other = desk.elsewhere().await;
    let (web, db) = (desk.service("web").await, desk.service("db").await);
    let id = desk.newest(web).await.id;
    let deployments = &desk.store.deployments;
    let is_missing = |error: &Error| matches!(error, Error::NotFound(_));

    let wrong_service = deployments.get(desk.environment, db, id).await;
    let wrong_environment = deployments.get(other.environment, web, id).await;
    let cancel = deployments.cancel(&desk.by, other.environment, web, id).await;
    let list = deployments.list(other.environment, web, Page::FIRST).await;
    let replicas = deployments.replicas(other.environment, web).await;
    let message = Message::default();
    let redeploy = deployments.redeploy(&desk.by, other.environment, web, message).await;

    assert!(wrong_service.is_err_and(|error| is_missing(&error)));
    assert!(wrong_environment.is_err_and(|error| is_missing(&error)));
    assert!(cancel.is_err_and(|error| is_missing(&error)));
    assert!(list.is_err_and(|error| is_missing(&error)));
    assert!(replicas.is_err_and(|error| is_missing(&error)));
    assert!(redeploy.is_err_and(|error| is_missing(&error)));
    assert_eq!(desk.newest(web).await.state, queued(&desk));
    other.close().await;
}

/// DK-41: its containers are named by a tombstone; one that comes back goes on counting.
pub async fn a_deleted_service_is_gone_and_buried(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.go_live(web).await;
    desk.clear(Address::Service(web)).await;
    let delete = desk.waiting().await;

    let applied = desk.try_apply(&delete).await.expect("it can be deleted");

    assert_eq!(applied.deleted, [web]);
    let list = desk.store.deployments.list(desk.environment, web, Page::FIRST).await;
    assert!(matches!(list, Err(Error::NotFound(Resource::Service))));
    assert!(desk.store.deployments.states(desk.environment).await.expect("it answers").is_empty());
    let fence = desk.store.rollouts.take_over().await.expect("it answers");
    let key = ServiceKey { environment: desk.environment, service: web };
    let aim = desk.store.rollouts.desired_service(fence, key).await.expect("it answers");
    assert!(aim.service.is_none());
    assert_eq!(aim.tombstones.len(), 1);
    desk.close().await;
}

/// Replicas, limits and deployments, as applied.
pub async fn the_reconciler_is_told_what_is_wanted(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let count = crate::Replicas::try_from(3).expect("it is not too many");
    desk.set(Address::ServiceField(web, Field::Replicas), Content::Replicas(count)).await;
    let limits = crate::Limits::new(Some(64), Some(500), None).expect("these are limits");
    desk.set(Address::ServiceField(web, Field::Limits), Content::Limits(limits)).await;
    let applied = desk.apply_all().await;
    assert!(applied.deployments.is_empty(), "neither makes a deployment");

    let fence = desk.store.rollouts.take_over().await.expect("it answers");
    let desired = desk.store.rollouts.desired(fence).await.expect("it answers");

    assert_eq!(desired.environments.len(), 1);
    let view = &desired.services[0];
    assert_eq!((view.id, view.wanted, view.limits), (web, 3, limits));
    assert_eq!((view.active, view.deployments.len()), (None, 1));
    assert_eq!(view.deployments[0].id, desk.newest(web).await.id);
    let stranger = DeploymentId::new(Uuid::nil());
    let unknown = desk.try_record(&[Step::Promoted { deployment: stranger }]).await;
    assert!(matches!(unknown, Err(RolloutError::Stale(_))));
    desk.close().await;
}
