//! From the start to the end of a reconciler.

use crate::{
    context::Context,
    event_loop::EventLoop,
    pulls::Pulls,
    reconcile::{LoopError, Reconcile},
    start_gate::StartGate,
};
use domain::rollout::{Fence, RolloutError};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

impl Reconcile {
    /// Runs until `stop`. What runs in the engine goes on running.
    ///
    /// # Errors
    /// When another Easel has taken over.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), LoopError> {
        let Some(fence) = self.take_over(&stop).await? else { return Ok(()) };
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

    /// Takes over, as soon as that can be written down: a disk may be full meanwhile. `None`: it was asked
    /// to stop before.
    async fn take_over(&self, stop: &CancellationToken) -> Result<Option<Fence>, LoopError> {
        let mut said = String::new();
        loop {
            let error = match self.rollouts.acquire_fence().await {
                Ok(fence) => return Ok(Some(fence)),
                Err(RolloutError::Fenced) => return Err(LoopError::Fenced),
                Err(error) => error,
            };
            if said != error.to_string() {
                said = error.to_string();
                tracing::error!(error = &error as &dyn std::error::Error, "cannot take over yet");
            }
            // Who asks how it goes is not to think that it is the engine's fault.
            let asked = self.runtime.engine();
            let engine = tokio::select! {
                biased;
                engine = asked => engine,
                () = stop.cancelled() => return Ok(None),
            };
            self.note_engine(engine.as_ref().err());
            tokio::select! {
                biased;
                () = self.clock.sleep(self.settings.backoff) => (),
                () = stop.cancelled() => return Ok(None),
            }
        }
    }
}
