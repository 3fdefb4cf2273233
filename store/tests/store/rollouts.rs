//! What only a store with a past can show of rollouts. The rest is the port's contract.

use crate::fixture::{StoreFixture, somebody, sql};
use domain::{
    Clock, DeploymentId, EnvironmentId, Ids, Message, ReplicaId, ServiceId,
    access::{InstanceRole, Mutation},
    account::Accounts,
    changes::Changes,
    deployment::{DeploymentState, Transition},
    deployments::Deployments,
    edit::Edit,
    page::Page,
    project::Projects,
    rollout::{Fence, RolloutError, Rollouts, ServiceKey, Step, Subject},
    runtime::ReplicaHandle,
    testing::contracts::fixture::{mutation, name, new_service},
};
use std::time::Duration;
use store::{Retention, Store};

struct RolloutFixture {
    fixture: StoreFixture,
    store: Store,
    by: Mutation,
    place: EnvironmentId,
    fence: Fence,
}

impl RolloutFixture {
    async fn new() -> Self {
        let fixture = StoreFixture::new();
        let store = fixture.open().await;
        let user = store.register_first(somebody("ann@example.com")).await.unwrap();
        let by = mutation(user.id, InstanceRole::Admin);
        let project = store.create(&by, name("shop")).await.unwrap();
        let place = store.environment(project.id, None).await.unwrap().id;
        let fence = store.acquire_fence().await.unwrap();
        Self { fixture, store, by, place, fence }
    }

    async fn write(&self, edit: Edit) -> Vec<(ServiceId, DeploymentId)> {
        let (_, applied) = self
            .store
            .write(&self.by, self.place, vec![edit], Message::default(), None)
            .await
            .unwrap();
        applied.deployments
    }

    async fn make(&self, title: &str) -> (ServiceId, DeploymentId) {
        self.write(Edit::CreateService(Box::new(new_service(title)))).await[0]
    }

    async fn record(&self, steps: &[Step]) -> Result<(), RolloutError> {
        self.store.record(self.fence, self.fixture.clock.now(), steps).await
    }

    fn key(&self, service: ServiceId) -> ServiceKey {
        ServiceKey { environment: self.place, service }
    }

    async fn add(&self, deployment: DeploymentId) -> ReplicaId {
        let replica = ReplicaId::new(self.fixture.ids.mint());
        self.record(&[
            Step::ReplicaAdded { replica, deployment, index: 0 },
            Step::ContainerMade { replica, container: ReplicaHandle(format!("c-{replica}")) },
        ])
        .await
        .unwrap();
        replica
    }
}

// I11
#[tokio::test]
async fn an_earlier_actor_is_refused_also_after_a_restart() {
    let rollout = RolloutFixture::new().await;
    let (old, clock) = (rollout.fence, rollout.fixture.clock.clone());
    rollout.store.close().await;
    let RolloutFixture { fixture, store, .. } = rollout;
    drop(store);
    let store = fixture.open().await;

    let new = store.acquire_fence().await.unwrap();

    assert!(new > old);
    let refused = store.record(old, clock.now(), &[]).await.unwrap_err();
    assert!(matches!(refused, RolloutError::Fenced));
    assert!(matches!(store.desired(old).await, Err(RolloutError::Fenced)));
}

// I11
#[tokio::test]
async fn a_service_that_comes_back_goes_on_counting() {
    let rollout = RolloutFixture::new().await;
    let (service, first) = rollout.make("web").await;
    let replica = rollout.add(first).await;
    rollout.write(Edit::Clear { address: domain::Address::Service(service) }).await;

    let desired = rollout.store.desired_service(rollout.fence, rollout.key(service)).await.unwrap();

    assert!(desired.service.is_none());
    let subject = desired.tombstones[0].subject;
    assert!(matches!(subject, Subject::Service { generation: 1, .. }));
    assert_eq!(desired.tombstones[0].containers, [ReplicaHandle(format!("c-{replica}"))]);
}

#[tokio::test]
async fn a_step_that_does_not_fit_undoes_the_ones_before_it() {
    let rollout = RolloutFixture::new().await;
    let (service, deployment) = rollout.make("web").await;
    let steps = [
        Step::Reached { deployment, transition: Transition::PullStarted },
        Step::Reached { deployment, transition: Transition::Ready },
    ];

    let refused = rollout.record(&steps).await.unwrap_err();

    assert!(matches!(refused, RolloutError::Stale(_)));
    let found = Deployments::get(&rollout.store, rollout.place, service, deployment).await.unwrap();
    assert!(matches!(found.state, DeploymentState::Queued { .. }));
}

// DK-32
#[tokio::test]
async fn a_deleted_project_leaves_tombstones_and_its_volumes_data() {
    let rollout = RolloutFixture::new().await;
    let (service, deployment) = rollout.make("web").await;
    rollout.add(deployment).await;
    let project = Projects::list(&rollout.store, None, None, Page::FIRST).await.unwrap();
    let project = project.data[0].project.id;

    Projects::delete(&rollout.store, &rollout.by, project).await.unwrap();

    let desired = rollout.store.desired(rollout.fence).await.unwrap();
    assert!(desired.environments.is_empty() && desired.services.is_empty());
    let subjects: Vec<Subject> = desired.tombstones.iter().map(|stone| stone.subject).collect();
    assert!(subjects.iter().any(|it| it.service() == Some(rollout.key(service))));
    let network = Subject::Environment { project, environment: rollout.place };
    assert!(subjects.contains(&network));
    assert_eq!(desired.tombstones.iter().map(|stone| stone.containers.len()).sum::<usize>(), 1);
}

#[tokio::test]
async fn tidying_up_forgets_only_what_is_done_with() {
    let rollout = RolloutFixture::new().await;
    let (service, _) = rollout.make("web").await;
    rollout.write(Edit::Clear { address: domain::Address::Service(service) }).await;
    let day = Duration::from_secs(25 * 60 * 60);
    rollout.fixture.clock.advance(day);
    rollout.store.prune(&Retention::default()).await.unwrap();
    let desired = rollout.store.desired_service(rollout.fence, rollout.key(service)).await.unwrap();
    assert_eq!(desired.tombstones.len(), 1, "it is not done");
    let subject = desired.tombstones[0].subject;
    rollout.record(&[Step::TombstoneDone { subject }]).await.unwrap();

    rollout.fixture.clock.advance(day);
    rollout.store.prune(&Retention::default()).await.unwrap();

    let refused = rollout.record(&[Step::TombstoneDone { subject }]).await.unwrap_err();
    assert!(matches!(refused, RolloutError::Stale(_)));
}

// Traffic never goes back by itself, whatever order things are written down in.
#[tokio::test]
async fn an_older_deployment_never_takes_over_from_a_newer_one() {
    let rollout = RolloutFixture::new().await;
    let (service, first) = rollout.make("web").await;
    let again = rollout.store.redeploy(&rollout.by, rollout.place, service, Message::default());
    let second = again.await.unwrap().id;
    for transition in [Transition::StartRequested, Transition::Started, Transition::Ready] {
        rollout.record(&[Step::Reached { deployment: second, transition }]).await.unwrap();
    }
    rollout.record(&[Step::Promoted { deployment: second }]).await.unwrap();
    // As if the first had been on its way all the time.
    let RolloutFixture { fixture, store, place, .. } = rollout;
    store.close().await;
    drop(store);
    let switching = "UPDATE deployment SET over = 0, ended_at = NULL, \
                     state = '{\"state\":\"switching\",\"since\":\"2026-01-01T00:00:00Z\"}' \
                     WHERE generation = 1";
    sql(fixture.path(), switching).await;
    let store = fixture.open().await;
    let fence = store.acquire_fence().await.unwrap();

    let promoted = Step::Promoted { deployment: first };
    let refused = store.record(fence, fixture.clock.now(), &[promoted]).await;

    assert!(
        matches!(&refused, Err(RolloutError::Stale(why)) if why.contains("later")),
        "{refused:?}"
    );
    let state = store.state(place, service).await.unwrap().unwrap();
    assert_eq!(state.active.map(|active| active.id), Some(second));
}
