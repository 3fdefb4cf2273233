//! What an engine says of itself and of what it runs.

use super::{ReplicaIdentity, RestartPolicy};
use crate::{EnvironmentId, Limits, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, time::Duration};

/// What an engine calls a replica's container: opaque, and never an identity of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplicaHandle(pub String);

impl ReplicaHandle {
    /// The first twelve characters, which are enough for people: the `docker` client shows as many.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// Who an engine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Engine {
    /// The engine's own id: another one means another machine or another data root.
    pub id: String,
    /// Its version, such as `20.10.24`.
    pub version: String,
    /// The API version agreed on, such as `1.41`.
    pub api_version: String,
    /// Its operating system, such as `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
    /// Kernel version.
    pub kernel: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// How images are stored, such as `overlay2`.
    pub storage_driver: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// Memory of the host, in bytes.
    pub memory_bytes: u64,
    /// Cores of the host.
    pub cpus: u32,
    /// What the engine warns of, in its own words, and what Easel has found amiss with it.
    pub warnings: Vec<String>,
}

/// What a list says of a container of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedReplica {
    /// The engine's name for it.
    pub container: ReplicaHandle,
    /// Which replica it is.
    pub identity: ReplicaIdentity,
    /// What it does.
    pub state: ContainerState,
    /// Where it answers while it runs, as the engine reports it; absent when it was cut off from its
    /// environment. After a restart it may be another one.
    pub address: Option<IpAddr>,
}

/// What a container does, in the engine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the engine's own words")]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

/// What only an inspection tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Which replica it is.
    pub identity: ReplicaIdentity,
    /// What it does.
    pub state: ContainerState,
    /// When its present or last run began. A changed one means a restart, whatever the count says.
    pub started_at: Option<Timestamp>,
    /// When its last run ended.
    pub finished_at: Option<Timestamp>,
    /// How its last run ended; meaningful when it does not run.
    pub exit_code: Option<i64>,
    /// Whether the kernel ended it for want of memory.
    pub out_of_memory: bool,
    /// How often the engine has restarted it. An engine killed and restarted forgets this.
    pub restart_count: u64,
    /// What the engine does after a crash.
    pub restart: RestartPolicy,
    /// Whether it serves: whether its service's name leads to it.
    pub serves: bool,
    /// As in [`ObservedReplica::address`].
    pub address: Option<IpAddr>,
    /// What it may use; `None` when it is what Easel gives to nobody, because somebody has changed it by
    /// hand.
    pub limits: Option<Limits>,
    /// How long it may take to stop, as it was made.
    pub stop_grace: Duration,
    /// What the engine says went wrong when it started it.
    pub error: Option<String>,
}

/// What a replica uses at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Bytes, without the page cache.
    pub memory_bytes: u64,
    /// What it may use at most; the host's memory when it has no limit.
    pub memory_limit_bytes: u64,
    /// Bytes received over its network since its start.
    pub received_bytes: u64,
    /// Bytes sent over its network since its start.
    pub sent_bytes: u64,
}

/// A hint that something has happened to an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeEvent {
    /// A container of this service was made, started, stopped, ended, cut off or removed.
    Service(ServiceId),
    /// A container of this service has ended. Engines tell it before they let anybody look at it.
    Ended {
        /// Whose container.
        service: ServiceId,
        /// Which one.
        container: ReplicaHandle,
        /// With which code, if the engine says.
        exit_code: Option<i64>,
        /// When, by the engine's clock, which also says when a run began.
        at: Timestamp,
    },
    /// Something of this environment was changed, and it is not known for whom.
    Environment(EnvironmentId),
}

/// What an engine holds, ours or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names what it counts")]
pub struct EngineCounts {
    pub containers_running: u64,
    pub containers_total: u64,
    pub images: u64,
    pub volumes: u64,
}
