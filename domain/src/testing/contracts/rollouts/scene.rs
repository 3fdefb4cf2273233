//! Where the promises of rollouts are tried out.

use crate::{
    Clock, DeploymentId, EnvironmentId, ReplicaId, Timestamp,
    deployment::Milestone,
    rollout::{Aim, Fence, ReplicaRow, RolloutError, ServiceKey, ServiceView, Step},
    runtime::Subnet,
    testing::contracts::{Store, desk::Desk},
};
use std::{net::Ipv4Addr, time::Duration};
use uuid::Uuid;

/// Somebody at work, with a service, and the reconciler's hand.
pub(super) struct Scene {
    pub(super) desk: Desk,
    pub(super) fence: Fence,
    pub(super) key: ServiceKey,
    pub(super) deployment: DeploymentId,
}

impl Scene {
    pub(super) async fn new(store: Store) -> Self {
        let desk = Desk::open(store).await;
        let service = desk.service("web").await;
        let deployment = desk.newest(service).await.id;
        let fence = desk.store.rollouts.take_over().await.expect("the store answers");
        let key = ServiceKey { environment: desk.environment, service };
        Self { desk, fence, key, deployment }
    }

    /// The same, with a network.
    pub(super) async fn connected(store: Store) -> Self {
        let scene = Self::new(store).await;
        scene.assign(scene.key.environment, 1).await.expect("it is assigned");
        scene
    }

    pub(super) fn now(&self) -> Timestamp {
        self.desk.store.clock.now()
    }

    pub(super) fn forward(&self, duration: Duration) {
        self.desk.store.clock.forward(duration);
    }

    pub(super) async fn record(&self, steps: &[Step]) -> Result<(), RolloutError> {
        self.desk.store.rollouts.record(self.fence, self.now(), steps).await
    }

    pub(super) async fn assign(
        &self,
        environment: EnvironmentId,
        third: u8,
    ) -> Result<(), RolloutError> {
        let subnet = Subnet::containing(Ipv4Addr::new(10, 215, third, 0));
        self.record(&[Step::SubnetAssigned { environment, subnet }]).await
    }

    pub(super) async fn aim(&self) -> Aim {
        let aim = self.desk.store.rollouts.desired_service(self.fence, self.key).await;
        aim.expect("the store answers")
    }

    pub(super) async fn view(&self) -> ServiceView {
        self.aim().await.service.expect("the service exists")
    }

    pub(super) async fn row(&self, replica: ReplicaId) -> Option<ReplicaRow> {
        self.view().await.replicas.into_iter().find(|row| row.id == replica)
    }

    pub(super) async fn try_add(&self, number: u16) -> Result<ReplicaId, RolloutError> {
        let replica = replica(number);
        let deployment = self.deployment;
        self.record(&[Step::ReplicaAdded { replica, deployment, index: number }]).await?;
        Ok(replica)
    }

    /// A replica's id and address.
    pub(super) async fn add(&self, number: u16) -> (ReplicaId, Ipv4Addr) {
        let replica = self.try_add(number).await.expect("it is added");
        (replica, self.row(replica).await.expect("it has a row").address)
    }

    pub(super) async fn release(&self, replica: ReplicaId) {
        self.record(&[Step::ReplicaReleased { replica }]).await.expect("it is released");
    }

    pub(super) async fn reach(&self, milestones: &[Milestone]) -> Result<(), RolloutError> {
        let deployment = self.deployment;
        let reached =
            |milestone: &Milestone| Step::Reached { deployment, milestone: milestone.clone() };
        self.record(&milestones.iter().map(reached).collect::<Vec<_>>()).await
    }
}

pub(super) fn replica(number: u16) -> ReplicaId {
    ReplicaId::new(Uuid::from_u128(0xabcd_0000 + u128::from(number)))
}
