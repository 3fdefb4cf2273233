//! What the reconciler reads and writes: desired state in, facts out.
//!
//! **Invariant:** intention is written before the engine is asked, facts after it has answered. So
//! every container of ours is named by a row or a tombstone from before it exists until after it
//! is gone, and a death at any point leaves nothing that nobody knows.

mod key;
mod restarts;
mod status;

pub use key::ServiceKey;
pub use restarts::{CRASH_LIMIT, CRASH_WINDOW, FinalState, RestartHistory};
pub use status::{EngineHealth, Orphan, Reconciler, ReconcilerStatus};

use crate::{
    DeploymentId, EnvironmentId, Error, Limits, ProjectId, ReplicaId, ServiceId, Set, Slug,
    Timestamp, VolumeId,
    deployment::{Condition, Deployment, Transition},
    runtime::{PinnedImage, ReplicaHandle},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is said of a volume that held data and that the engine does not have any more. Who reads why a
/// service does not run knows it by this.
pub const VOLUME_MISSING: &str = "is missing from the engine although it held data";

/// How long a released replica and a done tombstone are remembered, so that a container which
/// turns up late (a lost answer, an old list) is still known and removed.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Desired state, and the record of how far reality has come.
///
/// Each method is one transaction: it happens wholly or not at all.
#[async_trait]
pub trait Rollouts: Send + Sync {
    /// Takes over: from now on every call with an earlier fence is refused. Fences only grow,
    /// also over restarts.
    async fn acquire_fence(&self) -> Result<Fence, RolloutError>;

    /// Everything, in one read.
    async fn desired(&self, fence: Fence) -> Result<Desired, RolloutError>;

    /// The same for one service. Both parts empty: nobody knows it.
    async fn desired_service(
        &self,
        fence: Fence,
        key: ServiceKey,
    ) -> Result<DesiredService, RolloutError>;

    /// Which state of the rows this is. As long as it is the same, [`desired`](Self::desired) reads
    /// the same, but for what time alone makes it forget. It may differ although nothing does.
    async fn version(&self) -> Result<Version, RolloutError>;

    /// Writes what has happened, all steps or none, with the events that belong to them, in
    /// order. An empty list writes nothing.
    ///
    /// # Errors
    /// [`RolloutError::Stale`] when a row does not allow a step (any more): nothing is written.
    async fn record(&self, fence: Fence, at: Timestamp, steps: &[Step])
    -> Result<(), RolloutError>;

    /// A person says that this engine is the right one: ends [`Ownership::Doubtful`] and a
    /// mismatch of engines.
    async fn confirm_engine(&self, engine: &str) -> Result<(), RolloutError>;
}

/// Who writes: a later one overrules an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

/// A state of the rows, while this process lives: see [`Rollouts::version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

/// What can go wrong, sorted by what the reconciler does about it.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// Stop for good: a later actor has taken over.
    #[error("another Easel has taken over this database")]
    Fenced,
    /// Read again: the rows have moved on. The text says which, for the log.
    #[error("{0}")]
    Stale(String),
    /// Back off, then try again.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Everything that should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Whether this database may rule this engine.
    pub ownership: Ownership,
    /// All environments.
    pub environments: Vec<EnvironmentView>,
    /// All services of all environments.
    pub services: Vec<ServiceView>,
    /// What may be removed: all that are not done, and the done ones of the last [`RETENTION`].
    pub tombstones: Vec<Tombstone>,
}

/// What one worker reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredService {
    /// The service, if it exists.
    pub service: Option<ServiceView>,
    /// Its tombstones, as in [`Desired::tombstones`].
    pub tombstones: Vec<Tombstone>,
}

/// Whether this database may rule this engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ownership {
    /// No engine yet: the first one that is met is taken ([`Step::EngineBound`]).
    #[default]
    Unbound,
    /// It rules the engine with this id; with any other one the reconciler only observes.
    Bound {
        /// The engine's own id.
        engine: String,
    },
    /// The database seems to be a copy: observe only, until a person has confirmed.
    Doubtful {
        /// What is wrong, and what to do, in one sentence.
        why: String,
    },
}

/// An environment, as far as the engine is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentView {
    /// Its id.
    pub id: EnvironmentId,
    /// Whose.
    pub project: ProjectId,
}

/// A service within an environment, with all that the planner needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its id.
    pub id: ServiceId,
    /// Whose.
    pub project: ProjectId,
    /// Where.
    pub environment: EnvironmentId,
    /// What others in its environment call it.
    pub slug: Slug,
    /// How many replicas should run. 0: nobody wants it to run, or a person has stopped it.
    pub desired_count: u16,
    /// What a replica may use, as wanted now: wins over the deployments' own.
    pub limits: Limits,
    /// The deployment that serves.
    pub active: Option<DeploymentId>,
    /// The active one, all candidates, and every one that has replicas; by generation.
    pub deployments: Vec<Deployment>,
    /// All replicas that have not been released.
    pub replicas: Vec<ReplicaRow>,
    /// Replicas released within the last [`RETENTION`].
    pub released: Set<ReplicaId>,
    /// Volumes that were made for it once ([`Step::VolumeMade`]): a missing one had data.
    pub volumes_made: Set<VolumeId>,
    /// What was last said of it.
    pub condition: Option<(Condition, Option<String>)>,
}

impl ServiceView {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> ServiceKey {
        ServiceKey { environment: self.environment, service: self.id }
    }

    /// One of its deployments.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// How many replicas of this deployment should run: where old and new take turns on a volume, it has
    /// one writer at any time.
    #[must_use]
    pub fn desired_replicas(&self, deployment: &Deployment) -> u16 {
        let most = if deployment.config.has_one_writer() { 1 } else { u16::MAX };
        self.desired_count.min(most)
    }

    /// The deployment that serves.
    #[must_use]
    pub fn active(&self) -> Option<&Deployment> {
        self.active.and_then(|id| self.deployment(id))
    }
}

/// A replica: the row is there before its container is, and until it is known to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaRow {
    /// Its id, by which its container is known again.
    pub id: ReplicaId,
    /// What it runs.
    pub deployment: DeploymentId,
    /// Which of the deployment's replicas it is, from 0. Of retired ones there may be several.
    pub index: u16,
    /// Its container, once the engine has said so.
    pub container: Option<ReplicaHandle>,
    /// What is remembered of its starts and ends.
    pub restarts: RestartHistory,
    /// Since when nobody wants it.
    pub retired_at: Option<Timestamp>,
}

/// Names what may be removed from the engine, after its rows are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// What was deleted.
    pub subject: Subject,
    /// Containers that were known when it was deleted, to be asked for one by one.
    pub containers: Vec<ReplicaHandle>,
    /// When it was deleted.
    pub made_at: Timestamp,
    /// When nothing of it was left.
    pub done_at: Option<Timestamp>,
}

/// What a tombstone stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each field names its type")]
pub enum Subject {
    /// A service of an environment, with all its containers.
    Service {
        project: ProjectId,
        environment: EnvironmentId,
        service: ServiceId,
        /// Its last deployment's generation. If the service comes back (a delete undone), later
        /// deployments have higher ones and are not meant.
        generation: u64,
    },
    /// What the engine keeps for an environment. Its services have tombstones of their own.
    Environment { project: ProjectId, environment: EnvironmentId },
}

impl Subject {
    /// The worker that it concerns, if it is a service's.
    #[must_use]
    pub fn service(&self) -> Option<ServiceKey> {
        match *self {
            Self::Service { environment, service, .. } => Some(ServiceKey { environment, service }),
            Self::Environment { .. } => None,
        }
    }
}

/// One thing that has happened, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This database rules this engine. Stale unless [`Ownership::Unbound`] (or bound to it).
    EngineBound {
        /// The engine's own id.
        engine: String,
    },
    /// A replica will be made. Stale when the deployment is over or gone; nothing when the row exists.
    ReplicaAdded {
        /// Its id, minted by the reconciler.
        replica: ReplicaId,
        /// What it will run.
        deployment: DeploymentId,
        /// Which of the deployment's replicas it is.
        index: u16,
    },
    /// The engine has a container for it. Also sets the deployment's `started_at` if it is empty.
    ContainerMade {
        /// Which replica.
        replica: ReplicaId,
        /// Its container.
        container: ReplicaHandle,
    },
    /// Its container is gone without our doing: the row waits for a new one (container `None`,
    /// ledger empty). Stale when the row has another container.
    ContainerLost {
        /// Which replica.
        replica: ReplicaId,
        /// The container it had.
        container: ReplicaHandle,
    },
    /// Something was learned of its starts and ends.
    RestartsRecorded {
        /// Which replica.
        replica: ReplicaId,
        /// All that is known now.
        restarts: RestartHistory,
    },
    /// Nobody wants it any more: its container will be removed.
    ReplicaRetired {
        /// Which replica.
        replica: ReplicaId,
    },
    /// Its container is gone for good. The row is no longer shown; its id is remembered for
    /// [`RETENTION`]. Nothing when there is no such row.
    ReplicaReleased {
        /// Which replica.
        replica: ReplicaId,
    },
    /// The engine has the volume, made for this service.
    VolumeMade {
        /// Which service.
        service: ServiceKey,
        /// Which volume.
        volume: VolumeId,
    },
    /// The deployment's image is known exactly.
    ImagePinned {
        /// Which deployment.
        deployment: DeploymentId,
        /// Its image.
        image: PinnedImage,
    },
    /// The deployment has come further: `DeploymentState::step`. An illegal one is stale.
    /// [`Transition::Switched`] comes by [`Step::Promoted`] only. Sets `ended_at` when it is over.
    Reached {
        /// Which deployment.
        deployment: DeploymentId,
        /// What has happened to it.
        transition: Transition,
    },
    /// A try to pull or create has failed. History tells of it once, if another one follows.
    Attempted {
        /// Which deployment.
        deployment: DeploymentId,
        /// How many tries have failed so far.
        attempts: u32,
        /// When the next one is; none follows the last.
        retry_at: Option<Timestamp>,
        /// Why it failed, for history.
        why: String,
    },
    /// The deployment takes over, in one transaction: its state meets [`Transition::Switched`],
    /// the service's active pointer leads to it, `live_at` is set, and the one that was active
    /// before is superseded.
    ///
    /// Stale unless it is `switching`, its service exists, and its generation is higher than the
    /// active one's.
    Promoted {
        /// Which deployment.
        deployment: DeploymentId,
    },
    /// The service is like this now. Only written when it differs from what was last said.
    ConditionChanged {
        /// Which service.
        service: ServiceKey,
        /// What it is like.
        condition: Condition,
        /// Why, in one sentence, where it is not plain.
        why: Option<String>,
    },
    /// Something happened to a replica that a person will want to find in the history.
    Incident {
        /// Which service.
        service: ServiceKey,
        /// Which replica.
        replica: ReplicaId,
        /// What.
        incident: Incident,
    },
    /// Nothing of the subject is left. The tombstone is remembered for [`RETENTION`].
    TombstoneDone {
        /// Whose tombstone.
        subject: Subject,
    },
}

/// What happened to a replica, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// What kind.
    pub kind: IncidentKind,
    /// How its container ended, where it did.
    pub exit_code: Option<i64>,
    /// One sentence for people.
    pub text: String,
}

/// Kinds of incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum IncidentKind {
    /// Its container was removed outside Easel.
    Removed,
    /// Its container was stopped or killed outside Easel.
    Stopped,
    /// Its container was paused outside Easel.
    Paused,
    /// Its container was disconnected from its private network outside Easel.
    Disconnected,
    /// It ended by itself and was started again.
    Crashed,
    /// The kernel ended it for want of memory.
    OutOfMemory,
    /// It kept ending: Easel has given up until somebody deploys again.
    GaveUp,
    /// It has done its work and ended with 0.
    Completed,
    /// Its container could not be removed by the engine and was replaced under another name.
    Replaced,
}
