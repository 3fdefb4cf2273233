//! Where the promises of rollouts and addresses are tried out.

use crate::{
    Clock, DeploymentId, ReplicaId, Timestamp,
    deployment::Milestone,
    rollout::{Aim, Fence, ReplicaRow, RolloutError, ServiceKey, ServiceView, Step},
    testing::contracts::{Store, desk::Desk},
};
use std::time::Duration;
use uuid::Uuid;

/// Somebody at work, with a service, and the reconciler's hand.
pub(in crate::testing::contracts) struct Scene {
    pub(in crate::testing::contracts) desk: Desk,
    pub(in crate::testing::contracts) fence: Fence,
    pub(in crate::testing::contracts) key: ServiceKey,
    pub(in crate::testing::contracts) deployment: DeploymentId,
}

impl Scene {
    pub(in crate::testing::contracts) async fn new(store: Store) -> Self {
        let desk = Desk::open(store).await;
        let service = desk.service("web").await;
        let deployment = desk.newest(service).await.id;
        let fence = desk.store.rollouts.take_over().await.expect("the store answers");
        let key = ServiceKey { environment: desk.environment, service };
        Self { desk, fence, key, deployment }
    }

    pub(in crate::testing::contracts) fn now(&self) -> Timestamp {
        self.desk.store.clock.now()
    }

    pub(in crate::testing::contracts) fn forward(&self, duration: Duration) {
        self.desk.store.clock.forward(duration);
    }

    pub(in crate::testing::contracts) async fn record(
        &self,
        steps: &[Step],
    ) -> Result<(), RolloutError> {
        self.desk.store.rollouts.record(self.fence, self.now(), steps).await
    }

    pub(in crate::testing::contracts) async fn aim(&self) -> Aim {
        let aim = self.desk.store.rollouts.desired_service(self.fence, self.key).await;
        aim.expect("the store answers")
    }

    pub(in crate::testing::contracts) async fn view(&self) -> ServiceView {
        self.aim().await.service.expect("the service exists")
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
        milestones: &[Milestone],
    ) -> Result<(), RolloutError> {
        let deployment = self.deployment;
        let reached =
            |milestone: &Milestone| Step::Reached { deployment, milestone: milestone.clone() };
        self.record(&milestones.iter().map(reached).collect::<Vec<_>>()).await
    }
}

pub(in crate::testing::contracts) fn replica(number: u16) -> ReplicaId {
    ReplicaId::new(Uuid::from_u128(0xabcd_0000 + u128::from(number)))
}
