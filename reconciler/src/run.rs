//! From the start to the end of a reconciler.

use crate::{
    context::Context,
    event_loop::EventLoop,
    pulls::Pulls,
    reconcile::{LoopError, Reconcile},
    start_gate::StartGate,
};
use domain::rollout::RolloutError;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

impl Reconcile {
    /// Runs until `stop`. What runs in the engine goes on running.
    ///
    /// # Errors
    /// When another Easel has taken over.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), LoopError> {
        let mut wait = self.settings.backoff;
        let fence = loop {
            match self.rollouts.acquire_fence().await {
                Ok(fence) => break fence,
                Err(RolloutError::Fenced) => return Err(LoopError::Fenced),
                Err(error) if stop.is_cancelled() => return Err(LoopError::Record(error)),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "cannot take over");
                    tokio::select! {
                        () = self.clock.sleep(wait) => (),
                        () = stop.cancelled() => (),
                    }
                    wait = (wait * 2).min(self.settings.backoff_max);
                }
            }
        };
        let context = Arc::new(Context {
            runtime: Arc::clone(&self.runtime),
            rollouts: Arc::clone(&self.rollouts),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            settings: self.settings.clone(),
            fence,
            queue: Arc::clone(&self.queue),
            call_permits: Semaphore::new(self.settings.parallel),
            start_gate: StartGate::default(),
            pulls: Pulls::new(self.settings.pulls),
            slow_permits: Semaphore::new(64),
        });
        let mut event_loop = EventLoop::new(Arc::clone(&self), context, stop);
        let end = event_loop.run().await;
        event_loop.end().await;
        end
    }
}
