//! The port to whatever runs containers, and the words it speaks in.
//!
//! Every method may be repeated: asking twice is asking once. Every method is bounded by the
//! adapter's own time limits, so that a hung engine never hangs its caller.

use crate::{
    Command, DeploymentId, EnvironmentId, ImageRef, Limits, MountPath, Port, ProjectId, PullPolicy,
    ReplicaId, Secret, ServiceId, Slug, Timestamp, VariableKey, VolumeId,
};
use async_trait::async_trait;
use futures_core::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::{net::Ipv4Addr, time::Duration};

/// Runs replicas, and says what runs.
///
/// It sees and touches only what carries its own instance's label.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Who the engine is. Also the cheapest way to learn that it answers.
    async fn engine(&self) -> Result<Engine, RuntimeError>;

    /// All replicas of this instance, running or not, in **one** call to the engine.
    async fn replicas(&self) -> Result<Vec<ObservedReplica>, RuntimeError>;

    /// The same for one service, in all environments. Adapters may ask for less than everything.
    async fn replicas_of(&self, service: ServiceId) -> Result<Vec<ObservedReplica>, RuntimeError> {
        let mut replicas = self.replicas().await?;
        replicas.retain(|replica| replica.identity.service == service);
        Ok(replicas)
    }

    /// What a list does not tell: start time, exit code, restarts. `None` when it is gone.
    async fn inspect(&self, container: &ContainerId) -> Result<Option<Inspection>, RuntimeError>;

    /// All networks of this instance, and the subnets of all others (so that none overlaps).
    async fn networks(&self) -> Result<Networks, RuntimeError>;

    /// Makes the environment's network. An existing one of ours is kept as it is.
    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError>;

    /// Removes the environment's network. Gone already is fine; never touches a foreign one.
    async fn remove_network(&self, environment: EnvironmentId) -> Result<(), RuntimeError>;

    /// Makes sure that the engine holds the image, and pins it. Calls `progress` as it pulls.
    ///
    /// A pull without any progress for 60 s fails.
    async fn ensure_image(
        &self,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError>;

    /// Makes the volume if it is missing. Says whether it was there already.
    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<Existed, RuntimeError>;

    /// Whether the engine has the volume. Makes nothing.
    async fn has_volume(&self, volume: VolumeId) -> Result<bool, RuntimeError>;

    /// Removes a volume and its data: only ever called for a person's confirmed wish.
    async fn remove_volume(&self, volume: VolumeId) -> Result<(), RuntimeError>;

    /// Makes the container of a replica, at its address, **without** the service's alias.
    ///
    /// The name is derived from the replica, so a container whose answer was lost is found by
    /// name and label and adopted. A foreign one of that name is [`RuntimeError::NameTaken`].
    async fn create(&self, replica: &ReplicaSpec) -> Result<ContainerId, RuntimeError>;

    /// Starts it. Running already is fine.
    async fn start(&self, container: &ContainerId) -> Result<(), RuntimeError>;

    /// Resumes a paused one. Running already is fine.
    async fn unpause(&self, container: &ContainerId) -> Result<(), RuntimeError>;

    /// Asks it to stop and ends it after `grace`. Stopped or gone already is fine.
    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), RuntimeError>;

    /// Removes a container, never its named volumes. Gone already is fine.
    async fn remove(&self, container: &ContainerId) -> Result<(), RuntimeError>;

    /// Reconnects it to its network at `address`, with or without the service's alias.
    ///
    /// Established connections survive this.
    async fn set_alias(
        &self,
        container: &ContainerId,
        environment: EnvironmentId,
        address: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<(), RuntimeError>;

    /// Changes the limits of a running container.
    async fn set_limits(&self, container: &ContainerId, limits: Limits)
    -> Result<(), RuntimeError>;

    /// Says whether the engine restarts it after a crash or a reboot.
    async fn set_restart(
        &self,
        container: &ContainerId,
        restart: Restart,
    ) -> Result<(), RuntimeError>;

    /// Asks a readiness question once, within `timeout`. `Ok(false)`: it did not answer well.
    async fn probe(
        &self,
        container: &ContainerId,
        address: Ipv4Addr,
        question: &Question,
        timeout: Duration,
    ) -> Result<bool, RuntimeError>;

    /// Output of a container: history first, then, if asked, as it comes.
    async fn logs(
        &self,
        container: &ContainerId,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError>;

    /// One measurement of a running container; `None` when it does not run.
    async fn usage(&self, container: &ContainerId) -> Result<Option<Usage>, RuntimeError>;

    /// Hints that something has happened. The stream ends when the engine is gone; what happened
    /// in between must be looked up.
    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError>;

    /// Counts of containers, images and volumes, and their sizes where known.
    async fn census(&self) -> Result<Census, RuntimeError>;
}

/// The engine's own name of a container: opaque, and never an identity of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContainerId(pub String);

impl ContainerId {
    /// The first twelve characters, as the `docker` client shows it.
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
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// Cores of the machine.
    pub cpus: u32,
    /// What the engine warns of, in its own words.
    pub warnings: Vec<String>,
}

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

/// What a list says of a container of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedReplica {
    /// The engine's name for it.
    pub container: ContainerId,
    /// Which replica it is.
    pub identity: ReplicaIdentity,
    /// What it does.
    pub state: ContainerState,
    /// Where it answers on its environment's network; absent when it is not attached.
    pub address: Option<Ipv4Addr>,
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
    pub restart: Restart,
    /// Whether the service's alias leads to it.
    pub has_alias: bool,
    /// Where it answers on its environment's network.
    pub address: Option<Ipv4Addr>,
    /// What it may use.
    pub limits: Limits,
    /// What the engine says went wrong when it started it.
    pub error: Option<String>,
}

/// What the engine does when a container ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Starts it again, also after a reboot, unless it was stopped by hand.
    UnlessStopped,
    /// Leaves it.
    No,
}

/// An environment's private network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Whose project.
    pub project: ProjectId,
    /// Whose network.
    pub environment: EnvironmentId,
    /// Its addresses.
    pub subnet: Subnet,
}

/// The networks that an engine has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// This instance's.
    pub ours: Vec<ObservedNetwork>,
    /// Address ranges of networks that are not ours, as `(first address, prefix length)`.
    pub foreign: Vec<(Ipv4Addr, u8)>,
}

/// A network of ours, as the engine has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Whose network.
    pub environment: EnvironmentId,
    /// Its addresses.
    pub subnet: Option<Subnet>,
}

/// A /24 of private addresses: `.1` is the gateway, `.2` to `.254` are for replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subnet(Ipv4Addr);

impl Subnet {
    /// The /24 that holds this address.
    #[must_use]
    pub fn containing(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        Self(Ipv4Addr::new(a, b, c, 0))
    }

    /// Its first address.
    #[must_use]
    pub const fn base(self) -> Ipv4Addr {
        self.0
    }

    /// The address with this last number.
    #[must_use]
    pub fn host(self, last: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.0.octets();
        Ipv4Addr::new(a, b, c, last)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/24", self.0)
    }
}

/// All that is needed to make the container of a replica. There is no field for anything that
/// would give it power over its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSpec {
    /// Which replica it will be.
    pub identity: ReplicaIdentity,
    /// Its service's slug: the container's host name, and part of its name.
    pub slug: Slug,
    /// What it runs.
    pub image: PinnedImage,
    /// Arguments in place of the image's own; the image's entry point stays.
    pub command: Option<Command>,
    /// Its environment.
    pub variables: Vec<(VariableKey, Secret)>,
    /// Ports it says it listens on.
    pub ports: Vec<Port>,
    /// What it may use.
    pub limits: Limits,
    /// Volumes by id, and where they appear.
    pub mounts: Vec<(VolumeId, MountPath)>,
    /// Where it answers.
    pub address: Ipv4Addr,
    /// How long it may take to stop, before it is ended; kept by the engine too.
    pub stop_grace: Duration,
    /// What the engine does when it ends. [`Restart::No`] until it has proved itself: a candidate's
    /// deaths are counted one by one.
    pub restart: Restart,
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

/// Exactly which image: what is asked of the engine, and what to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinnedImage {
    /// What the person asked for.
    pub reference: ImageRef,
    /// The engine's id of it: `sha256:…`. What containers are made from.
    pub id: String,
    /// `repository@sha256:…`, when it came from a registry.
    pub digest: Option<String>,
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
pub enum Question {
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

/// Where to begin in a container's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogsFrom {
    /// With this many last lines.
    Tail(u32),
    /// With lines at or after this time.
    Since(Timestamp),
    /// With the first line after the one of this time: where a reader goes on that lost its
    /// connection, without loss or repetition.
    After {
        /// That line's [`LogLine::at`].
        at: Timestamp,
        /// That line's [`LogLine::nanos`].
        nanos: u32,
    },
}

/// Whether to wait for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// End with what there is.
    No,
    /// Go on until the container ends.
    Yes,
}

/// One line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When the engine received it.
    pub at: Timestamp,
    /// Nanoseconds within that millisecond: together they order lines.
    pub nanos: u32,
    /// Where it was written.
    pub stream: LogStream,
    /// The text, without its line end; at most 16 KiB.
    pub line: String,
    /// Whether the line was longer and has been cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Where a container wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the streams' own names")]
pub enum LogStream {
    Stdout,
    Stderr,
}

/// What a replica uses at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Bytes, without the page cache.
    pub memory_bytes: u64,
    /// What it may use at most; the machine's memory when it has no limit.
    pub memory_limit_bytes: u64,
    /// Bytes received over its network since its start.
    pub received_bytes: u64,
    /// Bytes sent over its network since its start.
    pub sent_bytes: u64,
}

/// A hint that something has happened to an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeEvent {
    /// A container of this service was made, started, stopped, ended or removed.
    Service(ServiceId),
    /// A network of this environment was changed.
    Network(EnvironmentId),
}

/// What an engine holds, ours or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names what it counts")]
pub struct Census {
    pub containers_running: u64,
    pub containers_total: u64,
    pub images: u64,
    pub volumes: u64,
}

/// What can go wrong with an engine, sorted by what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// Wait: it is not there. The text says why, as far as known (no socket, no permission, …).
    #[error("the container engine cannot be reached: {0}")]
    Unreachable(String),
    /// Wait: it is there and does not answer. Whether the call had an effect is unknown.
    #[error("the container engine did not answer in time while asked to {0}")]
    Timeout(&'static str),
    /// Look again: the object has gone.
    #[error("the container engine does not have {0}")]
    Gone(String),
    /// A person must act: a foreign object holds the name.
    #[error("the name {name} is held by a container that is not Easel's ({holder})")]
    NameTaken {
        /// The name.
        name: String,
        /// The short id of the holder.
        holder: String,
    },
    /// The deployment is at fault: there is no such image, or the registry refuses.
    #[error("{0}")]
    Image(String),
    /// Wait, then try again: the engine is busy with the object.
    #[error("the container engine is busy: {0}")]
    Busy(String),
    /// The engine refused or failed, in its own words.
    #[error("the container engine answered: {0}")]
    Refused(String),
}

impl RuntimeError {
    /// Whether the engine as a whole is at fault, so that nothing can be said of the service.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_))
    }
}
