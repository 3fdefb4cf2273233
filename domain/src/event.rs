//! What has happened in an environment: numbered, and written with the change itself.

use crate::{
    ChangeId, DeploymentId, EnvironmentId, Result, RevisionNumber, ServiceId, Timestamp, UserId,
    change::{StagedChange, StagedEdit},
    changes::Revision,
    deployment::Condition,
    deployments::DeploymentSummary,
    layout::{Node, Position},
    rollout::Incident,
    runtime::ReplicaHandle,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Something that has happened. It never holds a value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Edits were staged, or a discard was undone. Values hidden.
    Staged {
        /// By whom.
        by: UserId,
        /// Which.
        edits: Vec<StagedEdit>,
        /// Edits that are thereby [superseded](crate::supersede::superseded), and gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        superseded: Vec<ChangeId>,
    },
    /// Staged edits were discarded.
    Discarded {
        /// By whom.
        by: UserId,
        /// Which.
        edits: Vec<ChangeId>,
    },
    /// Changes were applied. Values hidden.
    Applied {
        /// As which revision.
        revision: Revision,
        /// What was applied, as it was seen.
        changes: Vec<StagedChange>,
        /// The staged edits that are thereby done.
        edits: Vec<ChangeId>,
        /// Staged edits that now stand on the new revision: with their new base.
        rebased: Vec<(ChangeId, RevisionNumber)>,
    },
    /// A deployment was made or has come further.
    Moved {
        /// What it is now.
        deployment: Box<DeploymentSummary>,
        /// Whether it is now the service's active one.
        active: bool,
    },
    /// A service is like this now.
    Condition {
        /// Which.
        service: ServiceId,
        /// What it is like.
        condition: Condition,
        /// Why, where it is not plain.
        why: Option<String>,
    },
    /// Something happened to a replica.
    Incident {
        /// Of which service.
        service: ServiceId,
        /// What.
        incident: Incident,
    },
    /// A replica has a container, or has it no more.
    Container {
        /// Of which service.
        service: ServiceId,
        /// Of which deployment.
        deployment: DeploymentId,
        /// Which one, by the engine's name for it.
        container: ReplicaHandle,
        /// What has happened to it.
        change: ContainerChange,
    },
    /// A try to pull or create has failed; another one follows.
    Attempted {
        /// Of which service.
        service: ServiceId,
        /// Why, and when the next one is.
        why: String,
        /// When the next try is.
        retry_at: Timestamp,
    },
    /// Nodes lie elsewhere now.
    Placed {
        /// By whom.
        by: UserId,
        /// Where.
        places: Vec<(Node, Position)>,
    },
    /// The project is gone.
    Deleted {
        /// By whom.
        by: UserId,
    },
}

/// What has happened to a container as such; how its runs went are incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerChange {
    /// Easel has made it.
    Created,
    /// It is gone: Easel has removed it, or somebody else has.
    Deleted,
}

impl Event {
    /// The service whose history it belongs to. Containers come and go with what is told there.
    #[must_use]
    pub fn service(&self) -> Option<ServiceId> {
        match self {
            Self::Moved { deployment, .. } => Some(deployment.service),
            Self::Condition { service, .. }
            | Self::Incident { service, .. }
            | Self::Attempted { service, .. } => Some(*service),
            Self::Staged { .. }
            | Self::Discarded { .. }
            | Self::Applied { .. }
            | Self::Container { .. }
            | Self::Placed { .. }
            | Self::Deleted { .. } => None,
        }
    }
}

/// An event with its number within its environment, from 1, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What a reader missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// These, in order; empty when nothing was missed.
    Events(Vec<LoggedEvent>),
    /// Some are not kept any more: take a fresh snapshot.
    Gone,
}

/// The log of events. Written by the other ports, within their transactions.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// The events after this number, at most `limit`.
    async fn after(&self, environment: EnvironmentId, number: u64, limit: u64) -> Result<Replay>;

    /// What happened to one service, newest first, as far as it is kept: its deployments' steps,
    /// what it was like, and incidents.
    async fn history(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        limit: u64,
    ) -> Result<Vec<LoggedEvent>>;

    /// Names this log: another epoch means that numbers do not continue (a restored backup).
    async fn epoch(&self) -> Result<String>;
}

/// Wakes readers of the log after a commit. Never waits for them.
pub trait Announcer: Send + Sync {
    /// Events up to this number are there to be read.
    fn announce(&self, environment: EnvironmentId, up_to: u64);
}

/// Waits for announcements.
#[async_trait]
pub trait Announcements: Send + Sync {
    /// Returns as soon as there may be events after this number.
    async fn changed(&self, environment: EnvironmentId, number: u64);
}
