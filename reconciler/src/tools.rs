//! What all workers share.

use crate::{nudges::Nudges, pulls::Pulls, settings::Settings, starts::Starts};
use domain::{
    Clock, Ids,
    rollout::{Fence, Rollouts},
    runtime::Runtime,
};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What all workers share.
pub(crate) struct Tools {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) rollouts: Arc<dyn Rollouts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) fence: Fence,
    pub(crate) nudges: Arc<Nudges>,
    /// Short calls to the engine.
    pub(crate) gate: Semaphore,
    /// What starts before names are changed.
    pub(crate) starts: Starts,
    /// Pulls, which take long and must not keep others waiting.
    pub(crate) pulls: Pulls,
    /// Questions and stops, which may take long too.
    pub(crate) waits: Semaphore,
}

impl Tools {
    /// A turn among those who share it.
    pub(crate) async fn permit<'a>(&self, semaphore: &'a Semaphore) -> Option<SemaphorePermit<'a>> {
        // Never closed: without a permit the call would only be early, not wrong.
        semaphore.acquire().await.ok()
    }
}
