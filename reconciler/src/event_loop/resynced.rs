//! What a look at everything has found, and what follows for the whole.

use super::{EventLoop, TaskResult};
use crate::{
    error::ReconcileError,
    reconcile::millis,
    resync::{Resync, ResyncScope},
};
use domain::{
    EnvironmentId, Timestamp,
    rollout::{Ownership, Step, Subject},
};
use std::sync::Arc;

impl EventLoop {
    pub(super) fn apply_resync(&mut self, resync: Resync, began: Timestamp) {
        self.check_ownership(resync.ownership());
        let scope = resync.scope;
        self.rows = Some(resync.rows);
        for (key, (desired, list)) in resync.services {
            let entry = self.entries.entry(key).or_default();
            let is_converged =
                entry.is_converged(&desired, (scope > ResyncScope::Rows).then_some(&*list));
            if is_converged && !entry.is_dirty && scope < ResyncScope::Everything {
                continue;
            }
            entry.is_dirty = true;
            // A pass in between knows better.
            let is_news = !entry.is_running && entry.observed_at.is_none_or(|at| at < began);
            entry.hint = (scope > ResyncScope::Rows && is_news && entry.backoff.is_zero())
                .then(|| Resync::hint(&desired, &list));
            if scope == ResyncScope::Rows {
                // Somebody has just changed something: that does not wait for a back-off.
                entry.not_before = None;
            } else if !entry.backoff.is_zero() && entry.not_before.is_none() {
                entry.not_before = Some(began.plus(entry.backoff));
            }
        }
        if self.may_change {
            for (subject, environment) in resync.empty {
                self.remove_network(subject, environment);
            }
        }
        let now = self.now();
        let mut status = self.reconciler.current();
        if scope > ResyncScope::Rows {
            status.reconciled_at = Some(now);
            status.reconcile_ms = millis(now.since(began));
            status.orphans = resync.orphans;
        }
    }

    /// Decides whether this database may rule this engine.
    fn check_ownership(&mut self, ownership: &Ownership) {
        let Some(engine) = &self.engine else { return };
        let why = match ownership {
            Ownership::Unbound => {
                // Written down before anything is changed.
                let context = Arc::clone(&self.context);
                let step = Step::EngineBound { engine: engine.clone() };
                self.tasks.spawn(async move {
                    let bound =
                        context.rollouts.record(context.fence, context.clock.now(), &[step]).await;
                    TaskResult::Bound(bound.map_err(ReconcileError::from))
                });
                Some("this is the first contact with the engine".to_owned())
            }
            Ownership::Bound { engine: bound } if bound == engine => None,
            Ownership::Bound { .. } => Some(
                "this is another engine than the one that this database manages; to manage this \
                    one, start Easel once with --adopt-engine"
                    .to_owned(),
            ),
            Ownership::Doubtful { why } => Some(format!(
                "{why}; if this one shall manage the engine, start it once with --adopt-engine"
            )),
        };
        self.may_change = why.is_none();
        let mut status = self.reconciler.current();
        if status.observe_only != why {
            match &why {
                Some(why) if *ownership == Ownership::Unbound => tracing::info!("{why}"),
                Some(why) => tracing::warn!("observing only: {why}"),
                None => (),
            }
            status.observe_only = why;
        }
    }

    /// Removes the place of an environment of which nothing else is left.
    fn remove_network(&mut self, subject: Subject, environment: EnvironmentId) {
        let context = Arc::clone(&self.context);
        self.tasks.spawn(async move {
            let _permit = context.permit(&context.call_permits).await;
            let removal = async {
                context.runtime.remove_environment(environment).await?;
                let steps = [Step::TombstoneDone { subject }];
                Ok(context.rollouts.record(context.fence, context.clock.now(), &steps).await?)
            };
            TaskResult::NetworkRemoved(removal.await)
        });
    }

    /// The containers of a deleted service are gone: its environment's place may be next.
    pub(super) fn follow_up(&mut self, environment: EnvironmentId) {
        if self.rows.as_ref().is_some_and(|rows| rows.is_deleted(environment)) {
            self.requested = self.requested.max(Some(ResyncScope::List));
        }
    }
}
