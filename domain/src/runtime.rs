//! The port to whatever runs containers, and the words it speaks in.
//!
//! **Invariant:** it speaks of replicas, of whether one serves, and of where one answers *as reported*. How
//! an engine brings that about (networks, names, labels, addresses) is its adapter's business alone.
//!
//! Every method may be repeated: asking twice is asking once. Every method is bounded by the
//! adapter's own time limits, so that a hung engine never hangs its caller.

mod error;
mod floor;
mod image;
mod log;
mod observed;
mod replica;

pub use error::RuntimeError;
pub use floor::below_the_floor;
pub use image::{PinnedImage, PulledImages};
pub use log::{Follow, LogLine, LogStream, LogsFrom, MAX_LOG_LINE};
pub use observed::{
    ContainerState, Engine, EngineCounts, Inspection, ObservedReplica, ReplicaHandle, RuntimeEvent,
    Usage,
};
pub use replica::{
    Existed, ProbeTarget, PullProgress, ReplicaIdentity, ReplicaSpec, RestartPolicy, Serving,
    VolumeSpec,
};

use crate::{EnvironmentId, ImageRef, Limits, ProjectId, PullPolicy, ServiceId, VolumeId};
use async_trait::async_trait;
use futures_core::stream::BoxStream;
use std::{net::IpAddr, time::Duration};

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
    async fn inspect(&self, replica: &ReplicaHandle) -> Result<Option<Inspection>, RuntimeError>;

    /// Makes what the replicas of an environment have in common, by which they reach each other and
    /// nobody else. What is there is kept as it is.
    ///
    /// [`RuntimeError::NoRoom`] when the engine has no place for another environment.
    async fn ensure_environment(
        &self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<(), RuntimeError>;

    /// Removes what [`ensure_environment`](Self::ensure_environment) made. Gone already is fine; a
    /// foreign object is never touched. [`RuntimeError::Busy`] while a replica runs in it.
    async fn remove_environment(&self, environment: EnvironmentId) -> Result<(), RuntimeError>;

    /// Makes sure that the engine holds the image, and pins it. Calls `progress` as it pulls.
    ///
    /// What the engine holds already is the project's to use if it was given to it before, or if it came
    /// from no registry; else its registry is asked. A pull without any progress for 60 s fails.
    async fn ensure_image(
        &self,
        project: ProjectId,
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

    /// Makes the container of a replica in its environment. It does **not** serve.
    ///
    /// Asked twice for the same replica, it finds what it has made, also when the answer was lost.
    /// Something foreign in its place is [`RuntimeError::NameTaken`]; without its environment it is
    /// [`RuntimeError::Gone`]; where nothing is free for it at the moment,
    /// [`RuntimeError::NoAddress`].
    async fn create(&self, replica: &ReplicaSpec) -> Result<ReplicaHandle, RuntimeError>;

    /// Starts it. Running already is fine. [`RuntimeError::Unstartable`] when only another container of
    /// the same replica could be started.
    async fn start(&self, replica: &ReplicaHandle) -> Result<(), RuntimeError>;

    /// Resumes a paused one. Running already is fine.
    async fn unpause(&self, replica: &ReplicaHandle) -> Result<(), RuntimeError>;

    /// Asks it to stop and ends it after `grace`. Stopped or gone already is fine.
    async fn stop(&self, replica: &ReplicaHandle, grace: Duration) -> Result<(), RuntimeError>;

    /// Removes it, never the volumes that it mounts by name. Gone already is fine.
    async fn remove(&self, replica: &ReplicaHandle) -> Result<(), RuntimeError>;

    /// Says whether it serves: whether its service's name leads to it. One that was cut off from its
    /// environment is connected again.
    ///
    /// Established connections survive this, and it goes on answering where it did.
    async fn set_serving(
        &self,
        replica: &ReplicaHandle,
        serving: Serving,
    ) -> Result<(), RuntimeError>;

    /// Changes the limits of one that runs.
    async fn set_limits(&self, replica: &ReplicaHandle, limits: Limits)
    -> Result<(), RuntimeError>;

    /// Says whether the engine restarts it after a crash or a reboot.
    async fn set_restart_policy(
        &self,
        replica: &ReplicaHandle,
        restart: RestartPolicy,
    ) -> Result<(), RuntimeError>;

    /// Asks a readiness question once, within `timeout`, at the address that was reported.
    /// `Ok(false)`: it did not answer well.
    async fn probe(
        &self,
        replica: &ReplicaHandle,
        address: IpAddr,
        probe_target: &ProbeTarget,
        timeout: Duration,
    ) -> Result<bool, RuntimeError>;

    /// Output of a replica: history first, then, if asked, as it comes.
    async fn logs(
        &self,
        replica: &ReplicaHandle,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError>;

    /// One measurement of it; `None` when it does not run.
    async fn usage(&self, replica: &ReplicaHandle) -> Result<Option<Usage>, RuntimeError>;

    /// Hints that something has happened. The stream ends when the engine is gone; what happened
    /// in between must be looked up.
    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError>;

    /// Counts of containers, images and volumes, and their sizes where known.
    async fn counts(&self) -> Result<EngineCounts, RuntimeError>;
}
