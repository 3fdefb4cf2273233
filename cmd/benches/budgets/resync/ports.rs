//! The ports, with somebody who counts in front of them.

use async_trait::async_trait;
use domain::{
    InstanceId, Timestamp,
    rollout::{Desired, DesiredService, Fence, RolloutError, Rollouts, ServiceKey, Step, Version},
    runtime::ObservedReplica,
};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};
use store::Store;

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

/// The store, with its writes counted.
pub(super) struct Watched {
    store: Store,
    writes: AtomicU64,
}

impl Watched {
    pub(super) fn new(store: Store) -> Self {
        Self { store, writes: AtomicU64::new(0) }
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
    async fn acquire_fence(&self) -> Result<Fence, RolloutError> {
        self.store.acquire_fence().await
    }

    async fn desired(&self, fence: Fence) -> Result<Desired, RolloutError> {
        self.store.desired(fence).await
    }

    async fn desired_service(
        &self,
        fence: Fence,
        key: ServiceKey,
    ) -> Result<DesiredService, RolloutError> {
        self.store.desired_service(fence, key).await
    }

    async fn version(&self) -> Result<Version, RolloutError> {
        self.store.version().await
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
    use domain::{page::Page, project::Projects};
    let projects = store.list(None, None, Page::new(0, 100)).await?;
    let running: u64 = projects.data.iter().map(|project| project.running).sum();
    Ok(usize::try_from(running)?)
}
