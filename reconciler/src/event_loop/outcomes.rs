//! How what was begun has ended, and what follows from a failure.

use super::{EngineStream, EventLoop, TaskResult};
use crate::{
    entry::Converged, error::ReconcileError, reconcile::LoopError, resync::ResyncScope,
    worker::Outcome,
};
use domain::rollout::ServiceKey;
use std::sync::Arc;

impl EventLoop {
    /// A task has panicked: its service is tried again, the others do not notice.
    pub(super) fn recover(&mut self, error: &tokio::task::JoinError) {
        tracing::error!("a worker has failed: {error}");
        let now = self.now();
        let settings = &self.reconciler.settings;
        match self.task_services.remove(&error.id()) {
            Some(key) => {
                let entry = self.entries.entry(key).or_default();
                entry.is_running = false;
                entry.fail(now, settings.backoff, settings.backoff_max);
                let mut status = self.reconciler.current();
                status.in_progress = status.in_progress.saturating_sub(1);
            }
            None => {
                self.resyncing = None;
                self.checking = false;
                self.stream = EngineStream::Down { retry_at: now.plus(settings.backoff) };
            }
        }
    }

    pub(super) fn finish(&mut self, key: ServiceKey, outcome: Outcome) -> Result<(), LoopError> {
        let now = self.now();
        let settings = &self.reconciler.settings;
        let Some(entry) = self.entries.get_mut(&key) else { return Ok(()) };
        entry.is_running = false;
        entry.deadline = outcome.requeue_at;
        entry.observed_at = Some(now);
        entry.converged = outcome
            .situation
            .as_ref()
            .filter(|_| outcome.error.is_none())
            .map(|it| Converged { desired: Arc::clone(&it.desired), list: it.as_listed() });
        entry.situation = outcome.situation.map(Box::new);
        match &outcome.error {
            None => entry.succeed(),
            Some(ReconcileError::Stale(_)) => entry.is_dirty = true,
            Some(error) => {
                tracing::warn!(service.id = %key.service, "a pass has failed: {error}");
                entry.fail(now, settings.backoff, settings.max_backoff(error));
            }
        }
        let is_forgotten = entry
            .situation
            .as_ref()
            .is_some_and(|it| it.desired.service.is_none() && it.observed.is_empty())
            && !entry.is_dirty;
        if is_forgotten {
            self.entries.remove(&key);
            self.follow_up(key.environment);
        }
        let backing_off = self.entries.values().filter(|entry| !entry.backoff.is_zero()).count();
        {
            let mut status = self.reconciler.current();
            status.in_progress = status.in_progress.saturating_sub(1);
            status.backing_off = u64::try_from(backing_off).unwrap_or(u64::MAX);
        }
        match outcome.error {
            Some(error) => self.note_global_error(error),
            None => Ok(()),
        }
    }

    /// A resync has failed: whoever asked for it must not wait for the next regular one.
    pub(super) fn retry_resync(&mut self, scope: Option<ResyncScope>, error: &ReconcileError) {
        tracing::warn!("a look at everything has failed and is taken again: {error}");
        let settings = &self.reconciler.settings;
        self.requested = self.requested.max(scope);
        let most = settings.max_backoff(error);
        self.resync_backoff = (self.resync_backoff * 2).clamp(settings.backoff, most);
        self.resync_not_before = self.now().plus(self.resync_backoff);
    }

    /// The place of a deleted environment is still there, or its tombstone is not closed.
    pub(super) fn retry_network_removal(&mut self, error: ReconcileError) -> Result<(), LoopError> {
        tracing::warn!("a deleted environment could not be removed from the engine: {error}");
        if error.is_transient() {
            let soon = self.now().plus(self.reconciler.settings.backoff_transient);
            self.resync_at = self.resync_at.min(soon);
        }
        self.note_global_error(error)
    }

    /// Handles an error as far as it concerns the whole loop.
    pub(super) fn note_global_error(&mut self, error: ReconcileError) -> Result<(), LoopError> {
        match error {
            ReconcileError::Fenced => Err(LoopError::Fenced),
            ReconcileError::Engine(error) if error.is_outage() => {
                // One call that hangs is no outage yet: does the engine answer at all?
                if !self.checking && matches!(self.stream, EngineStream::Up(_)) {
                    self.checking = true;
                    let context = Arc::clone(&self.context);
                    self.tasks.spawn(async move {
                        TaskResult::Checked(context.runtime.engine().await.map(|_| ()))
                    });
                }
                Ok(())
            }
            ReconcileError::Engine(_)
            | ReconcileError::Stale(_)
            | ReconcileError::Record(_)
            | ReconcileError::NotConverging
            | ReconcileError::Stopped => Ok(()),
        }
    }
}
