//! From the start to the end of a reconciler.

use crate::{
    pulls::Pulls,
    reconcile::{Ended, Reconcile},
    starts::Starts,
    tools::Tools,
    turn::Turn,
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
}
