//! Replicas that nobody wants any more.
//!
//! **Invariant:** the last healthy replica of a service is not stopped while one is wanted, unless
//! the strategy is to stop first. What no row, released id or tombstone names is not touched.

use super::{
    draft::Draft,
    replica::{Replica, is_handing_over},
};
use crate::{
    action::{Action, Chain},
    situation::Seen,
};
use domain::{
    deployment::DeploymentState,
    rollout::{ServiceView, Step, Verdict},
    runtime::{Restart, Serving},
};

impl Draft<'_> {
    /// Leads the name away from those that nobody wants, stops them and removes them.
    pub(super) fn let_go(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let is_covered = self.is_covered(service, replicas);
        for replica in replicas.iter().filter(|it| !it.is_wanted) {
            let Some(seen) = replica.seen else { continue };
            let may_go = is_covered || service.wanted == 0 || !seen.is_alive() || is_newcomer(seen);
            if !may_go || is_kept_for_return(service, replicas, replica) {
                self.wake(self.now.plus(self.rules.in_flight));
                continue;
            }
            let released = Step::ReplicaReleased { replica: replica.row.id };
            let mut actions = self.farewell(seen);
            if !actions.is_empty() {
                actions.push(Action::Record(vec![released]));
                self.work.push(Chain { on_behalf: None, actions });
            }
        }
        for seen in &self.situation.seen {
            let is_late = service.released.contains(&seen.inspection.identity.replica);
            if is_late && !replicas.iter().any(|it| it.row.id == seen.inspection.identity.replica) {
                let actions = self.removal(seen);
                self.work.push(Chain { on_behalf: None, actions });
            }
        }
    }

    /// The name goes before the container does, so that nobody is sent to it while it stops.
    fn farewell(&self, seen: &Seen) -> Vec<Action> {
        let removal = self.removal(seen);
        let can_be_found = seen.inspection.serves && seen.inspection.address.is_some();
        if removal.is_empty() || !can_be_found {
            return removal;
        }
        let container = seen.container.clone();
        [vec![Action::SetServing { container, serving: Serving::No }], removal].concat()
    }

    /// Whether the wanted replicas of the deployment that serves do the work.
    pub(super) fn is_covered(&self, service: &ServiceView, replicas: &[Replica<'_>]) -> bool {
        let Some(active) = service.active() else { return false };
        let wanted = usize::from(service.wanted);
        let its = || replicas.iter().filter(|it| it.is_wanted && it.row.deployment == active.id);
        let at_work = its().filter(|it| self.is_at_work(it)).count();
        let completed = its().filter(|it| it.ledger.verdict == Some(Verdict::Completed)).count();
        let is_late = match active.state {
            DeploymentState::Draining { .. } => active
                .state
                .deadline(&active.config.check)
                .is_some_and(|deadline| deadline <= self.now),
            _ => true,
        };
        at_work > 0 && (at_work + completed >= wanted || is_late)
    }

    /// Whether it serves: it runs, has proved itself, and its name leads to it.
    fn is_at_work(&self, replica: &Replica<'_>) -> bool {
        replica.is_running()
            && replica.is_admitted()
            && replica.seen.is_some_and(|seen| seen.inspection.serves)
            && replica.health.is_none_or(|health| health.is_ready != Some(false))
            && self.has_recovered(replica)
    }
}

/// Whether it never served: it goes without further questions.
fn is_newcomer(seen: &Seen) -> bool {
    seen.inspection.restart == Restart::No && !seen.inspection.serves
}

/// Stopped for a successor that is still being checked: it must be able to come back.
fn is_kept_for_return(
    service: &ServiceView,
    replicas: &[Replica<'_>],
    replica: &Replica<'_>,
) -> bool {
    is_handing_over(service, replicas)
        && service.active == Some(replica.row.deployment)
        && replica.row.index < service.wanted
        && replica.row.retired_at.is_none()
}
