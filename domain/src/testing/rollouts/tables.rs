//! What the fake holds, and how each step changes it.

use crate::{
    DeploymentId, EnvironmentId, ProjectId, ReplicaId, Timestamp,
    deployment::{Deployment, Transition},
    network::Holder,
    rollout::{
        Desired, EnvironmentView, Fence, Ownership, RETENTION, ReplicaRow, RestartHistory,
        RolloutError, ServiceKey, ServiceView, Step, Subject, Tombstone,
    },
};
use ipnet::Ipv4Net;
use std::{collections::BTreeMap, net::Ipv4Addr};

type Result<T> = std::result::Result<T, RolloutError>;

/// What the fake holds.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each field names what it holds")]
pub struct RolloutTables {
    pub fence: u64,
    pub ownership: Ownership,
    pub environments: BTreeMap<EnvironmentId, ProjectId>,
    /// Only the parts that are not derived from other rows.
    pub services: BTreeMap<ServiceKey, ServiceView>,
    pub deployments: BTreeMap<DeploymentId, Deployment>,
    pub replicas: BTreeMap<ReplicaId, Held>,
    pub tombstones: BTreeMap<Subject, Tombstone>,
    pub given: Given,
}

/// A replica's row, with what only the store knows.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field names what it holds")]
pub struct Held {
    pub row: ReplicaRow,
    pub service: ServiceKey,
    pub released_at: Option<Timestamp>,
    pub has_served: bool,
}

impl Held {
    /// How it holds its address.
    pub(super) fn holder(&self) -> Holder {
        match self.released_at {
            Some(since) => Holder::Gone { since, has_served: self.has_served },
            None => Holder::There,
        }
    }
}

/// Which subnet was given to which environment, and which address to which replica.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each field names what it holds")]
pub struct Given {
    pub subnets: BTreeMap<EnvironmentId, Ipv4Net>,
    pub addresses: BTreeMap<ReplicaId, Ipv4Addr>,
    /// The one that was given last.
    pub last: BTreeMap<EnvironmentId, Ipv4Addr>,
}

fn stale<T>(why: impl Into<String>) -> Result<T> {
    Err(RolloutError::Stale(why.into()))
}

impl RolloutTables {
    pub(in crate::testing) fn check_fence(&self, fence: Fence) -> Result<()> {
        if fence.0 == self.fence { Ok(()) } else { Err(RolloutError::Fenced) }
    }

    pub(in crate::testing) fn desired(&self, now: Timestamp) -> Desired {
        let environment = |(&id, &project)| EnvironmentView { id, project };
        Desired {
            ownership: self.ownership.clone(),
            environments: self.environments.iter().map(environment).collect(),
            services: self.services.keys().filter_map(|&key| self.view(key, now)).collect(),
            tombstones: self.remembered_tombstones(now),
        }
    }

    pub(in crate::testing) fn view(&self, key: ServiceKey, now: Timestamp) -> Option<ServiceView> {
        let mut view = self.services.get(&key)?.clone();
        for (id, held) in self.replicas.iter().filter(|(_, held)| held.service == key) {
            match held.released_at {
                // Left behind by a deleted service of this id: a tombstone names it.
                None if !self.deployments.contains_key(&held.row.deployment) => (),
                None => view.replicas.push(held.row.clone()),
                Some(at) if now.since(at) <= RETENTION => {
                    view.released.insert(*id);
                }
                Some(_) => (),
            }
        }
        let is_shown = |deployment: &&Deployment| {
            view.active == Some(deployment.id)
                || deployment.state.is_candidate()
                || view.replicas.iter().any(|row| row.deployment == deployment.id)
        };
        view.deployments = self.deployments_of(key).filter(is_shown).cloned().collect();
        view.deployments.sort_by_key(|deployment| deployment.generation);
        Some(view)
    }

    pub(in crate::testing) fn remembered_tombstones(&self, now: Timestamp) -> Vec<Tombstone> {
        let is_remembered =
            |tombstone: &&Tombstone| tombstone.done_at.is_none_or(|at| now.since(at) <= RETENTION);
        self.tombstones.values().filter(is_remembered).cloned().collect()
    }

    fn deployments_of(&self, key: ServiceKey) -> impl Iterator<Item = &Deployment> {
        self.deployments.values().filter(move |deployment| {
            deployment.environment == key.environment && deployment.service == key.service
        })
    }

    pub(in crate::testing) fn next_generation(&self, key: ServiceKey) -> u64 {
        let buried = self.tombstones.keys().filter_map(|subject| match *subject {
            Subject::Service { environment, service, generation, .. }
                if (ServiceKey { environment, service }) == key =>
            {
                Some(generation)
            }
            _ => None,
        });
        let known = self.deployments_of(key).map(|deployment| deployment.generation);
        known.chain(buried).max().unwrap_or(0) + 1
    }

    pub(in crate::testing) fn delete_service(&mut self, key: ServiceKey, now: Timestamp) {
        let generation = self.next_generation(key) - 1;
        let Some(service) = self.services.remove(&key) else { return };
        let mut containers = Vec::new();
        // Their addresses are held until the tombstone is done.
        for held in self.replicas.values().filter(|it| it.service == key) {
            if held.released_at.is_none() {
                containers.extend(held.row.container.clone());
            }
        }
        self.deployments.retain(|_, deployment| {
            deployment.environment != key.environment || deployment.service != key.service
        });
        let subject = Subject::Service {
            project: service.project,
            environment: key.environment,
            service: key.service,
            generation,
        };
        self.tombstones
            .insert(subject, Tombstone { subject, containers, made_at: now, done_at: None });
    }

    /// The environment is gone, and its subnet is free; says whose it was.
    pub(in crate::testing) fn remove_environment(
        &mut self,
        id: EnvironmentId,
    ) -> Option<ProjectId> {
        self.given.subnets.remove(&id);
        self.environments.remove(&id)
    }

    fn held(&mut self, id: ReplicaId) -> Result<&mut Held> {
        match self.replicas.get_mut(&id) {
            Some(held) if held.released_at.is_none() => Ok(held),
            _ => stale(format!("replica {id} is gone")),
        }
    }

    fn deployment(&mut self, id: DeploymentId) -> Result<&mut Deployment> {
        match self.deployments.get_mut(&id) {
            Some(deployment) => Ok(deployment),
            None => stale(format!("deployment {id} is gone")),
        }
    }

    fn service(&mut self, key: ServiceKey) -> Result<&mut ServiceView> {
        match self.services.get_mut(&key) {
            Some(service) => Ok(service),
            None => stale("the service is gone"),
        }
    }

    /// Does one step.
    pub(in crate::testing) fn apply_step(&mut self, at: Timestamp, step: &Step) -> Result<()> {
        match step {
            Step::EngineBound { engine } => {
                let bound = Ownership::Bound { engine: engine.clone() };
                if self.ownership != Ownership::Unbound && self.ownership != bound {
                    return stale("another engine is bound");
                }
                self.ownership = bound;
            }
            Step::ReplicaAdded { replica, deployment, index } => {
                self.add_replica(*replica, *deployment, *index)?;
            }
            Step::ContainerMade { replica, container } => {
                let held = self.held(*replica)?;
                held.row.container = Some(container.clone());
                let deployment = self.replicas[replica].row.deployment;
                let deployment = self.deployment(deployment)?;
                deployment.started_at.get_or_insert(at);
                let has_served = deployment.state.is_serving();
                self.held(*replica)?.has_served |= has_served;
            }
            Step::ContainerLost { replica, container } => {
                let held = self.held(*replica)?;
                if held.row.container.as_ref() != Some(container) {
                    return stale("the replica has another container");
                }
                held.row.container = None;
                held.row.restarts = RestartHistory::default();
            }
            Step::RestartsRecorded { replica, restarts } => {
                self.held(*replica)?.row.restarts = restarts.clone();
            }
            Step::ReplicaRetired { replica } => {
                self.held(*replica)?.row.retired_at.get_or_insert(at);
            }
            Step::ReplicaReleased { replica } => {
                if let Some(held) = self.replicas.get_mut(replica) {
                    held.released_at.get_or_insert(at);
                }
            }
            Step::VolumeMade { service, volume } => {
                self.service(*service)?.volumes_made.insert(*volume);
            }
            Step::ImagePinned { deployment, image } => {
                self.deployment(*deployment)?.image = Some(image.clone());
            }
            Step::Reached { deployment, transition } => {
                if *transition == Transition::Switched {
                    return stale("a deployment is switched by promotion only");
                }
                self.reach(at, *deployment, transition.clone())?;
            }
            Step::Attempted { deployment, attempts, retry_at, .. } => {
                let deployment = self.deployment(*deployment)?;
                if deployment.state.is_terminal() {
                    return stale("the deployment is over");
                }
                deployment.attempts = *attempts;
                deployment.retry_at = *retry_at;
            }
            Step::Promoted { deployment } => self.promote(at, *deployment)?,
            Step::ConditionChanged { service, condition, why } => {
                self.service(*service)?.condition = Some((*condition, why.clone()));
            }
            Step::Incident { service, .. } => {
                self.service(*service)?;
            }
            Step::TombstoneDone { subject } => match self.tombstones.get_mut(subject) {
                Some(tombstone) => {
                    tombstone.done_at.get_or_insert(at);
                    let left = |held: &&mut Held| {
                        Some(held.service) == subject.service()
                            && !self.deployments.contains_key(&held.row.deployment)
                    };
                    for held in self.replicas.values_mut().filter(left) {
                        held.released_at.get_or_insert(at);
                    }
                }
                None => return stale("there is no such tombstone"),
            },
        }
        Ok(())
    }

    fn reach(&mut self, at: Timestamp, id: DeploymentId, transition: Transition) -> Result<()> {
        let deployment = self.deployment(id)?;
        match deployment.state.clone().transition(transition, at) {
            Ok(state) => {
                if state.is_terminal() {
                    deployment.ended_at = Some(at);
                }
                deployment.state = state;
                Ok(())
            }
            Err(illegal) => stale(illegal.to_string()),
        }
    }

    fn promote(&mut self, at: Timestamp, id: DeploymentId) -> Result<()> {
        let deployment = self.deployment(id)?.clone();
        let key = ServiceKey { environment: deployment.environment, service: deployment.service };
        let before = self.service(key)?.active;
        if before == Some(id) {
            return stale("it serves already");
        }
        if let Some(before) = before {
            if self.deployment(before)?.generation > deployment.generation {
                return stale("a later deployment serves");
            }
            self.reach(at, before, Transition::Superseded)?;
        }
        self.reach(at, id, Transition::Switched)?;
        self.deployment(id)?.live_at = Some(at);
        let has_container = |held: &&mut Held| {
            held.row.deployment == id && held.released_at.is_none() && held.row.container.is_some()
        };
        self.replicas.values_mut().filter(has_container).for_each(|held| held.has_served = true);
        self.service(key)?.active = Some(id);
        Ok(())
    }

    fn add_replica(&mut self, id: ReplicaId, deployment: DeploymentId, index: u16) -> Result<()> {
        if self.replicas.contains_key(&id) {
            return Ok(());
        }
        let found = self.deployment(deployment)?;
        if found.state.is_terminal() {
            return stale("the deployment is over");
        }
        let service = ServiceKey { environment: found.environment, service: found.service };
        let row = ReplicaRow {
            id,
            deployment,
            index,
            container: None,
            restarts: RestartHistory::default(),
            retired_at: None,
        };
        self.replicas.insert(id, Held { row, service, released_at: None, has_served: false });
        Ok(())
    }
}
