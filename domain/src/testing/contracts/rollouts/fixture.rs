//! Where the promises of rollouts and addresses are tried out.

use crate::{
    Clock, DeploymentId, ReplicaId, Timestamp,
    deployment::Transition,
    rollout::{DesiredService, Fence, ReplicaRow, RolloutError, ServiceKey, ServiceView, Step},
    testing::contracts::{Store, fixture::Fixture},
};
use std::time::Duration;
use uuid::Uuid;

/// Somebody at work, with a service, and the reconciler's hand.
pub(in crate::testing::contracts) struct RolloutFixture {
    pub(in crate::testing::contracts) fixture: Fixture,
    pub(in crate::testing::contracts) fence: Fence,
    pub(in crate::testing::contracts) key: ServiceKey,
    pub(in crate::testing::contracts) deployment: DeploymentId,
}

impl RolloutFixture {
    pub(in crate::testing::contracts) async fn new(store: Store) -> Self {
        let fixture = Fixture::open(store).await;
        let service = fixture.service("web").await;
        let deployment = fixture.newest(service).await.id;
        let fence = fixture.store.rollouts.acquire_fence().await.expect("the store answers");
        let key = ServiceKey { environment: fixture.environment, service };
        Self { fixture, fence, key, deployment }
    }

    pub(in crate::testing::contracts) fn now(&self) -> Timestamp {
        self.fixture.store.clock.now()
    }

    pub(in crate::testing::contracts) fn advance(&self, duration: Duration) {
        self.fixture.store.clock.advance(duration);
    }

    pub(in crate::testing::contracts) async fn record(
        &self,
        steps: &[Step],
    ) -> Result<(), RolloutError> {
        self.fixture.store.rollouts.record(self.fence, self.now(), steps).await
    }

    pub(in crate::testing::contracts) async fn desired(&self) -> DesiredService {
        let desired = self.fixture.store.rollouts.desired_service(self.fence, self.key).await;
        desired.expect("the store answers")
    }

    pub(in crate::testing::contracts) async fn view(&self) -> ServiceView {
        self.desired().await.service.expect("the service exists")
    }

    pub(in crate::testing::contracts) async fn row(
        &self,
        replica: ReplicaId,
    ) -> Option<ReplicaRow> {
        self.view().await.replicas.into_iter().find(|row| row.id == replica)
    }

    pub(in crate::testing::contracts) async fn try_add(
        &self,
        number: u16,
    ) -> Result<ReplicaId, RolloutError> {
        let replica = replica(number);
        let deployment = self.deployment;
        self.record(&[Step::ReplicaAdded { replica, deployment, index: number }]).await?;
        Ok(replica)
    }

    pub(in crate::testing::contracts) async fn add(&self, number: u16) -> ReplicaId {
        self.try_add(number).await.expect("it is added")
    }

    pub(in crate::testing::contracts) async fn release(&self, replica: ReplicaId) {
        self.record(&[Step::ReplicaReleased { replica }]).await.expect("it is released");
    }

    pub(in crate::testing::contracts) async fn reach(
        &self,
        transitions: &[Transition],
    ) -> Result<(), RolloutError> {
        let deployment = self.deployment;
        let reached =
            |transition: &Transition| Step::Reached { deployment, transition: transition.clone() };
        self.record(&transitions.iter().map(reached).collect::<Vec<_>>()).await
    }
}

pub(in crate::testing::contracts) fn replica(number: u16) -> ReplicaId {
    ReplicaId::new(Uuid::from_u128(0xabcd_0000 + u128::from(number)))
}
