//! A deployment: one attempt to run one service at one resolved configuration.

mod run;

pub use run::RunConfig;

use crate::{
    DeploymentId, EnvironmentId, Message, ProjectId, RevisionNumber, Secret, ServiceId, Slug,
    Timestamp, UserId,
    name::word_type,
    readiness::HealthCheck,
    runtime::{PinnedImage, PullProgress},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A deployment, as the reconciler works with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Whose project.
    pub project: ProjectId,
    /// Which environment.
    pub environment: EnvironmentId,
    /// Which service.
    pub service: ServiceId,
    /// The service's slug.
    pub slug: Slug,
    /// Its number within the service's environment: later ones are higher. From 1.
    pub generation: u64,
    /// The revision that brought it about.
    pub revision: RevisionNumber,
    /// Why it was made.
    pub cause: Cause,
    /// Who asked for it.
    pub author: Option<UserId>,
    /// What the person said.
    pub message: Message,
    /// What it runs.
    pub config: RunConfig,
    /// The image, once it is known exactly.
    pub image: Option<PinnedImage>,
    /// How far it has come.
    pub state: DeploymentState,
    /// How often pulling or creating has failed so far.
    pub attempts: u32,
    /// Not before this is the next attempt.
    pub retry_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its first container was made.
    pub started_at: Option<Timestamp>,
    /// When it went live.
    pub live_at: Option<Timestamp>,
    /// When it ended, one way or another.
    pub ended_at: Option<Timestamp>,
}

impl Deployment {
    /// DeployKit's word for how far it has come (rows DK-47 and DK-49). There, what was overtaken
    /// before it ever served reads `cancelled`, and `superseded` only what had served.
    #[must_use]
    pub fn deploykit_status(&self) -> &'static str {
        self.state.deploykit_status_of(self.live_at)
    }
}

/// Why a deployment was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Cause {
    /// Staged changes were applied.
    Apply,
    /// Somebody asked for the same configuration again.
    Redeploy,
    /// Somebody asked for an earlier deployment again.
    Rollback,
}

/// How far a deployment has come. Moved by [`step`](DeploymentState::step) alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeploymentState {
    /// It waits for its turn.
    Queued {
        /// Since when.
        since: Timestamp,
    },
    /// Its image is on the way.
    Pulling {
        /// Since when.
        since: Timestamp,
        /// How far.
        #[serde(default)]
        progress: PullProgress,
    },
    /// Its containers are being made and started.
    Starting {
        /// Since when.
        since: Timestamp,
        /// What it waits for, in one sentence, while that is nobody's failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<String>,
    },
    /// They run; are they ready?
    Checking {
        /// Since when.
        since: Timestamp,
        /// As while it starts: a replica may have to be made anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<String>,
    },
    /// It takes over from the one before.
    Switching {
        /// Since when.
        since: Timestamp,
    },
    /// It serves; the one before is being let go.
    Draining {
        /// Since when.
        since: Timestamp,
    },
    /// It serves.
    Live {
        /// Since when.
        since: Timestamp,
    },
    /// It never came to serve.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Somebody stopped it before it came to serve.
    Cancelled {
        /// When.
        at: Timestamp,
    },
    /// A later one took its place.
    Superseded {
        /// When.
        at: Timestamp,
    },
}

/// Why a deployment failed, with what its container left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// One sentence.
    pub reason: String,
    /// How its container ended, if one ran.
    pub exit_code: Option<i64>,
    /// Its container's last lines (at most 100 and 10 KiB, the end kept). Not for viewers.
    #[serde(default)]
    pub log_tail: Option<Secret>,
}

/// What can happen to a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Its image is being fetched.
    PullStarted,
    /// More of its image is here.
    Pulled(PullProgress),
    /// The image is here, its containers are being made.
    StartRequested,
    /// All its containers run.
    Started,
    /// All its containers are ready.
    Ready,
    /// Something is not to be had at the moment, and nobody is to blame: one sentence.
    Waiting(String),
    /// It has what it waited for.
    Resumed,
    /// The service's name leads to it.
    Switched,
    /// Nothing of the one before is left.
    Drained,
    /// It cannot go on.
    Failed(Failure),
    /// Somebody does not want it any more.
    Cancelled,
    /// A later one was asked for, or took its place.
    Superseded,
}

/// A milestone that makes no sense in this state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {state} cannot meet {transition:?}")]
pub struct IllegalTransition {
    /// The state's word.
    pub state: &'static str,
    /// What was said to have happened.
    pub transition: Transition,
}

impl DeploymentState {
    /// The state after a milestone. The only place where states change.
    ///
    /// # Errors
    /// When the milestone makes no sense in this state: an ended deployment never moves again.
    pub fn transition(
        self,
        transition: Transition,
        at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        use DeploymentState as S;
        use Transition as M;
        match (self, transition) {
            (S::Queued { .. }, M::PullStarted) => {
                Ok(S::Pulling { since: at, progress: PullProgress::default() })
            }
            (S::Pulling { since, .. }, M::Pulled(progress)) => Ok(S::Pulling { since, progress }),
            (S::Queued { .. } | S::Pulling { .. }, M::StartRequested) => {
                Ok(S::Starting { since: at, waiting: None })
            }
            (S::Starting { .. }, M::Started) => Ok(S::Checking { since: at, waiting: None }),
            (S::Starting { since, .. }, M::Waiting(why)) => {
                Ok(S::Starting { since, waiting: Some(why) })
            }
            (S::Checking { since, .. }, M::Waiting(why)) => {
                Ok(S::Checking { since, waiting: Some(why) })
            }
            // Its time begins anew: what it has waited is not held against it.
            (S::Starting { waiting: Some(_), .. }, M::Resumed) => {
                Ok(S::Starting { since: at, waiting: None })
            }
            (S::Checking { waiting: Some(_), .. }, M::Resumed) => {
                Ok(S::Checking { since: at, waiting: None })
            }
            (S::Checking { .. }, M::Ready) => Ok(S::Switching { since: at }),
            (S::Switching { .. }, M::Switched) => Ok(S::Draining { since: at }),
            (S::Draining { .. }, M::Drained) => Ok(S::Live { since: at }),
            (state, M::Failed(failure)) if state.is_candidate() => Ok(S::Failed { at, failure }),
            (state, M::Cancelled) if state.is_candidate() => Ok(S::Cancelled { at }),
            (state, M::Superseded) if !state.is_terminal() => Ok(S::Superseded { at }),
            (state, transition) => Err(IllegalTransition { state: state.as_str(), transition }),
        }
    }

    /// Whether it is on its way and does not serve yet.
    #[must_use]
    pub fn is_candidate(&self) -> bool {
        matches!(
            self,
            Self::Queued { .. }
                | Self::Pulling { .. }
                | Self::Starting { .. }
                | Self::Checking { .. }
                | Self::Switching { .. }
        )
    }

    /// Whether it serves.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        matches!(self, Self::Draining { .. } | Self::Live { .. })
    }

    /// Whether it has ended and will never move again.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Cancelled { .. } | Self::Superseded { .. })
    }

    /// The state's word, as the API and the screens say it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Pulling { .. } => "pulling",
            Self::Starting { .. } => "starting",
            Self::Checking { .. } => "checking",
            Self::Switching { .. } => "switching",
            Self::Draining { .. } => "draining",
            Self::Live { .. } => "live",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// DeployKit's word for the state, of a deployment that has served if it is over (rows DK-47
    /// and DK-49); see [`Deployment::deploykit_status`].
    #[must_use]
    pub fn deploykit_status(&self) -> &'static str {
        match self {
            Self::Queued { .. } | Self::Pulling { .. } => "pending",
            Self::Starting { .. } | Self::Checking { .. } | Self::Switching { .. } => "starting",
            Self::Draining { .. } | Self::Live { .. } => "healthy",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// The same, of a deployment that went live then, if it ever did.
    #[must_use]
    pub fn deploykit_status_of(&self, live_at: Option<Timestamp>) -> &'static str {
        match self {
            Self::Superseded { .. } if live_at.is_none() => "cancelled",
            state => state.deploykit_status(),
        }
    }

    /// When it came into this state.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Queued { since }
            | Self::Pulling { since, .. }
            | Self::Starting { since, .. }
            | Self::Checking { since, .. }
            | Self::Switching { since }
            | Self::Draining { since }
            | Self::Live { since } => *since,
            Self::Failed { at, .. } | Self::Cancelled { at } | Self::Superseded { at } => *at,
        }
    }

    /// What it waits for, if for anything that is nobody's failure.
    #[must_use]
    pub fn waiting(&self) -> Option<&str> {
        match self {
            Self::Starting { waiting, .. } | Self::Checking { waiting, .. } => waiting.as_deref(),
            _ => None,
        }
    }

    /// When it must have left this state, so that nothing is in progress for ever (I10).
    /// `None`: it may stay.
    #[must_use]
    pub fn deadline(&self, check: &HealthCheck) -> Option<Timestamp> {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        match self {
            Self::Queued { since } => Some(since.plus(minutes(60))),
            Self::Pulling { since, .. } => Some(since.plus(minutes(60))),
            Self::Starting { waiting: Some(_), .. } | Self::Checking { waiting: Some(_), .. } => {
                None
            }
            Self::Starting { since, .. } => Some(since.plus(minutes(5))),
            Self::Checking { since, .. } => Some(since.plus(check.pace.deadline())),
            Self::Switching { since } => Some(since.plus(minutes(2))),
            Self::Draining { since } => Some(since.plus(minutes(10))),
            Self::Live { .. }
            | Self::Failed { .. }
            | Self::Cancelled { .. }
            | Self::Superseded { .. } => None,
        }
    }
}

/// What a service is like, derived from what is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Condition {
    /// All wanted replicas run and are ready.
    Running,
    /// Some do.
    Degraded,
    /// None does, and the next start is on its way.
    Restarting,
    /// None does, and Easel has given up until somebody deploys again.
    Crashed,
    /// Its command has done its work and ended with 0.
    Completed,
    /// It sleeps until somebody asks for it.
    Sleeping,
    /// Nobody wants it to run.
    Stopped,
    /// There is nothing in the engine.
    Missing,
}

word_type!(Condition {
    Running = "running",
    Degraded = "degraded",
    Restarting = "restarting",
    Crashed = "crashed",
    Completed = "completed",
    Sleeping = "sleeping",
    Stopped = "stopped",
    Missing = "missing",
});

impl Condition {
    /// DeployKit's word for the condition (row DK-42), for which a service that is about to start has
    /// not failed; `created` comes from deployments: see [`service_status`].
    #[must_use]
    pub fn deploykit_status(self) -> &'static str {
        match self {
            Self::Running | Self::Completed | Self::Sleeping => "running",
            Self::Degraded => "degraded",
            Self::Restarting => "deploying",
            Self::Crashed | Self::Missing => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// DeployKit's one word for a service (row DK-42): what serves decides; with nothing serving,
/// what is under way; with nothing under way, how the last try ended.
#[must_use]
pub fn service_status(active: Option<Condition>, newest: Option<&DeploymentState>) -> &'static str {
    match (active, newest) {
        (Some(condition), _) => condition.deploykit_status(),
        (None, Some(state)) if state.is_candidate() => "deploying",
        (None, Some(DeploymentState::Failed { .. })) => "failed",
        (None, _) => "created",
    }
}
