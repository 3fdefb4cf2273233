//! Deployments and what services are like, in memory.

use super::{Memory, Transaction, paged};
use crate::{
    DeploymentId, EnvironmentId, Error, Message, Resource, Result, ServiceId, Set, Source,
    access::Mutation,
    deployment::{Cause, Deployment, DeploymentState, RunConfig, Transition},
    deployments::{DeploymentSummary, Deployments, ReplicaSummary, ServiceState},
    event::Event,
    page::{Page, Paged},
    rollout::{ServiceKey, ServiceView},
};
use async_trait::async_trait;

impl Transaction<'_> {
    /// Tells the reconciler's rows what is wanted now.
    pub(super) fn roll_out(
        &mut self,
        environment: EnvironmentId,
        deleted: &[ServiceId],
    ) -> Result<()> {
        let now = self.now;
        for &service in deleted {
            let key = ServiceKey { environment, service };
            self.tables.rollouts.delete_service(key, now);
            self.tables.since.remove(&key);
        }
        let held = self.tables.environment(environment)?;
        let project = held.environment.project;
        let services = held.spec.services.clone();
        for (id, config) in services {
            let key = ServiceKey { environment, service: id };
            let has_image = !matches!(config.source, Source::Empty);
            let desired_count = if has_image { config.replicas.count() } else { 0 };
            let view = self.tables.rollouts.services.entry(key).or_insert_with(|| ServiceView {
                id,
                project,
                environment,
                slug: config.slug.clone(),
                desired_count,
                limits: config.limits,
                active: None,
                deployments: Vec::new(),
                replicas: Vec::new(),
                released: Set::new(),
                volumes_made: Set::new(),
                condition: None,
            });
            view.desired_count = desired_count;
            view.limits = config.limits;
        }
        Ok(())
    }

    /// Makes a deployment; candidates before it have no future.
    pub(super) fn deploy(
        &mut self,
        environment: EnvironmentId,
        service: ServiceId,
        config: RunConfig,
        cause: Cause,
        message: Message,
    ) -> Result<DeploymentId> {
        let key = ServiceKey { environment, service };
        let now = self.now;
        let candidates: Vec<DeploymentId> = (self.tables.deployments(key).iter())
            .filter(|deployment| deployment.state.is_candidate())
            .map(|deployment| deployment.id)
            .collect();
        for candidate in candidates {
            self.end(candidate, Transition::Superseded)?;
        }
        let held = self.tables.environment(environment)?;
        let slug = held.spec.services.get(&service).map(|service| service.slug.clone());
        let deployment = Deployment {
            id: DeploymentId::new(self.ids.mint()),
            project: held.environment.project,
            environment,
            service,
            slug: slug.ok_or(Error::NotFound(Resource::Service))?,
            generation: self.tables.rollouts.next_generation(key),
            revision: held.spec.revision,
            cause,
            author: Some(self.author()),
            message,
            config,
            image: None,
            state: DeploymentState::Queued { since: now },
            attempts: 0,
            retry_at: None,
            created_at: now,
            started_at: None,
            live_at: None,
            ended_at: None,
        };
        let id = deployment.id;
        self.tables.rollouts.deployments.insert(id, deployment);
        self.moved(id);
        Ok(id)
    }

    /// Ends a candidate.
    fn end(&mut self, id: DeploymentId, transition: Transition) -> Result<()> {
        let now = self.now;
        let Some(deployment) = self.tables.rollouts.deployments.get_mut(&id) else {
            return Err(Error::NotFound(Resource::Deployment));
        };
        let state = deployment.state.clone().transition(transition, now);
        deployment.state = state.map_err(Error::internal("end a deployment"))?;
        deployment.ended_at = Some(now);
        self.moved(id);
        Ok(())
    }

    /// Says how far a deployment has come.
    fn moved(&mut self, id: DeploymentId) {
        let Some(deployment) = self.tables.rollouts.deployments.get(&id) else { return };
        let environment = deployment.environment;
        let key = ServiceKey { environment, service: deployment.service };
        let active =
            self.tables.rollouts.services.get(&key).is_some_and(|view| view.active == Some(id));
        let deployment = Box::new(DeploymentSummary::from(deployment));
        self.emit(environment, Event::Moved { deployment, active });
    }
}

#[async_trait]
impl Deployments for Memory {
    async fn states(&self, environment: EnvironmentId) -> Result<Vec<ServiceState>> {
        self.read(|tables, _| tables.states(environment))
    }

    async fn list(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        page: Page,
    ) -> Result<Paged<DeploymentSummary>> {
        self.read(|tables, _| {
            if !tables.environment(environment)?.spec.services.contains_key(&service) {
                return Err(Error::NotFound(Resource::Service));
            }
            Ok(paged(&tables.deployments(ServiceKey { environment, service }), page))
        })
    }

    async fn get(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<Deployment> {
        self.read(|tables, _| {
            (tables.rollouts.deployments.get(&deployment))
                .filter(|it| it.environment == environment && it.service == service)
                .cloned()
                .ok_or(Error::NotFound(Resource::Deployment))
        })
    }

    async fn redeploy(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        message: Message,
    ) -> Result<DeploymentSummary> {
        self.mutate(by, "deployments.redeploy", format!("{environment}/{service}"), |tx| {
            let held = tx.tables.environment(environment)?;
            let place = held.place();
            let config = held.spec.runnable(place, service)?;
            let id = tx.deploy(environment, service, config, Cause::Redeploy, message)?;
            tx.audit("deployments.redeploy", Some(place.project), id);
            Ok(DeploymentSummary::from(&tx.tables.rollouts.deployments[&id]))
        })
    }

    async fn cancel(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentSummary> {
        self.mutate(by, "deployments.cancel", deployment, |tx| {
            let found = (tx.tables.rollouts.deployments.get(&deployment))
                .filter(|it| it.environment == environment && it.service == service)
                .ok_or(Error::NotFound(Resource::Deployment))?;
            let project = found.project;
            if !found.state.is_candidate() {
                return Err(Error::InvalidState(format!(
                    "this deployment is {} and cannot be cancelled any more",
                    found.state.as_str()
                )));
            }
            tx.end(deployment, Transition::Cancelled)?;
            tx.audit("deployments.cancel", Some(project), deployment);
            Ok(DeploymentSummary::from(&tx.tables.rollouts.deployments[&deployment]))
        })
    }

    async fn replicas(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<Vec<ReplicaSummary>> {
        self.read(|tables, now| {
            if !tables.environment(environment)?.spec.services.contains_key(&service) {
                return Err(Error::NotFound(Resource::Service));
            }
            let view = tables.rollouts.view(ServiceKey { environment, service }, now);
            let rows = view.map(|view| view.replicas).unwrap_or_default();
            Ok(rows
                .into_iter()
                .map(|row| ReplicaSummary {
                    id: row.id,
                    service,
                    deployment: row.deployment,
                    index: row.index,
                    container: row.container,
                    retired: row.retired_at.is_some(),
                    created_at: tables.rollouts.deployments[&row.deployment].created_at,
                })
                .collect())
        })
    }
}
