//! Replicas that nobody wants any more.
//!
//! **Invariant:** the last healthy replica of a service is not stopped while one is wanted, unless
//! the strategy is to stop first. What no row, released id or tombstone names is not touched.

use super::{
    builder::PlanBuilder,
    replica::{Replica, is_handing_over},
};
use crate::{
    action::{Action, Chain},
    situation::ObservedContainer,
};
use domain::{
    deployment::DeploymentState,
    rollout::{FinalState, ServiceView, Step},
    runtime::{RestartPolicy, Serving},
};

impl PlanBuilder<'_> {
    /// Leads the name away from those that nobody wants, stops them and removes them.
    pub(super) fn remove_retired(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let is_covered = self.is_covered(service, replicas);
        for replica in replicas.iter().filter(|it| !it.is_desired) {
            let Some(observed) = replica.observed else { continue };
            let may_go = is_covered
                || service.desired_count == 0
                || !observed.is_alive()
                || never_served(observed)
                || takes_turns(service, replica);
            if !may_go || is_kept_for_return(service, replicas, replica) {
                self.requeue_at(self.now.plus(self.rules.in_flight));
                continue;
            }
            let released = Step::ReplicaReleased { replica: replica.row.id };
            let mut actions = self.graceful_removal(observed);
            if !actions.is_empty() {
                actions.push(Action::Record(vec![released]));
                self.work.push(Chain { on_behalf: None, actions });
            }
        }
        for observed in &self.situation.observed {
            let is_late = service.released.contains(&observed.inspection.identity.replica);
            if is_late
                && !replicas.iter().any(|it| it.row.id == observed.inspection.identity.replica)
            {
                let actions = self.removal(observed);
                self.work.push(Chain { on_behalf: None, actions });
            }
        }
    }

    /// The name goes before the container does, so that nobody is sent to it while it stops.
    fn graceful_removal(&self, observed: &ObservedContainer) -> Vec<Action> {
        let removal = self.removal(observed);
        let can_be_found = observed.inspection.serves && observed.inspection.address.is_some();
        if removal.is_empty() || !can_be_found {
            return removal;
        }
        let container = observed.container.clone();
        [vec![Action::SetServing { container, serving: Serving::No }], removal].concat()
    }

    /// Whether the wanted replicas of the deployment that serves do the work.
    pub(super) fn is_covered(&self, service: &ServiceView, replicas: &[Replica<'_>]) -> bool {
        let Some(active) = service.active() else { return false };
        let desired_count = usize::from(service.desired_replicas(active));
        let its = || replicas.iter().filter(|it| it.is_desired && it.row.deployment == active.id);
        let serving = its().filter(|it| self.is_serving(it)).count();
        let completed =
            its().filter(|it| it.restarts.final_state == Some(FinalState::Completed)).count();
        let is_late = match active.state {
            DeploymentState::Draining { .. } => active
                .state
                .deadline(&active.config.check)
                .is_some_and(|deadline| deadline <= self.now),
            _ => true,
        };
        serving > 0 && (serving + completed >= desired_count || is_late)
    }

    /// Whether it serves: it runs, has proved itself, and its name leads to it.
    fn is_serving(&self, replica: &Replica<'_>) -> bool {
        replica.is_running()
            && !replica.is_cut_off()
            && replica.is_in_service()
            && replica.observed.is_some_and(|observed| observed.inspection.serves)
            && replica.health.is_none_or(|health| health.is_ready != Some(false))
            && self.has_recovered(replica)
    }
}

/// Whether it must go before the one that is wanted of its own deployment can write.
fn takes_turns(service: &ServiceView, replica: &Replica<'_>) -> bool {
    service
        .active()
        .is_some_and(|active| active.id == replica.row.deployment && active.config.has_one_writer())
}

/// Whether it never served: it goes without further questions.
fn never_served(observed: &ObservedContainer) -> bool {
    observed.inspection.restart == RestartPolicy::No && !observed.inspection.serves
}

/// Stopped for a successor that is still being checked: it must be able to come back.
fn is_kept_for_return(
    service: &ServiceView,
    replicas: &[Replica<'_>],
    replica: &Replica<'_>,
) -> bool {
    is_handing_over(service, replicas)
        && service.active == Some(replica.row.deployment)
        && service
            .deployment(replica.row.deployment)
            .is_some_and(|it| replica.row.index < service.desired_replicas(it))
        && replica.row.retired_at.is_none()
}
