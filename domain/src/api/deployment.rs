//! Deployments, and their containers.

use crate::{
    Deployment, DeploymentId, ImageRef, Limits, Map, Message, MountPath, Port, PortNumber,
    Protocol, Replicas, Secret, ServiceId, Strategy, VariableKey, VolumeId,
    access::{Actor, Decision, Permission, ProjectRole},
    deployment::{DeploymentState, RunConfig},
    deployments::{DeploymentSummary, ReplicaSummary},
    field::service_fields,
    runtime::{ContainerState, ReplicaHandle},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What to deploy at once. Absent parts stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct CreateDeployment {
    pub image: ImageRef,
    /// Set as the service's own variables, which win over inherited ones.
    #[serde(default)]
    pub env_vars: Map<VariableKey, Secret>,
    #[serde(default)]
    pub ports: Option<Vec<AnyPort>>,
    #[serde(default)]
    pub resources: Option<Limits>,
    #[serde(default)]
    pub replicas: Option<Replicas>,
    /// Why, for the history.
    #[serde(default)]
    pub message: Message,
}

/// A port, in our words or DeployKit's (`container_port`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct AnyPort {
    #[serde(alias = "container_port")]
    #[cfg_attr(feature = "openapi", schema(value_type = u16))]
    pub number: PortNumber,
    #[serde(default)]
    pub protocol: Protocol,
}

impl From<AnyPort> for Port {
    fn from(AnyPort { number, protocol }: AnyPort) -> Self {
        Self { number, protocol }
    }
}

macro_rules! container_config {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        container_config! { $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// What the containers of a deployment are made of, but for image, variables and volumes.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct ContainerConfig {
            $(#[doc = $help] $(#[$default])? #[serde(rename = $api)] pub $name: $($type)+,)*
        }

        impl ContainerConfig {
            fn of(config: &RunConfig) -> Self {
                Self { $($name: config.$name.clone()),* }
            }
        }
    };
}

service_fields!(container_config);

/// A deployment with its configuration; values of variables are never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct DeploymentDetail {
    #[serde(flatten)]
    pub summary: DeploymentSummary,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// How its container ended.
    pub exit_code: Option<i64>,
    /// Its container's last lines; for those who may read logs.
    pub log_tail: Option<Secret>,
    /// What its containers are made of.
    #[serde(flatten)]
    pub container: ContainerConfig,
    /// Its `limits` in DeployKit's word.
    pub resources: Limits,
    pub strategy: Strategy,
    pub mounts: Map<VolumeId, MountPath>,
    /// Keys of its variables.
    pub env_keys: Vec<VariableKey>,
}

impl DeploymentDetail {
    /// What somebody with this role may see of a deployment; of its output, who may read logs.
    #[must_use]
    pub fn seen_by(actor: &Actor, role: ProjectRole, deployment: Deployment) -> Self {
        let summary = DeploymentSummary::from(&deployment);
        let logs = actor.may(Permission::Logs, deployment.project, Some(role));
        let reads_logs = logs == Decision::Allowed;
        let failure = match deployment.state {
            DeploymentState::Failed { failure, .. } => Some(failure),
            _ => None,
        };
        let (reason, exit_code, log_tail) = match failure {
            Some(failure) => (Some(failure.reason), failure.exit_code, failure.log_tail),
            None => (None, None, None),
        };
        let config = deployment.config;
        Self {
            summary,
            failure_reason: reason,
            exit_code,
            log_tail: log_tail.filter(|_| reads_logs),
            resources: config.limits,
            strategy: config.strategy,
            container: ContainerConfig::of(&config),
            mounts: config.mounts,
            env_keys: config.variables.into_keys().collect(),
        }
    }
}

/// Why somebody deploys again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Redeploy {
    /// Why, for the history.
    #[serde(default)]
    pub message: Message,
}

/// A replica, and its container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct ContainerItem {
    #[serde(flatten)]
    pub replica: ReplicaSummary,
    pub service_id: ServiceId,
    pub deployment_id: DeploymentId,
    pub docker_container_id: Option<ReplicaHandle>,
    /// Where it answers, as the engine reports it; absent when it does not.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub address: Option<IpAddr>,
    /// The engine's word; absent when the engine does not answer.
    pub status: Option<ContainerState>,
}
