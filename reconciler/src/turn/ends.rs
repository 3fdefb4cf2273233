//! How what was begun has ended, and what follows from a failure.

use super::{Done, Link, Turn};
use crate::{entry::Settled, reconcile::Ended, survey::Depth, trouble::Trouble, worker::Outcome};
use domain::rollout::ServiceKey;
use std::sync::Arc;

impl Turn {
    /// A task has panicked: its service is tried again, the others do not notice.
    pub(super) fn recover(&mut self, error: &tokio::task::JoinError) {
        tracing::error!("a worker has failed: {error}");
        let now = self.now();
        let settings = &self.me.settings;
        match self.on.remove(&error.id()) {
            Some(key) => {
                let entry = self.entries.entry(key).or_default();
                entry.is_running = false;
                entry.fail(now, settings.backoff, settings.backoff_most);
                let mut status = self.me.current();
                status.busy = status.busy.saturating_sub(1);
            }
            None => {
                self.surveying = None;
                self.checking = false;
                self.link = Link::Down { retry_at: now.plus(settings.backoff) };
            }
        }
    }

    pub(super) fn finish(&mut self, key: ServiceKey, outcome: Outcome) -> Result<(), Ended> {
        let now = self.now();
        let settings = &self.me.settings;
        let Some(entry) = self.entries.get_mut(&key) else { return Ok(()) };
        entry.is_running = false;
        entry.deadline = outcome.again_at;
        entry.seen_at = Some(now);
        entry.settled = outcome
            .situation
            .as_ref()
            .filter(|_| outcome.trouble.is_none())
            .map(|it| Settled { aim: Arc::clone(&it.aim), list: it.as_listed() });
        entry.situation = outcome.situation.map(Box::new);
        match &outcome.trouble {
            None => entry.succeed(),
            Some(Trouble::Stale(_)) => entry.is_dirty = true,
            Some(trouble) => {
                tracing::warn!(service.id = %key.service, "a pass has failed: {trouble}");
                entry.fail(now, settings.backoff, settings.most_backoff(trouble));
            }
        }
        let is_forgotten = entry
            .situation
            .as_ref()
            .is_some_and(|it| it.aim.service.is_none() && it.seen.is_empty())
            && !entry.is_dirty;
        if is_forgotten {
            self.entries.remove(&key);
            self.follow_up(key.environment);
        }
        let failing = self.entries.values().filter(|entry| !entry.backoff.is_zero()).count();
        {
            let mut status = self.me.current();
            status.busy = status.busy.saturating_sub(1);
            status.failing = u64::try_from(failing).unwrap_or(u64::MAX);
        }
        match outcome.trouble {
            Some(trouble) => self.meet(trouble),
            None => Ok(()),
        }
    }

    /// A survey has failed: whoever wished for it must not wait for the next regular one.
    pub(super) fn survey_again(&mut self, depth: Option<Depth>, trouble: &Trouble) {
        tracing::warn!("a look at everything has failed and is taken again: {trouble}");
        let settings = &self.me.settings;
        self.wanted = self.wanted.max(depth);
        let most = settings.most_backoff(trouble);
        self.survey_wait = (self.survey_wait * 2).clamp(settings.backoff, most);
        self.survey_not_before = self.now().plus(self.survey_wait);
    }

    /// The place of a deleted environment is still there, or its tombstone is not closed.
    pub(super) fn leave_unburied(&mut self, trouble: Trouble) -> Result<(), Ended> {
        tracing::warn!("a deleted environment could not be removed from the engine: {trouble}");
        if trouble.is_transient() {
            let soon = self.now().plus(self.me.settings.backoff_transient);
            self.resync_at = self.resync_at.min(soon);
        }
        self.meet(trouble)
    }

    /// Takes in what went wrong, as far as it concerns everybody.
    pub(super) fn meet(&mut self, trouble: Trouble) -> Result<(), Ended> {
        match trouble {
            Trouble::Overtaken => Err(Ended::Overtaken),
            Trouble::Engine(error) if error.is_outage() => {
                // One call that hangs is no outage yet: does the engine answer at all?
                if !self.checking && matches!(self.link, Link::Up(_)) {
                    self.checking = true;
                    let tools = Arc::clone(&self.tools);
                    self.tasks.spawn(async move {
                        Done::Checked(tools.runtime.engine().await.map(|_| ()))
                    });
                }
                Ok(())
            }
            Trouble::Engine(_)
            | Trouble::Stale(_)
            | Trouble::Record(_)
            | Trouble::Restless
            | Trouble::Stopped => Ok(()),
        }
    }
}
