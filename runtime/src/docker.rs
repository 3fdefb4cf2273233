//! The port [`Runtime`] on Docker's interface.

mod body;
mod connection;
mod container;
mod event;
mod failure;
mod image;
mod isolate;
mod known;
mod label;
mod log;
mod memory;
mod network;
mod observed;
mod probe;
mod registry;
mod sentence;
mod shared;
mod usage;
mod volume;

use crate::{Address, IsolationError};
use async_trait::async_trait;
use body::EngineCapacity;
use bollard::models::SystemInfo;
use connection::Connection;
use domain::{
    EnvironmentId, ImageRef, InstanceId, Limits, ProjectId, PullPolicy, ServiceId, VolumeId,
    network::{Addresses, Pool},
    outbound::Outbound,
    runtime::{
        Engine, EngineCounts, Existed, Follow, Inspection, LogLine, LogsFrom, ObservedReplica,
        PinnedImage, ProbeTarget, PullProgress, PulledImages, ReplicaHandle, ReplicaSpec,
        RestartPolicy, Runtime, RuntimeError, RuntimeEvent, Serving, Usage, VolumeSpec,
    },
};
use futures::stream::BoxStream;
pub use memory::DefaultMemory;
pub use shared::{SharedImage, SharedImages};

use known::{ContainerIndex, NetworkIndex, OwnUpdates, RunningProbes};
use label::InstanceLabels;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use usage::sample::Samples;

/// What a Docker engine's adapter asks others for.
pub struct DockerPorts {
    /// Docker leaves it to us who answers where: it is kept here, taken from there.
    pub addresses: Arc<dyn Addresses>,
    /// Whose is which image.
    pub pulled: Arc<dyn PulledImages>,
    /// Looks at registries before the engine asks them.
    pub outbound: Arc<dyn Outbound>,
}

/// A Docker engine, from version 20.10 on, as one instance of Easel sees it.
///
/// It connects at the first call, and again after an outage; nothing it does waits longer than
/// the limit of its kind.
pub struct Docker {
    instance_labels: InstanceLabels,
    connection: Arc<Connection>,
    addresses: Arc<dyn Addresses>,
    pulled: Arc<dyn PulledImages>,
    outbound: Arc<dyn Outbound>,
    shared: SharedImages,
    pool: Pool,
    default_memory: DefaultMemory,
    capacity: Mutex<Option<EngineCapacity>>,
    pull_idle: Duration,
    known: Arc<ContainerIndex>,
    updates: Arc<OwnUpdates>,
    networks: Arc<NetworkIndex>,
    usages: Samples,
    probes: RunningProbes,
    /// Whether containers are kept from this host, as last seen: what was amiss, if anything.
    isolated: Mutex<Option<Option<IsolationError>>>,
}

impl Docker {
    /// The engine at this address, for this instance. Nothing is asked of it yet.
    #[must_use]
    pub fn new(instance: InstanceId, address: Address, ports: DockerPorts, pool: Pool) -> Self {
        let DockerPorts { addresses, pulled, outbound } = ports;
        Self {
            instance_labels: InstanceLabels(instance),
            connection: Arc::new(Connection::new(address)),
            addresses,
            pulled,
            outbound,
            shared: SharedImages::default(),
            pool,
            default_memory: DefaultMemory::default(),
            capacity: Mutex::default(),
            pull_idle: Duration::from_secs(60),
            known: Arc::default(),
            updates: Arc::default(),
            networks: Arc::default(),
            usages: Samples::default(),
            probes: RunningProbes::default(),
            isolated: Mutex::default(),
        }
    }

    /// How long a pull may go without any sign of life: 60 s unless said otherwise.
    #[must_use]
    pub fn with_pull_idle(self, pull_idle: Duration) -> Self {
        Self { pull_idle, ..self }
    }

    /// Images that all projects may use as the engine has them.
    #[must_use]
    pub fn with_shared_images(self, shared: SharedImages) -> Self {
        Self { shared, ..self }
    }

    /// How much memory containers get that have no limit of their own: half of the machine's unless said
    /// otherwise.
    #[must_use]
    pub fn with_default_memory(self, default_memory: DefaultMemory) -> Self {
        Self { default_memory, ..self }
    }

    async fn info(&self) -> Result<SystemInfo, RuntimeError> {
        let info = self.connection.info().await?;
        *self.capacity.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(EngineCapacity::of(&info, self.default_memory));
        Ok(info)
    }

    /// What the engine's machine has, as last heard.
    async fn capacity(&self) -> Result<EngineCapacity, RuntimeError> {
        let known = *self.capacity.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(capacity) => Ok(capacity),
            None => Ok(EngineCapacity::of(&self.info().await?, self.default_memory)),
        }
    }
}

/// Who the engine at this address is, whoever uses it.
///
/// # Errors
/// When it does not answer.
pub async fn engine_at(address: Address) -> Result<Engine, RuntimeError> {
    let connection = Connection::new(address);
    let info = connection.info().await?;
    connection.describe(info).await
}

/// Whether the networks of the engine at this address are this host's, so that packet rules of this host
/// are theirs.
///
/// # Errors
/// When it does not answer.
pub async fn engine_is_here(address: Address) -> Result<bool, RuntimeError> {
    let info = Connection::new(address.clone()).info().await?;
    Ok(crate::address::is_here(&info, &address))
}

#[async_trait]
impl Runtime for Docker {
    async fn engine(&self) -> Result<Engine, RuntimeError> {
        let info = self.info().await?;
        let mut engine = self.connection.describe(info).await?;
        engine.warnings.extend(self.isolation_warning());
        Ok(engine)
    }

    async fn replicas(&self) -> Result<Vec<ObservedReplica>, RuntimeError> {
        self.list_replicas().await
    }

    async fn replicas_of(&self, service: ServiceId) -> Result<Vec<ObservedReplica>, RuntimeError> {
        self.list_replicas_of(service).await
    }

    async fn inspect(&self, container: &ReplicaHandle) -> Result<Option<Inspection>, RuntimeError> {
        self.inspect_replica(container).await
    }

    async fn ensure_environment(
        &self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<(), RuntimeError> {
        self.make_network(project, environment).await
    }

    async fn remove_environment(&self, environment: EnvironmentId) -> Result<(), RuntimeError> {
        self.drop_network(environment).await
    }

    async fn ensure_image(
        &self,
        project: ProjectId,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError> {
        self.provide_image(project, image, pull, progress).await
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<Existed, RuntimeError> {
        self.make_volume(volume).await
    }

    async fn has_volume(&self, volume: VolumeId) -> Result<bool, RuntimeError> {
        self.look_for_volume(volume).await
    }

    async fn remove_volume(&self, volume: VolumeId) -> Result<(), RuntimeError> {
        self.drop_volume(volume).await
    }

    async fn create(&self, replica: &ReplicaSpec) -> Result<ReplicaHandle, RuntimeError> {
        self.create_replica(replica).await
    }

    async fn start(&self, container: &ReplicaHandle) -> Result<(), RuntimeError> {
        self.start_replica(container).await
    }

    async fn unpause(&self, container: &ReplicaHandle) -> Result<(), RuntimeError> {
        self.unpause_replica(container).await
    }

    async fn stop(&self, container: &ReplicaHandle, grace: Duration) -> Result<(), RuntimeError> {
        self.stop_replica(container, grace).await
    }

    async fn remove(&self, container: &ReplicaHandle) -> Result<(), RuntimeError> {
        self.remove_replica(container).await
    }

    async fn set_serving(
        &self,
        container: &ReplicaHandle,
        serving: Serving,
    ) -> Result<(), RuntimeError> {
        self.move_alias(container, serving).await
    }

    async fn set_limits(
        &self,
        container: &ReplicaHandle,
        limits: Limits,
    ) -> Result<(), RuntimeError> {
        self.update_limits(container, limits).await
    }

    async fn set_restart_policy(
        &self,
        container: &ReplicaHandle,
        restart: RestartPolicy,
    ) -> Result<(), RuntimeError> {
        self.update_restart(container, restart).await
    }

    async fn probe(
        &self,
        container: &ReplicaHandle,
        address: IpAddr,
        probe_target: &ProbeTarget,
        timeout: Duration,
    ) -> Result<bool, RuntimeError> {
        self.ask(container, address, probe_target, timeout).await
    }

    async fn logs(
        &self,
        container: &ReplicaHandle,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
        self.read_logs(container, from, follow).await
    }

    async fn usage(&self, container: &ReplicaHandle) -> Result<Option<Usage>, RuntimeError> {
        self.measure(container).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError> {
        self.listen().await
    }

    async fn counts(&self) -> Result<EngineCounts, RuntimeError> {
        self.count().await
    }
}
