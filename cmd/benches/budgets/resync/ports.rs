//! The ports, with somebody who counts in front of them.

use async_trait::async_trait;
use domain::{
    EnvironmentId, ImageRef, InstanceId, Limits, PullPolicy, ServiceId, Slug, Timestamp, VolumeId,
    rollout::{Aim, Desired, Fence, RolloutError, Rollouts, ServiceKey, Step},
    runtime::{
        Census, ContainerId, Engine, Existed, Follow, Inspection, LogLine, LogsFrom, NetworkSpec,
        Networks, ObservedReplica, PinnedImage, PullProgress, Question, ReplicaSpec, Restart,
        Runtime, RuntimeError, RuntimeEvent, Usage, VolumeSpec,
    },
    testing::SimEngine,
};
use futures::stream::BoxStream;
use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::Store;

/// The simulated engine with a real list call in front of its own.
pub(super) struct Listed {
    sim: SimEngine,
    real: runtime::Docker,
    began: Mutex<Option<Instant>>,
}

impl Listed {
    pub(super) fn new(sim: SimEngine, real: runtime::Docker) -> Self {
        Self { sim, real, began: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.began.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the last list call began.
    pub(super) fn began(&self) -> Option<Instant> {
        *self.lock()
    }

    pub(super) fn forget(&self) {
        *self.lock() = None;
    }
}

#[async_trait]
impl Runtime for Listed {
    async fn replicas(&self) -> Result<Vec<ObservedReplica>, RuntimeError> {
        *self.lock() = Some(Instant::now());
        let real = self.real.replicas().await?;
        let sim = self.sim.replicas().await?;
        if real.len() == sim.len() {
            Ok(sim)
        } else {
            Err(RuntimeError::Refused(format!("{} and {} containers", real.len(), sim.len())))
        }
    }

    async fn engine(&self) -> Result<Engine, RuntimeError> {
        self.sim.engine().await
    }

    async fn replicas_of(&self, service: ServiceId) -> Result<Vec<ObservedReplica>, RuntimeError> {
        self.sim.replicas_of(service).await
    }

    async fn inspect(&self, container: &ContainerId) -> Result<Option<Inspection>, RuntimeError> {
        self.sim.inspect(container).await
    }

    async fn networks(&self) -> Result<Networks, RuntimeError> {
        self.sim.networks().await
    }

    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError> {
        self.sim.ensure_network(network).await
    }

    async fn remove_network(&self, environment: EnvironmentId) -> Result<(), RuntimeError> {
        self.sim.remove_network(environment).await
    }

    async fn ensure_image(
        &self,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError> {
        self.sim.ensure_image(image, pull, progress).await
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<Existed, RuntimeError> {
        self.sim.ensure_volume(volume).await
    }

    async fn has_volume(&self, volume: VolumeId) -> Result<bool, RuntimeError> {
        self.sim.has_volume(volume).await
    }

    async fn remove_volume(&self, volume: VolumeId) -> Result<(), RuntimeError> {
        self.sim.remove_volume(volume).await
    }

    async fn create(&self, replica: &ReplicaSpec) -> Result<ContainerId, RuntimeError> {
        self.sim.create(replica).await
    }

    async fn start(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.sim.start(container).await
    }

    async fn unpause(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.sim.unpause(container).await
    }

    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), RuntimeError> {
        self.sim.stop(container, grace).await
    }

    async fn remove(&self, container: &ContainerId) -> Result<(), RuntimeError> {
        self.sim.remove(container).await
    }

    async fn set_alias(
        &self,
        container: &ContainerId,
        environment: EnvironmentId,
        address: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<(), RuntimeError> {
        self.sim.set_alias(container, environment, address, alias).await
    }

    async fn set_limits(&self, container: &ContainerId, to: Limits) -> Result<(), RuntimeError> {
        self.sim.set_limits(container, to).await
    }

    async fn set_restart(&self, container: &ContainerId, to: Restart) -> Result<(), RuntimeError> {
        self.sim.set_restart(container, to).await
    }

    async fn probe(
        &self,
        container: &ContainerId,
        address: Ipv4Addr,
        question: &Question,
        timeout: Duration,
    ) -> Result<bool, RuntimeError> {
        self.sim.probe(container, address, question, timeout).await
    }

    async fn logs(
        &self,
        container: &ContainerId,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
        self.sim.logs(container, from, follow).await
    }

    async fn usage(&self, container: &ContainerId) -> Result<Option<Usage>, RuntimeError> {
        self.sim.usage(container).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError> {
        self.sim.events().await
    }

    async fn census(&self) -> Result<Census, RuntimeError> {
        self.sim.census().await
    }
}

/// What a container of this replica carries in the real engine.
pub(super) fn labels(instance: InstanceId, replica: &ObservedReplica) -> HashMap<String, String> {
    let its = replica.identity;
    [
        ("instance", instance.to_string()),
        ("project", its.project.to_string()),
        ("environment", its.environment.to_string()),
        ("service", its.service.to_string()),
        ("deployment", its.deployment.to_string()),
        ("replica", its.replica.to_string()),
        ("generation", its.generation.to_string()),
        ("slug", "idle".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (format!("io.easel.{key}"), value))
    .collect()
}

/// The store, with its writes counted and its great reads timed.
pub(super) struct Watched {
    store: Store,
    writes: AtomicU64,
    read: Mutex<Option<Duration>>,
}

impl Watched {
    pub(super) fn new(store: Store) -> Self {
        Self { store, writes: AtomicU64::new(0), read: Mutex::default() }
    }

    /// How long the last read of everything took.
    pub(super) fn read(&self) -> Option<Duration> {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often something was recorded.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    pub(super) fn forget(&self) {
        self.writes.store(0, Ordering::SeqCst);
    }
}

#[async_trait]
impl Rollouts for Watched {
    async fn take_over(&self) -> Result<Fence, RolloutError> {
        self.store.take_over().await
    }

    async fn desired(&self, fence: Fence) -> Result<Desired, RolloutError> {
        let begun = Instant::now();
        let desired = self.store.desired(fence).await;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun.elapsed());
        desired
    }

    async fn desired_service(&self, fence: Fence, key: ServiceKey) -> Result<Aim, RolloutError> {
        self.store.desired_service(fence, key).await
    }

    async fn record(
        &self,
        fence: Fence,
        at: Timestamp,
        steps: &[Step],
    ) -> Result<(), RolloutError> {
        if !steps.is_empty() {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        self.store.record(fence, at, steps).await
    }

    async fn confirm_engine(&self, engine: &str) -> Result<(), RolloutError> {
        self.store.confirm_engine(engine).await
    }
}

/// How many services run as wanted.
pub(super) async fn running(store: &Store) -> anyhow::Result<usize> {
    use domain::project::{Page, Projects};
    let projects = store.list(None, None, Page::new(0, 100)).await?;
    let running: u64 = projects.data.iter().map(|project| project.running).sum();
    Ok(usize::try_from(running)?)
}
