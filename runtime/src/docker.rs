//! The port [`Runtime`] on Docker's interface.

mod body;
mod connection;
mod container;
mod event;
mod failure;
mod image;
mod label;
mod log;
mod network;
mod observed;
mod probe;
mod usage;
mod volume;

use crate::Address;
use async_trait::async_trait;
use body::Machine;
use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum};
use connection::{Connection, LOOK};
use domain::{
    EnvironmentId, ImageRef, InstanceId, Limits, PullPolicy, ServiceId, Slug, VolumeId,
    runtime::{
        Census, ContainerId, Engine, Existed, Follow, Inspection, LogLine, LogsFrom, NetworkSpec,
        Networks, ObservedReplica, PinnedImage, PullProgress, Question, ReplicaSpec, Restart,
        Runtime, RuntimeError, RuntimeEvent, Usage, VolumeSpec,
    },
};
use futures::stream::BoxStream;
use label::Marks;
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A Docker engine, from version 20.10 on, as one instance of Easel sees it.
///
/// It connects at the first call, and again after an outage; nothing it does waits longer than
/// the limit of its kind.
pub struct Docker {
    marks: Marks,
    connection: Arc<Connection>,
    machine: Mutex<Option<Machine>>,
    pull_idle: Duration,
    known: Arc<container::Known>,
    networks: Arc<network::Known>,
    usages: usage::Samples,
    probes: probe::Late,
}

impl Docker {
    /// The engine at this address, for this instance. Nothing is asked of it yet.
    #[must_use]
    pub fn new(instance: InstanceId, address: Address) -> Self {
        Self {
            marks: Marks(instance),
            connection: Arc::new(Connection::new(address)),
            machine: Mutex::default(),
            pull_idle: Duration::from_secs(60),
            known: Arc::default(),
            networks: Arc::default(),
            usages: usage::Samples::default(),
            probes: probe::Late::default(),
        }
    }

    /// How long a pull may go without any sign of life: 60 s unless said otherwise.
    #[must_use]
    pub fn with_pull_idle(self, pull_idle: Duration) -> Self {
        Self { pull_idle, ..self }
    }

    async fn info(&self) -> Result<SystemInfo, RuntimeError> {
        let info = self
            .connection
            .call("describe itself", LOOK, |docker| async move { docker.info().await })
            .await?;
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = Some(Machine::of(&info));
        Ok(info)
    }

    /// What the engine's machine has, as last heard.
    async fn machine(&self) -> Result<Machine, RuntimeError> {
        let known = *self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(machine) => Ok(machine),
            None => Ok(Machine::of(&self.info().await?)),
        }
    }
}

#[async_trait]
impl Runtime for Docker {
    async fn engine(&self) -> Result<Engine, RuntimeError> {
        let info = self.info().await?;
        let api_version = self.connection.client().await?.client_version().to_string();
        let cgroup_version = match info.cgroup_version {
            Some(SystemInfoCgroupVersionEnum::_2) => "2",
            Some(SystemInfoCgroupVersionEnum::_1 | SystemInfoCgroupVersionEnum::EMPTY) | None => {
                "1"
            }
        };
        Ok(Engine {
            id: info.id.unwrap_or_default(),
            version: info.server_version.unwrap_or_default(),
            api_version,
            operating_system: info.operating_system.unwrap_or_default(),
            kernel: info.kernel_version.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            cgroup_version: cgroup_version.to_owned(),
            memory_bytes: info.mem_total.and_then(|it| u64::try_from(it).ok()).unwrap_or_default(),
            cpus: info.ncpu.and_then(|it| u32::try_from(it).ok()).unwrap_or_default(),
            warnings: info.warnings.unwrap_or_default(),
        })
    }

    async fn replicas(&self) -> Result<Vec<ObservedReplica>, RuntimeError> {
        self.list_replicas().await
    }

    async fn replicas_of(&self, service: ServiceId) -> Result<Vec<ObservedReplica>, RuntimeError> {
        self.list_replicas_of(service).await
    }

    async fn inspect(&self, container: &ContainerId) -> Result<Option<Inspection>, RuntimeError> {
        self.inspect_replica(container).await
    }

    async fn networks(&self) -> Result<Networks, RuntimeError> {
        self.list_networks().await
    }

    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError> {
        self.make_network(network).await
    }

    async fn remove_network(&self, environment: EnvironmentId) -> Result<(), RuntimeError> {
        self.drop_network(environment).await
    }

    async fn ensure_image(
        &self,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError> {
        self.provide_image(image, pull, progress).await
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

    async fn create(&self, replica: &ReplicaSpec) -> Result<ContainerId, RuntimeError> {
        self.create_replica(replica).await
    }

    async fn start(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.start_replica(container).await
    }

    async fn unpause(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.unpause_replica(container).await
    }

    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        self.stop_replica(container, grace).await
    }

    async fn remove(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.remove_replica(container).await
    }

    async fn set_alias(
        &self,
        container: &ContainerId,
        environment: EnvironmentId,
        address: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<(), RuntimeError> {
        self.move_alias(container, environment, address, alias).await
    }

    async fn set_limits(
        &self,
        container: &ContainerId,
        limits: Limits,
    ) -> Result<(), RuntimeError> {
        self.update_limits(container, limits).await
    }

    async fn set_restart(
        &self,
        container: &ContainerId,
        restart: Restart,
    ) -> Result<(), RuntimeError> {
        self.update_restart(container, restart).await
    }

    async fn probe(
        &self,
        container: &ContainerId,
        address: Ipv4Addr,
        question: &Question,
        timeout: Duration,
    ) -> Result<bool, RuntimeError> {
        self.ask(container, address, question, timeout).await
    }

    async fn logs(
        &self,
        container: &ContainerId,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
        self.read_logs(container, from, follow).await
    }

    async fn usage(&self, container: &ContainerId) -> Result<Option<Usage>, RuntimeError> {
        self.measure(container).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError> {
        self.listen().await
    }

    async fn census(&self) -> Result<Census, RuntimeError> {
        self.count().await
    }
}
