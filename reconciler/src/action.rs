//! What the planner asks for. Nothing is left to decide when it is carried out.

use crate::situation::Thresholds;
use domain::{
    DeploymentId, EnvironmentId, ImageRef, Limits, ProjectId, PullPolicy, Timestamp,
    rollout::Step,
    runtime::{
        PinnedImage, ProbeTarget, ReplicaHandle, ReplicaSpec, RestartPolicy, Serving, VolumeSpec,
    },
};
use std::{net::IpAddr, time::Duration};

/// What is to be done for one service now, and when to look again by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// One after the other; a phase begins only when all of the one before went well.
    pub phases: Vec<Phase>,
    /// When to look again if nothing happens before.
    pub requeue_at: Option<Timestamp>,
}

/// Chains that do not depend on each other.
pub type Phase = Vec<Chain>;

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.phases.iter().all(Vec::is_empty)
    }

    /// All actions.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.phases.iter().flatten().flat_map(|chain| &chain.actions)
    }

    /// Whether it only asks questions, which needs no fresh look at anything.
    #[must_use]
    pub fn only_probes(&self) -> bool {
        self.actions().all(|action| matches!(action, Action::Probe { .. }))
    }
}

/// Actions one after the other; the first failure ends it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// The deployment that is to blame when it fails.
    pub on_behalf: Option<DeploymentId>,
    /// What to do.
    pub actions: Vec<Action>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Write these down, all or none.
    Record(Vec<Step>),
    /// Get the image and pin it.
    Pull(Box<Pull>),
    /// Make rows for these replicas.
    AddReplicas {
        /// Of which deployment.
        deployment: DeploymentId,
        /// Which of its replicas.
        indexes: Vec<u16>,
    },
    /// Make a place for the environment, if it is missing.
    EnsureEnvironment {
        /// Whose.
        project: ProjectId,
        /// Which.
        environment: EnvironmentId,
    },
    /// Make the volume, and write down that it was made.
    EnsureVolume(VolumeSpec),
    /// Make the container (or adopt the one that is there), and write it down.
    Create(Box<ReplicaSpec>),
    /// Make it and start it.
    Launch(Box<ReplicaSpec>),
    /// Start a container.
    Start(ReplicaHandle),
    /// Resume a container.
    Unpause(ReplicaHandle),
    /// Stop a container.
    Stop {
        /// Which.
        container: ReplicaHandle,
        /// How long it may take.
        grace: Duration,
    },
    /// Remove a container.
    Remove(ReplicaHandle),
    /// Lead its service's name to a container, or away from it; connect it if it was cut off.
    SetServing {
        /// Which.
        container: ReplicaHandle,
        /// Whether it serves.
        serving: Serving,
    },
    /// Change a container's limits.
    SetLimits {
        /// Which.
        container: ReplicaHandle,
        /// To what.
        limits: Limits,
    },
    /// Change a container's restart policy.
    SetRestartPolicy {
        /// Which.
        container: ReplicaHandle,
        /// To what.
        restart: RestartPolicy,
    },
    /// Ask a readiness question, and remember the answer.
    Probe {
        /// Whom.
        container: ReplicaHandle,
        /// Where it has been seen to answer.
        address: IpAddr,
        /// What.
        probe_target: ProbeTarget,
        /// How long to wait.
        timeout: Duration,
        /// How many answers decide.
        thresholds: Thresholds,
    },
    /// Fetch a container's last lines, then write down that its deployment has failed.
    Fail {
        /// Which deployment.
        deployment: DeploymentId,
        /// Why.
        reason: String,
        /// How its container ended.
        exit_code: Option<i64>,
        /// Whose lines to keep.
        logs: Option<ReplicaHandle>,
    },
}

impl Action {
    /// Whether it brings back what is wanted already, so that it needs no word in the database before.
    #[must_use]
    pub fn only_heals(&self) -> bool {
        match self {
            Self::Start(_)
            | Self::Unpause(_)
            | Self::SetServing { .. }
            | Self::SetLimits { .. } => true,
            Self::SetRestartPolicy { restart, .. } => *restart == RestartPolicy::UnlessStopped,
            Self::Record(_)
            | Self::Pull(_)
            | Self::AddReplicas { .. }
            | Self::EnsureEnvironment { .. }
            | Self::EnsureVolume(_)
            | Self::Create(_)
            | Self::Launch(_)
            | Self::Stop { .. }
            | Self::Remove(_)
            | Self::Probe { .. }
            | Self::Fail { .. } => false,
        }
    }
}

/// An image to get.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    /// For whom.
    pub project: ProjectId,
    /// For which deployment.
    pub deployment: DeploymentId,
    /// Which image.
    pub image: ImageRef,
    /// The pull policy.
    pub policy: PullPolicy,
    /// The very image that it must be, if it was pinned before.
    pub pinned: Option<PinnedImage>,
    /// Steps before.
    pub before: Vec<Step>,
    /// Steps after, beside the pin.
    pub after: Vec<Step>,
}
