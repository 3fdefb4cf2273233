//! What a service is like, and when a rollout is over.

use super::{
    builder::PlanBuilder,
    readiness::probe_target,
    replica::{Replica, is_handing_over},
};
use domain::{
    deployment::{Condition, Deployment, DeploymentState, Transition},
    rollout::{FinalState, ServiceView, Step},
};

impl PlanBuilder<'_> {
    /// Ends a rollout of which nothing is left to do, and says what the service is like.
    pub(super) fn finish_rollout(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let Some(active) = service.active() else { return };
        // Somebody else serves once that is written; what he is like shows then.
        if self.facts.iter().any(|fact| matches!(fact, Step::Promoted { .. })) {
            return;
        }
        if let DeploymentState::Draining { .. } = active.state {
            let is_left = replicas.iter().any(|it| !it.is_desired);
            let completed = replicas
                .iter()
                .filter(|it| {
                    it.is_desired && it.restarts.final_state == Some(FinalState::Completed)
                })
                .count();
            let is_complete = completed == usize::from(service.desired_replicas(active))
                || self.is_covered(service, replicas);
            let is_done = !is_left && is_complete;
            let deadline = active.state.deadline(&active.config.check);
            if is_done || deadline.is_some_and(|deadline| deadline <= self.now) {
                let transition = Transition::Drained;
                self.facts.push(Step::Reached { deployment: active.id, transition });
            } else {
                self.requeue_at(self.now.plus(self.rules.in_flight));
            }
        }

        let (condition, why) = self.condition(service, active, replicas);
        let said = service.condition.as_ref();
        if said.is_none_or(|(known, text)| *known != condition || *text != why) {
            let service = service.key();
            self.facts.push(Step::ConditionChanged { service, condition, why });
        }
    }

    fn condition(
        &mut self,
        service: &ServiceView,
        active: &Deployment,
        replicas: &[Replica<'_>],
    ) -> (Condition, Option<String>) {
        if service.desired_count == 0 {
            return (Condition::Stopped, None);
        }
        let desired_count = usize::from(service.desired_replicas(active));
        let its: Vec<_> = replicas
            .iter()
            .filter(|it| it.is_desired && service.active == Some(it.row.deployment))
            .collect();
        let final_states = |final_state| {
            its.iter().filter(|it| it.restarts.final_state == Some(final_state)).count()
        };
        let (completed, crashed) =
            (final_states(FinalState::Completed), final_states(FinalState::Crashed));
        let healthy = its.iter().filter(|it| self.is_healthy(service, it)).count();
        // Until the one before is gone, it does the work too.
        let before = replicas
            .iter()
            .filter(|it| !it.is_desired && it.is_running() && it.is_in_service())
            .count();
        for replica in &its {
            self.requeue_on_recovery(replica);
        }

        let why = self.why.clone();
        if completed == desired_count {
            return (Condition::Completed, None);
        }
        if healthy + completed >= desired_count || (healthy == 0 && before >= desired_count) {
            return (Condition::Running, None);
        }
        if healthy > 0 || before > 0 {
            let text =
                why.unwrap_or_else(|| format!("{healthy} of {desired_count} replicas are ready"));
            return (Condition::Degraded, Some(text));
        }
        if crashed > 0 && crashed + completed == desired_count {
            let text = "it kept crashing; deploy again to start it".to_owned();
            return (Condition::Crashed, Some(text));
        }
        if its.iter().all(|it| it.observed.is_none()) {
            return (Condition::Missing, why);
        }
        if is_handing_over(service, replicas) {
            let text = "it is stopped while its next deployment starts".to_owned();
            return (Condition::Restarting, Some(text));
        }
        (Condition::Restarting, why)
    }

    /// Whether it does its work, as far as known.
    fn is_healthy(&self, service: &ServiceView, replica: &Replica<'_>) -> bool {
        let is_unproven = !replica.is_in_service()
            && match service.active().and_then(probe_target) {
                Some(_) => replica.health.is_none_or(|health| health.is_ready != Some(true)),
                None => !self.is_stable(replica),
            };
        replica.is_running()
            && !is_unproven
            && self.has_recovered(replica)
            && replica.health.is_none_or(|health| health.is_ready != Some(false))
    }

    /// Whether it has not crashed lately, or has stayed up since.
    ///
    /// An answer is not enough: between two crashes it may answer each time.
    pub(super) fn has_recovered(&self, replica: &Replica<'_>) -> bool {
        !self.has_crashed_recently(replica) || self.is_stable(replica)
    }

    fn is_stable(&self, replica: &Replica<'_>) -> bool {
        replica.observed.is_some_and(|observed| {
            observed
                .inspection
                .started_at
                .is_some_and(|started| self.now >= started.plus(self.rules.stable_after))
        })
    }

    fn requeue_on_recovery(&mut self, replica: &Replica<'_>) {
        if replica.is_running()
            && !self.has_recovered(replica)
            && let Some(started) =
                replica.observed.and_then(|observed| observed.inspection.started_at)
        {
            self.requeue_at(started.plus(self.rules.stable_after));
        }
    }
}
