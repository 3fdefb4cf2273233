//! The port to whatever runs containers, and the words it speaks in.
//!
//! Every method may be repeated: asking twice is asking once. Every method is bounded by the
//! adapter's own time limits, so that a hung engine never hangs its caller.

mod error;
mod log;
mod network;
mod observed;
mod replica;

pub use error::RuntimeError;
pub use log::{Follow, LogLine, LogStream, LogsFrom};
pub use network::{NetworkSpec, Networks, ObservedNetwork, Subnet};
pub use observed::{
    Census, ContainerId, ContainerState, Engine, Inspection, ObservedReplica, RuntimeEvent, Usage,
};
pub use replica::{
    Existed, PinnedImage, PullProgress, Question, ReplicaIdentity, ReplicaSpec, Restart, VolumeSpec,
};

use crate::{EnvironmentId, ImageRef, Limits, PullPolicy, ServiceId, Slug, VolumeId};
use async_trait::async_trait;
use futures_core::stream::BoxStream;
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
