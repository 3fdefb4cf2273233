//! What a look at everything has found, and what follows for the whole.

use super::{Done, Turn};
use crate::{
    reconcile::millis,
    survey::{Depth, Survey},
    trouble::Trouble,
};
use domain::{
    EnvironmentId, Timestamp,
    rollout::{Ownership, Step, Subject},
};
use std::sync::Arc;

impl Turn {
    pub(super) fn take_survey(&mut self, survey: Survey, began: Timestamp) {
        self.rule(survey.ownership());
        let depth = survey.depth;
        self.rows = Some(survey.rows);
        for (key, (aim, list)) in survey.services {
            let entry = self.entries.entry(key).or_default();
            let is_settled = entry.is_settled(&aim, (depth > Depth::Rows).then_some(&*list));
            if is_settled && !entry.is_dirty && depth < Depth::Everything {
                continue;
            }
            entry.is_dirty = true;
            // A pass in between knows better.
            let is_news = !entry.is_running && entry.seen_at.is_none_or(|at| at < began);
            entry.hint = (depth > Depth::Rows && is_news && entry.backoff.is_zero())
                .then(|| Survey::hint(&aim, &list));
            if depth == Depth::Rows {
                // Somebody has just changed something: that does not wait for a back-off.
                entry.not_before = None;
            } else if !entry.backoff.is_zero() && entry.not_before.is_none() {
                entry.not_before = Some(began.plus(entry.backoff));
            }
        }
        if self.may_change {
            for (subject, environment) in survey.empty {
                self.bury(subject, environment);
            }
        }
        let now = self.now();
        let mut status = self.me.current();
        if depth > Depth::Rows {
            status.last_pass = Some(now);
            status.last_pass_ms = millis(now.since(began));
            status.strays = survey.strays;
        }
    }

    /// Decides whether this database may rule this engine.
    fn rule(&mut self, ownership: &Ownership) {
        let Some(engine) = &self.engine else { return };
        let why = match ownership {
            Ownership::Unbound => {
                // Written down before anything is changed.
                let tools = Arc::clone(&self.tools);
                let step = Step::EngineBound { engine: engine.clone() };
                self.tasks.spawn(async move {
                    let bound =
                        tools.rollouts.record(tools.fence, tools.clock.now(), &[step]).await;
                    Done::Bound(bound.map_err(Trouble::from))
                });
                Some("the engine is being met for the first time".to_owned())
            }
            Ownership::Bound { engine: bound } if bound == engine => None,
            Ownership::Bound { .. } => Some(
                "this is another engine than the one that this database rules; if it shall, start \
                 Easel once with --adopt-engine"
                    .to_owned(),
            ),
            Ownership::Doubtful { why } => Some(format!(
                "{why}; if this one shall rule the engine, start it once with --adopt-engine"
            )),
        };
        self.may_change = why.is_none();
        let mut status = self.me.current();
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
    fn bury(&mut self, subject: Subject, environment: EnvironmentId) {
        let tools = Arc::clone(&self.tools);
        self.tasks.spawn(async move {
            let _permit = tools.permit(&tools.gate).await;
            let bury = async {
                tools.runtime.remove_environment(environment).await?;
                let steps = [Step::TombstoneDone { subject }];
                Ok(tools.rollouts.record(tools.fence, tools.clock.now(), &steps).await?)
            };
            Done::Buried(bury.await)
        });
    }

    /// The containers of a deleted service are gone: its environment's place may be next.
    pub(super) fn follow_up(&mut self, environment: EnvironmentId) {
        if self.rows.as_ref().is_some_and(|rows| rows.is_deleted(environment)) {
            self.wanted = self.wanted.max(Some(Depth::List));
        }
    }
}
