//! What only a store with a past can show of rollouts. The rest is the port's contract.

use crate::bench::{Bench, somebody};
use domain::{
    Clock, DeploymentId, EnvironmentId, Ids, Message, ReplicaId, ServiceId,
    access::{InstanceRole, Mutation},
    account::Accounts,
    changes::Changes,
    deployment::{DeploymentState, Milestone},
    deployments::Deployments,
    edit::Edit,
    page::Page,
    project::Projects,
    rollout::{Fence, RolloutError, Rollouts, ServiceKey, Step, Subject},
    runtime::ReplicaHandle,
    testing::contracts::desk::{mutation, name, new_service},
};
use std::time::Duration;
use store::Store;

struct Scene {
    bench: Bench,
    store: Store,
    by: Mutation,
    place: EnvironmentId,
    fence: Fence,
}

impl Scene {
    async fn new() -> Self {
        let bench = Bench::new();
        let store = bench.open().await;
        let user = store.register_first(somebody("ann@example.com")).await.unwrap();
        let by = mutation(user.id, InstanceRole::Admin);
        let project = store.create(&by, name("shop")).await.unwrap();
        let place = store.environment(project.id, None).await.unwrap().id;
        let fence = store.take_over().await.unwrap();
        Self { bench, store, by, place, fence }
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
        self.store.record(self.fence, self.bench.clock.now(), steps).await
    }

    fn key(&self, service: ServiceId) -> ServiceKey {
        ServiceKey { environment: self.place, service }
    }

    async fn add(&self, deployment: DeploymentId) -> ReplicaId {
        let replica = ReplicaId::new(self.bench.ids.mint());
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
    let scene = Scene::new().await;
    let (old, clock) = (scene.fence, scene.bench.clock.clone());
    scene.store.close().await;
    let Scene { bench, store, .. } = scene;
    drop(store);
    let store = bench.open().await;

    let new = store.take_over().await.unwrap();

    assert!(new > old);
    let refused = store.record(old, clock.now(), &[]).await.unwrap_err();
    assert!(matches!(refused, RolloutError::Overtaken));
    assert!(matches!(store.desired(old).await, Err(RolloutError::Overtaken)));
}

// I11
#[tokio::test]
async fn a_service_that_comes_back_goes_on_counting() {
    let scene = Scene::new().await;
    let (service, first) = scene.make("web").await;
    let replica = scene.add(first).await;
    scene.write(Edit::Clear { address: domain::Address::Service(service) }).await;

    let aim = scene.store.desired_service(scene.fence, scene.key(service)).await.unwrap();

    assert!(aim.service.is_none());
    let subject = aim.tombstones[0].subject;
    assert!(matches!(subject, Subject::Service { generation: 1, .. }));
    assert_eq!(aim.tombstones[0].containers, [ReplicaHandle(format!("c-{replica}"))]);
}

#[tokio::test]
async fn a_step_that_does_not_fit_undoes_the_ones_before_it() {
    let scene = Scene::new().await;
    let (service, deployment) = scene.make("web").await;
    let steps = [
        Step::Reached { deployment, milestone: Milestone::PullStarted },
        Step::Reached { deployment, milestone: Milestone::Ready },
    ];

    let refused = scene.record(&steps).await.unwrap_err();

    assert!(matches!(refused, RolloutError::Stale(_)));
    let found = Deployments::get(&scene.store, scene.place, service, deployment).await.unwrap();
    assert!(matches!(found.state, DeploymentState::Queued { .. }));
}

// DK-32
#[tokio::test]
async fn a_deleted_project_leaves_tombstones_and_its_volumes_data() {
    let scene = Scene::new().await;
    let (service, deployment) = scene.make("web").await;
    scene.add(deployment).await;
    let project = Projects::list(&scene.store, None, None, Page::FIRST).await.unwrap();
    let project = project.data[0].project.id;

    Projects::delete(&scene.store, &scene.by, project).await.unwrap();

    let desired = scene.store.desired(scene.fence).await.unwrap();
    assert!(desired.environments.is_empty() && desired.services.is_empty());
    let subjects: Vec<Subject> = desired.tombstones.iter().map(|stone| stone.subject).collect();
    assert!(subjects.iter().any(|it| it.service() == Some(scene.key(service))));
    let network = Subject::Environment { project, environment: scene.place };
    assert!(subjects.contains(&network));
    assert_eq!(desired.tombstones.iter().map(|stone| stone.containers.len()).sum::<usize>(), 1);
}

#[tokio::test]
async fn tidying_up_forgets_only_what_is_done_with() {
    let scene = Scene::new().await;
    let (service, _) = scene.make("web").await;
    scene.write(Edit::Clear { address: domain::Address::Service(service) }).await;
    let day = Duration::from_secs(25 * 60 * 60);
    scene.bench.clock.forward(day);
    scene.store.tidy().await.unwrap();
    let aim = scene.store.desired_service(scene.fence, scene.key(service)).await.unwrap();
    assert_eq!(aim.tombstones.len(), 1, "it is not done");
    let subject = aim.tombstones[0].subject;
    scene.record(&[Step::TombstoneDone { subject }]).await.unwrap();

    scene.bench.clock.forward(day);
    scene.store.tidy().await.unwrap();

    let refused = scene.record(&[Step::TombstoneDone { subject }]).await.unwrap_err();
    assert!(matches!(refused, RolloutError::Stale(_)));
}
