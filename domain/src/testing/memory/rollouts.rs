//! The rollout port over the same world, so that what is applied gets deployed.

use super::{Memory, Transaction};
use crate::{
    DeploymentId, ReplicaId, Timestamp,
    deployments::DeploymentSummary,
    event::{ContainerChange, Event},
    rollout::{
        Desired, DesiredService, Fence, Ownership, RolloutError, Rollouts, ServiceKey, Step,
        Version,
    },
    runtime::ReplicaHandle,
    testing::rollouts::Held,
};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// What can be seen of all deployments.
type Sight = BTreeMap<DeploymentId, (DeploymentSummary, bool)>;

impl Transaction<'_> {
    fn sight(&self) -> Sight {
        let rollouts = &self.tables.rollouts;
        (rollouts.deployments.values())
            .map(|it| {
                let key = ServiceKey { environment: it.environment, service: it.service };
                let active =
                    rollouts.services.get(&key).is_some_and(|view| view.active == Some(it.id));
                (it.id, (DeploymentSummary::from(it), active))
            })
            .collect()
    }

    fn container_of(
        &self,
        replica: ReplicaId,
    ) -> Option<(ServiceKey, DeploymentId, ReplicaHandle)> {
        let held = self.tables.rollouts.replicas.get(&replica)?;
        Some((held.service, held.row.deployment, held.row.container.clone()?))
    }

    /// The container that is gone with this step.
    fn container_that_goes(
        &self,
        step: &Step,
    ) -> Option<(ServiceKey, DeploymentId, ReplicaHandle)> {
        match step {
            Step::ContainerLost { replica, .. } => self.container_of(*replica),
            Step::ReplicaReleased { replica } => {
                let is_held = |held: &Held| held.released_at.is_none();
                let rollouts = &self.tables.rollouts;
                rollouts.replicas.get(replica).filter(|held| is_held(held))?;
                self.container_of(*replica)
            }
            _ => None,
        }
    }

    /// How many tries of its deployment are known.
    fn tries_before(&self, step: &Step) -> u32 {
        let Step::Attempted { deployment, .. } = step else { return 0 };
        self.tables.rollouts.deployments.get(deployment).map_or(0, |it| it.attempts)
    }

    /// Does one step, and says what can be seen of it.
    fn apply_step(&mut self, at: Timestamp, step: &Step) -> Result<(), RolloutError> {
        let before = self.sight();
        let gone = self.container_that_goes(step);
        let tried = self.tries_before(step);
        if let Step::ConditionChanged { service, condition, .. } = step {
            let known = self.tables.rollouts.services.get(service);
            let last = known.and_then(|view| view.condition.as_ref()).map(|(last, _)| *last);
            if last != Some(*condition) {
                self.tables.since.insert(*service, at);
            }
        }
        self.tables.rollouts.apply_step(at, step)?;
        let made = match step {
            Step::ContainerMade { replica, .. } => self.container_of(*replica),
            _ => None,
        };
        for (held, change) in [(made, ContainerChange::Created), (gone, ContainerChange::Deleted)] {
            if let Some((key, deployment, container)) = held {
                let event =
                    Event::Container { service: key.service, deployment, container, change };
                self.emit_at(key.environment, at, event);
            }
        }
        let mut moved: Vec<(DeploymentSummary, bool)> = (self.sight().into_iter())
            .filter(|(id, seen)| before.get(id) != Some(seen))
            .map(|(_, seen)| seen)
            .collect();
        // Who serves no more is said before who serves now.
        moved.sort_by_key(|(deployment, active)| (*active, deployment.generation));
        for (deployment, active) in moved {
            let environment = self.tables.rollouts.deployments[&deployment.id].environment;
            let deployment = Box::new(deployment);
            self.emit_at(environment, at, Event::Moved { deployment, active });
        }
        match step {
            Step::ConditionChanged { service: key, condition, why } => {
                let (service, condition, why) = (key.service, *condition, why.clone());
                self.emit_at(key.environment, at, Event::Condition { service, condition, why });
            }
            Step::Incident { service, incident, .. } => {
                let (environment, incident) = (service.environment, incident.clone());
                let event = Event::Incident { service: service.service, incident };
                self.emit_at(environment, at, event);
            }
            Step::Attempted { deployment, attempts, retry_at: Some(retry_at), why }
                if tried < *attempts =>
            {
                let it = &self.tables.rollouts.deployments[deployment];
                let (environment, service) = (it.environment, it.service);
                let (why, retry_at) = (why.clone(), *retry_at);
                self.emit_at(environment, at, Event::Attempted { service, why, retry_at });
            }
            _ => (),
        }
        Ok(())
    }
}

#[async_trait]
impl Rollouts for Memory {
    async fn acquire_fence(&self) -> Result<Fence, RolloutError> {
        self.transact(None, |tx| {
            tx.tables.rollouts.fence += 1;
            Ok(Fence(tx.tables.rollouts.fence))
        })
    }

    async fn desired(&self, fence: Fence) -> Result<Desired, RolloutError> {
        self.read(|tables, now| {
            tables.rollouts.check_fence(fence)?;
            Ok(tables.rollouts.desired(now))
        })
    }

    async fn desired_service(
        &self,
        fence: Fence,
        key: ServiceKey,
    ) -> Result<DesiredService, RolloutError> {
        self.read(|tables, now| {
            tables.rollouts.check_fence(fence)?;
            let mut tombstones = tables.rollouts.remembered_tombstones(now);
            tombstones.retain(|tombstone| tombstone.subject.service() == Some(key));
            Ok(DesiredService { service: tables.rollouts.view(key, now), tombstones })
        })
    }

    async fn version(&self) -> Result<Version, RolloutError> {
        self.read(|tables, _| Ok(Version(tables.written)))
    }

    async fn record(
        &self,
        fence: Fence,
        at: Timestamp,
        steps: &[Step],
    ) -> Result<(), RolloutError> {
        if steps.is_empty() {
            return self.read(|tables, _| tables.rollouts.check_fence(fence));
        }
        self.transact(None, |tx| {
            tx.tables.rollouts.check_fence(fence)?;
            steps.iter().try_for_each(|step| tx.apply_step(at, step))
        })
    }

    async fn confirm_engine(&self, engine: &str) -> Result<(), RolloutError> {
        self.transact(None, |tx| {
            tx.tables.rollouts.ownership = Ownership::Bound { engine: engine.to_owned() };
            Ok(())
        })
    }
}
