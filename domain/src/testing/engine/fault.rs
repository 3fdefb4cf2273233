//! What goes wrong with the simulated engine, and what was asked of it.

use crate::{
    EnvironmentId, ServiceId, Timestamp, VolumeId,
    runtime::{ReplicaHandle, ReplicaIdentity, Serving},
    testing::Rng,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// One call to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// What was asked.
    pub kind: CallKind,
    /// Of which container.
    pub container: Option<ReplicaHandle>,
    /// Of which replica, where it is known.
    pub identity: Option<ReplicaIdentity>,
    /// Of which environment.
    pub environment: Option<EnvironmentId>,
    /// Of which volume.
    pub volume: Option<VolumeId>,
    /// Whether it is to serve.
    pub serving: Option<Serving>,
    /// The calls that were under way when it began, and about which services they were.
    pub concurrent: Vec<(CallKind, Option<ServiceId>)>,
}

impl Call {
    /// About which service, where it is known.
    #[must_use]
    pub fn service(&self) -> Option<ServiceId> {
        self.identity.map(|identity| identity.service)
    }
}

/// What can be asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the port")]
pub enum CallKind {
    Engine,
    List,
    ListService,
    Inspect,
    EnsureEnvironment,
    RemoveEnvironment,
    EnsureImage,
    EnsureVolume,
    HasVolume,
    RemoveVolume,
    Create,
    Start,
    Unpause,
    Stop,
    Remove,
    SetServing,
    SetLimits,
    SetRestartPolicy,
    Probe,
    Logs,
    Usage,
    Events,
    EngineCounts,
}

impl CallKind {
    /// Whether it asks for a change.
    #[must_use]
    pub fn is_mutation(self) -> bool {
        matches!(
            self,
            Self::EnsureEnvironment
                | Self::RemoveEnvironment
                | Self::EnsureImage
                | Self::EnsureVolume
                | Self::RemoveVolume
                | Self::Create
                | Self::Start
                | Self::Unpause
                | Self::Stop
                | Self::Remove
                | Self::SetServing
                | Self::SetLimits
                | Self::SetRestartPolicy
        )
    }
}

/// What goes wrong, and how often (in percent), until when.
#[derive(Clone, Debug)]
pub struct Faults {
    /// After this nothing goes wrong any more.
    pub until: Timestamp,
    /// The engine acts, but its answer is lost.
    pub lost_answer: u8,
    /// The engine fails without acting.
    pub failure: u8,
    /// A list is up to ten seconds old.
    pub stale_list: u8,
    /// An event is lost.
    pub lost_event: u8,
    /// An event comes twice.
    pub repeated_event: u8,
    /// The event stream ends after an event.
    pub cut_stream: u8,
    /// How long a call takes at most.
    pub latency: Duration,
    /// Where chance comes from.
    pub rng: Rng,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            until: Timestamp::from_millis(0),
            lost_answer: 0,
            failure: 0,
            stale_list: 0,
            lost_event: 0,
            repeated_event: 0,
            cut_stream: 0,
            latency: Duration::ZERO,
            rng: Rng::new(0),
        }
    }
}

/// Where a caller dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// It lives on.
    Pass,
    /// Before the engine acts: the call never answers.
    DieBefore,
    /// After the engine has acted: the call never answers.
    DieAfter,
    /// Nobody dies: the engine does not act, and says that it is busy.
    Refuse,
}

/// Decides about each mutating call before it acts.
pub type CrashHook = Arc<dyn Fn(&Call) -> CrashPoint + Send + Sync>;

/// A call kind that fails for ever, for one service or for all.
pub type Broken = BTreeSet<(CallKind, Option<ServiceId>)>;
