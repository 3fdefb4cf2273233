//! Services, and how they are doing.

mod asked;

pub use asked::{CreateService, UpdateService};

use crate::{
    DeploymentId, EnvironmentId, GroupId, IconUrl, ImageRef, Name, ProjectId, Replicas, Service,
    ServiceId, Slug, Timestamp,
    deployment::{Condition, service_status},
    deployments::{DeploymentSummary, ServiceState},
};
use serde::{Deserialize, Serialize};

/// A service, and how it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct ServiceItem {
    pub id: ServiceId,
    pub project_id: ProjectId,
    pub environment_id: EnvironmentId,
    pub name: Name,
    /// Its private address: its name on the private network.
    pub slug: Slug,
    pub icon_url: Option<IconUrl>,
    pub group_id: Option<GroupId>,
    pub image: Option<ImageRef>,
    /// How many should run.
    pub replicas: Replicas,
    /// DeployKit's word: `created`, `deploying`, `running`, `degraded`, `failed` or `stopped`.
    pub status: String,
    /// What it was last seen to be like.
    pub condition: Option<Condition>,
    /// Why, where it is not plain.
    pub why: Option<String>,
    /// Since when it is like that.
    pub since: Option<Timestamp>,
    pub active_deployment_id: Option<DeploymentId>,
    pub active_deployment: Option<TrimmedDeployment>,
    /// The newest deployment; may be the active one.
    pub newest_deployment: Option<DeploymentSummary>,
    /// Whether it only exists as a staged change so far.
    pub staged: bool,
}

/// The deployment that serves, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct TrimmedDeployment {
    pub id: DeploymentId,
    pub service_id: ServiceId,
    pub image: ImageRef,
    pub replicas: Replicas,
    pub created_at: Timestamp,
}

/// A service with its whole configuration, values hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct ServiceDetail {
    #[serde(flatten)]
    pub item: ServiceItem,
    pub config: Service,
}

impl ServiceItem {
    /// An applied service as it is configured, and what is known of how it is doing.
    #[must_use]
    pub fn new(
        project: ProjectId,
        environment: EnvironmentId,
        id: ServiceId,
        service: &Service,
        state: Option<&ServiceState>,
    ) -> Self {
        let condition = state.and_then(|state| state.condition);
        let newest = state.and_then(|state| state.newest.as_ref());
        let active = state.and_then(|state| state.active.as_ref());
        let serving = condition.filter(|_| {
            active.is_some() || !newest.is_some_and(|newest| newest.state.is_candidate())
        });
        Self {
            id,
            project_id: project,
            environment_id: environment,
            name: service.name.clone(),
            slug: service.slug.clone(),
            icon_url: service.icon.clone(),
            group_id: service.group,
            image: service.source.image().cloned(),
            replicas: service.replicas,
            status: service_status(serving, newest.map(|newest| &newest.state)).to_owned(),
            condition,
            why: state.and_then(|state| state.why.clone()),
            since: state.and_then(|state| state.since),
            active_deployment_id: active.map(|active| active.id),
            active_deployment: active.map(|active| TrimmedDeployment {
                id: active.id,
                service_id: id,
                image: active.image.clone(),
                replicas: service.replicas,
                created_at: active.created_at,
            }),
            newest_deployment: newest.cloned(),
            staged: false,
        }
    }
}
