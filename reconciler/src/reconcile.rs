//! The reconciler between its ports.

use crate::{settings::Settings, work_queue::WorkQueue};
use domain::{
    Clock, Ids,
    rollout::{EngineHealth, Reconciler, ReconcilerStatus, Rollouts, ServiceKey},
    runtime::{Runtime, RuntimeError},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Makes the engine match what should be.
pub struct Reconcile {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) rollouts: Arc<dyn Rollouts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) queue: Arc<WorkQueue>,
    status: Mutex<ReconcilerStatus>,
}

/// Why the loop has ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// A later Easel rules this database now.
    #[error("another Easel has taken over this database; this one must stop")]
    Fenced,
}

impl Reconciler for Reconcile {
    fn trigger(&self, service: Option<ServiceKey>) {
        self.queue.enqueue(service);
    }

    fn status(&self) -> ReconcilerStatus {
        let mut status = self.current().clone();
        let due = status.reconciled_at.map(|at| at.plus(self.settings.resync));
        let lag = due.map_or(Duration::ZERO, |due| self.clock.now().since(due));
        status.lag_ms = millis(lag);
        status
    }
}

impl Reconcile {
    /// A reconciler between these ports. It does nothing until it [`run`](Self::run)s.
    #[must_use]
    pub fn new(
        runtime: Arc<dyn Runtime>,
        rollouts: Arc<dyn Rollouts>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: Settings,
    ) -> Arc<Self> {
        let queue = Arc::default();
        let status = Mutex::default();
        Arc::new(Self { runtime, rollouts, clock, ids, settings, queue, status })
    }

    pub(crate) fn current(&self) -> MutexGuard<'_, ReconcilerStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reconcile {
    /// Writes down whether the engine answers, since when, and why it does not.
    pub(crate) fn note_engine(&self, why: Option<&RuntimeError>) {
        let since = self.clock.now();
        let mut status = self.current();
        match (why, &status.engine) {
            (None, EngineHealth::Reachable { .. })
            | (Some(_), EngineHealth::Unreachable { .. }) => (),
            (None, _) => status.engine = EngineHealth::Reachable { since },
            (Some(why), _) => {
                tracing::warn!("the container engine is away: {why}");
                status.engine = EngineHealth::Unreachable { since, why: why.to_string() };
            }
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
