//! What is asked of an engine: replicas, volumes, images.

use super::image::PinnedImage;
use crate::{
    DeploymentId, EnvironmentId, ProjectId, ReplicaId, ServiceId, Slug, VolumeId,
    deployment::RunConfig,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which replica a container is: what its labels say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct ReplicaIdentity {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub service: ServiceId,
    pub deployment: DeploymentId,
    pub replica: ReplicaId,
    /// The deployment's number within its service: later ones are higher.
    pub generation: u64,
}

/// All that is needed to make the container of a replica. There is no field for anything that
/// would give it power over its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSpec {
    /// Which replica it will be.
    pub identity: ReplicaIdentity,
    /// Its service's slug: what it is called by others in its environment, once it serves.
    pub slug: Slug,
    /// What it runs.
    pub image: PinnedImage,
    /// How: its command (the image's entry point stays), its variables, its volumes and so on.
    pub config: RunConfig,
    /// How long it may take to stop, before it is ended: kept by the engine, which tells it again
    /// ([`Inspection::stop_grace`](super::Inspection)).
    pub stop_grace: Duration,
    /// What the engine does when it ends. [`RestartPolicy::No`] until it has proved itself: a candidate's
    /// deaths are counted one by one.
    pub restart: RestartPolicy,
}

/// A volume, by its stable id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field names its type")]
pub struct VolumeSpec {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub volume: VolumeId,
}

/// Whether something was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existed {
    /// It was.
    Yes,
    /// It has been made just now.
    No,
}

/// How far a pull has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullProgress {
    /// Bytes received so far.
    pub received: u64,
    /// Bytes in all, as far as known.
    pub total: u64,
}

/// A readiness question, made from a service's check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeTarget {
    /// Does the port accept a connection?
    Tcp(u16),
    /// Does GET answer with 200 to 399?
    Http {
        /// On which port.
        port: u16,
        /// Path and query.
        path: String,
    },
    /// Does this command inside the container exit with 0?
    Command(Vec<String>),
}

/// Whether a service's name leads to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// It does.
    Yes,
    /// Nobody finds it by the name: a candidate, or one that is let go.
    No,
}

/// What the engine does when a container ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// Starts it again, also after a reboot, unless it was stopped by hand.
    UnlessStopped,
    /// Leaves it.
    No,
}
