//! What the loop keeps of each service.

use crate::{situation::Situation, worker::Hint};
use domain::{
    Strategy, Timestamp,
    deployment::{Condition, DeploymentState},
    rollout::DesiredService,
    runtime::{ContainerState, ObservedReplica, ReplicaHandle},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What the loop keeps of one service.
#[derive(Default)]
pub(crate) struct Entry {
    /// Whether a worker is on it.
    pub(crate) is_running: bool,
    /// Whether it is to be looked at again, however it looked last.
    pub(crate) is_dirty: bool,
    /// What a resync has found out for the next pass.
    pub(crate) hint: Option<Box<Hint>>,
    /// When to look again by itself: the one deadline of this service.
    pub(crate) deadline: Option<Timestamp>,
    /// After a failure: not before this, unless a person has changed something.
    pub(crate) not_before: Option<Timestamp>,
    /// How long to wait after the next failure; zero: nothing has failed.
    pub(crate) backoff: Duration,
    /// Whether an end that was only heard of is part of what was seen last.
    pub(crate) has_reported_end: bool,
    /// What was seen last.
    pub(crate) situation: Option<Box<Situation>>,
    /// When that was.
    pub(crate) observed_at: Option<Timestamp>,
    /// What it was like when nothing was left to do.
    pub(crate) converged: Option<Converged>,
    /// Wakes a worker that waits for an answer.
    pub(crate) interrupt: Arc<Notify>,
}

/// What a service was like when nothing was left to do.
#[derive(PartialEq)]
pub(crate) struct Converged {
    pub(crate) desired: Arc<DesiredService>,
    pub(crate) list: Vec<ObservedReplica>,
}

impl Entry {
    /// When its worker may begin; `None`: there is nothing to do.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_running {
            return None;
        }
        match (self.is_dirty, self.not_before) {
            (true, Some(not_before)) => Some(not_before.max(now)),
            (true, None) => Some(now),
            (false, _) => self.deadline,
        }
    }

    /// Whether this is what it was like when nothing was left to do. The same aim is kept once.
    pub(crate) fn is_converged(
        &mut self,
        desired: &Arc<DesiredService>,
        list: Option<&[ObservedReplica]>,
    ) -> bool {
        let Some(converged) =
            self.converged.as_mut().filter(|converged| converged.desired == *desired)
        else {
            return false;
        };
        if let Some(situation) = self.situation.as_mut().filter(|it| it.desired == *desired) {
            situation.desired = Arc::clone(desired);
        }
        converged.desired = Arc::clone(desired);
        list.is_none_or(|list| converged.list == list)
    }

    /// Whether something is under way, so that it should be looked at even without an event.
    pub(crate) fn is_in_flight(&self) -> bool {
        let Some(service) = self.situation.as_ref().and_then(|it| it.desired.service.as_ref())
        else {
            return false;
        };
        let is_moving = service.deployments.iter().any(|deployment| {
            deployment.state.is_candidate()
                || matches!(deployment.state, DeploymentState::Draining { .. })
        });
        let is_unhealthy = service.condition.as_ref().is_some_and(|(condition, _)| {
            matches!(condition, Condition::Degraded | Condition::Restarting | Condition::Missing)
        });
        let is_exclusive =
            service.active().is_some_and(|active| active.config.strategy == Strategy::StopFirst);
        is_moving || is_unhealthy || (is_exclusive && service.replicas.iter().any(is_retired))
    }

    /// Takes in that a container has ended badly. Ends of earlier runs are told late sometimes, and
    /// an end with 0 may be a job well done: neither says anything before it is looked at.
    pub(crate) fn note_reported_end(
        &mut self,
        container: &ReplicaHandle,
        exit_code: Option<i64>,
        at: Timestamp,
    ) {
        // While it waits after a failure, this would be old news when it is told.
        let Some(situation) = self.situation.as_mut().filter(|_| self.not_before.is_none()) else {
            return;
        };
        for observed in
            situation.observed.iter_mut().filter(|observed| observed.container == *container)
        {
            let inspection = &mut observed.inspection;
            let is_news = inspection.state == ContainerState::Running
                && inspection.started_at.is_some_and(|started| started < at);
            if is_news && exit_code != Some(0) {
                inspection.state = ContainerState::Exited;
                inspection.exit_code = exit_code;
                inspection.finished_at = Some(at);
                self.has_reported_end = true;
            }
        }
    }

    /// Takes note of a failure and slows down.
    pub(crate) fn fail(&mut self, now: Timestamp, first: Duration, most: Duration) {
        self.backoff = if self.backoff.is_zero() { first } else { (self.backoff * 2).min(most) };
        self.not_before = Some(now.plus(self.backoff));
        self.is_dirty = true;
    }

    /// A pass has gone well.
    pub(crate) fn succeed(&mut self) {
        self.backoff = Duration::ZERO;
        self.not_before = None;
    }
}

fn is_retired(row: &domain::rollout::ReplicaRow) -> bool {
    row.retired_at.is_some()
}
