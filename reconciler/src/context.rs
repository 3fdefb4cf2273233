//! What all workers share.

use crate::{pulls::Pulls, settings::Settings, start_gate::StartGate, work_queue::WorkQueue};
use domain::{
    Clock, Ids,
    rollout::{Fence, Rollouts},
    runtime::Runtime,
};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What all workers share.
pub(crate) struct Context {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) rollouts: Arc<dyn Rollouts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) fence: Fence,
    pub(crate) queue: Arc<WorkQueue>,
    /// Short calls to the engine.
    pub(crate) call_permits: Semaphore,
    /// What starts before names are changed.
    pub(crate) start_gate: StartGate,
    /// Pulls, which take long and must not keep others waiting.
    pub(crate) pulls: Pulls,
    /// Questions and stops, which may take long too.
    pub(crate) slow_permits: Semaphore,
}

impl Context {
    /// A turn among those who share it.
    pub(crate) async fn permit<'a>(&self, semaphore: &'a Semaphore) -> Option<SemaphorePermit<'a>> {
        // Never closed: without a permit the call would only be early, not wrong.
        semaphore.acquire().await.ok()
    }
}
