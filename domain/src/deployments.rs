//! Deployments and what services are like, as the API and the canvas see them.

use crate::{
    DeploymentId, EnvironmentId, ImageRef, Message, ReplicaId, Result, RevisionNumber, ServiceId,
    Timestamp, UserId,
    access::Mutation,
    deployment::{Cause, Condition, Deployment, DeploymentState},
    page::{Page, Paged},
    runtime::ReplicaHandle,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A deployment without what is secret in it: its variables, and its containers' last lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct DeploymentSummary {
    pub id: DeploymentId,
    pub service: ServiceId,
    /// Its number within the service, from 1.
    pub generation: u64,
    pub revision: RevisionNumber,
    pub cause: Cause,
    pub author: Option<UserId>,
    pub message: Message,
    pub image: ImageRef,
    /// `repository@sha256:…`, or the engine's id of an image from no registry; once known.
    pub pinned: Option<String>,
    #[serde(flatten)]
    pub state: DeploymentState,
    /// DeployKit's word for the state.
    pub status: String,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub live_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl From<&Deployment> for DeploymentSummary {
    fn from(deployment: &Deployment) -> Self {
        let mut state = deployment.state.clone();
        if let DeploymentState::Failed { failure, .. } = &mut state {
            failure.log_tail = None;
        }
        Self {
            id: deployment.id,
            service: deployment.service,
            generation: deployment.generation,
            revision: deployment.revision,
            cause: deployment.cause,
            author: deployment.author,
            message: deployment.message.clone(),
            image: deployment.config.image.clone(),
            pinned: (deployment.image.as_ref())
                .map(|image| image.digest.clone().unwrap_or_else(|| image.id.clone())),
            status: deployment.deploykit_status().to_owned(),
            state,
            attempts: deployment.attempts,
            created_at: deployment.created_at,
            started_at: deployment.started_at,
            live_at: deployment.live_at,
            ended_at: deployment.ended_at,
        }
    }
}

/// How a service is doing: what serves, and what is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceState {
    /// Which.
    pub service: ServiceId,
    /// What it was last seen to be like; `None` before anything of it ran.
    pub condition: Option<Condition>,
    /// Why, where it is not plain.
    pub why: Option<String>,
    /// Since when it is like that.
    pub since: Option<Timestamp>,
    /// The deployment that serves.
    pub active: Option<DeploymentSummary>,
    /// The newest one; may be the active one.
    pub newest: Option<DeploymentSummary>,
}

impl ServiceState {
    /// Nothing of the service has ever run.
    #[must_use]
    pub const fn unknown(service: ServiceId) -> Self {
        Self { service, condition: None, why: None, since: None, active: None, newest: None }
    }
}

/// A replica, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct ReplicaSummary {
    pub id: ReplicaId,
    pub service: ServiceId,
    pub deployment: DeploymentId,
    pub index: u16,
    pub container: Option<ReplicaHandle>,
    pub retired: bool,
    pub created_at: Timestamp,
}

/// Deployments and conditions. The reconciler writes them by the `Rollouts` port.
#[async_trait]
pub trait Deployments: Send + Sync {
    /// How every service of an environment is doing.
    async fn states(&self, environment: EnvironmentId) -> Result<Vec<ServiceState>>;

    /// How some services are doing, no more than a page has: no more is read than that takes.
    async fn states_of(
        &self,
        environment: EnvironmentId,
        services: &[ServiceId],
    ) -> Result<Vec<ServiceState>> {
        let mut states = self.states(environment).await?;
        states.retain(|state| services.contains(&state.service));
        Ok(states)
    }

    /// How one service is doing; `None` when it is not applied.
    async fn state(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<Option<ServiceState>> {
        let states = self.states(environment).await?;
        Ok(states.into_iter().find(|state| state.service == service))
    }

    /// A service's deployments, newest first.
    async fn list(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        page: Page,
    ) -> Result<Paged<DeploymentSummary>>;

    /// One of them, whole: with configuration and last lines.
    async fn get(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<Deployment>;

    /// Deploys the service's present configuration again: its image is looked up anew.
    async fn redeploy(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        message: Message,
    ) -> Result<DeploymentSummary>;

    /// Stops a deployment that does not serve yet. `InvalidState` when it does, or is over.
    async fn cancel(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentSummary>;

    /// The replicas of a service that are wanted or still there.
    async fn replicas(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<Vec<ReplicaSummary>>;
}
