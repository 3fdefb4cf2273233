//! The reconciler between its ports.

use crate::{
    nudges::Nudges, pulls::Pulls, settings::Settings, starts::Starts, turn::Turn, worker::Tools,
};
use domain::{
    Clock, Ids,
    rollout::{Reconciler, ReconcilerStatus, RolloutError, Rollouts, ServiceKey},
    runtime::Runtime,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Makes the engine match what should be.
pub struct Reconcile {
    runtime: Arc<dyn Runtime>,
    rollouts: Arc<dyn Rollouts>,
    pub(crate) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) nudges: Arc<Nudges>,
    status: Mutex<ReconcilerStatus>,
}

/// Why the loop has ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// A later Easel rules this database now.
    #[error("another Easel has taken over this database; this one must stop")]
    Overtaken,
    /// It could not even begin.
    #[error("the reconciler could not take over")]
    Record(#[source] RolloutError),
}

impl Reconciler for Reconcile {
    fn nudge(&self, service: Option<ServiceKey>) {
        self.nudges.ask(service);
    }

    fn status(&self) -> ReconcilerStatus {
        let mut status = self.current().clone();
        let due = status.last_pass.map(|at| at.plus(self.settings.resync));
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
        let nudges = Arc::default();
        let status = Mutex::default();
        Arc::new(Self { runtime, rollouts, clock, ids, settings, nudges, status })
    }

    /// Runs until `stop`. What runs in the engine goes on running.
    ///
    /// # Errors
    /// When another Easel has taken over.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), Ended> {
        let mut wait = self.settings.backoff;
        let fence = loop {
            match self.rollouts.take_over().await {
                Ok(fence) => break fence,
                Err(RolloutError::Overtaken) => return Err(Ended::Overtaken),
                Err(error) if stop.is_cancelled() => return Err(Ended::Record(error)),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "cannot take over");
                    tokio::select! {
                        () = self.clock.sleep(wait) => (),
                        () = stop.cancelled() => (),
                    }
                    wait = (wait * 2).min(self.settings.backoff_most);
                }
            }
        };
        let tools = Arc::new(Tools {
            runtime: Arc::clone(&self.runtime),
            rollouts: Arc::clone(&self.rollouts),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            settings: self.settings.clone(),
            fence,
            nudges: Arc::clone(&self.nudges),
            gate: Semaphore::new(self.settings.parallel),
            starts: Starts::default(),
            pulls: Pulls::new(self.settings.pulls),
            waits: Semaphore::new(64),
        });
        let mut turn = Turn::new(Arc::clone(&self), tools, stop);
        let end = turn.run().await;
        turn.end().await;
        end
    }

    pub(crate) fn current(&self) -> MutexGuard<'_, ReconcilerStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
