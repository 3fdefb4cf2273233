//! What a service is like, and when a rollout is over.

use super::{
    draft::Draft,
    newcomer::question,
    replica::{Replica, is_handing_over},
};
use domain::{
    deployment::{Condition, DeploymentState, Milestone},
    rollout::{ServiceView, Step, Verdict},
};

impl Draft<'_> {
    /// Ends a rollout of which nothing is left to do, and says what the service is like.
    pub(super) fn conclude(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let Some(active) = service.active() else { return };
        // Somebody else serves once that is written; what he is like shows then.
        if self.facts.iter().any(|fact| matches!(fact, Step::Promoted { .. })) {
            return;
        }
        if let DeploymentState::Draining { .. } = active.state {
            let is_left = replicas.iter().any(|it| !it.is_wanted);
            let completed = replicas
                .iter()
                .filter(|it| it.is_wanted && it.ledger.verdict == Some(Verdict::Completed))
                .count();
            let has_arrived =
                completed == usize::from(service.wanted) || self.is_covered(service, replicas);
            let is_done = !is_left && has_arrived;
            let deadline = active.state.deadline(&active.config.check);
            if is_done || deadline.is_some_and(|deadline| deadline <= self.now) {
                let milestone = Milestone::Drained;
                self.facts.push(Step::Reached { deployment: active.id, milestone });
            } else {
                self.wake(self.now.plus(self.rules.in_flight));
            }
        }

        let (condition, why) = self.condition(service, replicas);
        let said = service.condition.as_ref();
        if said.is_none_or(|(known, text)| *known != condition || *text != why) {
            let service = service.key();
            self.facts.push(Step::ConditionChanged { service, condition, why });
        }
    }

    fn condition(
        &mut self,
        service: &ServiceView,
        replicas: &[Replica<'_>],
    ) -> (Condition, Option<String>) {
        if service.wanted == 0 {
            return (Condition::Stopped, None);
        }
        let wanted = usize::from(service.wanted);
        let its: Vec<_> = replicas
            .iter()
            .filter(|it| it.is_wanted && service.active == Some(it.row.deployment))
            .collect();
        let verdicts = |verdict| its.iter().filter(|it| it.ledger.verdict == Some(verdict)).count();
        let (completed, crashed) = (verdicts(Verdict::Completed), verdicts(Verdict::Crashed));
        let well = its.iter().filter(|it| self.is_well(service, it)).count();
        // Until the one before is gone, it does the work too.
        let before = replicas
            .iter()
            .filter(|it| !it.is_wanted && it.is_running() && it.is_admitted())
            .count();
        for replica in &its {
            self.wake_on_recovery(replica);
        }

        let why = self.why.clone();
        if completed == wanted {
            return (Condition::Completed, None);
        }
        if well + completed >= wanted || (well == 0 && before >= wanted) {
            return (Condition::Running, None);
        }
        if well > 0 || before > 0 {
            let text = why.unwrap_or_else(|| format!("{well} of {wanted} replicas are ready"));
            return (Condition::Degraded, Some(text));
        }
        if crashed > 0 && crashed + completed == wanted {
            let text = "it kept crashing; deploy again to start it".to_owned();
            return (Condition::Crashed, Some(text));
        }
        if its.iter().all(|it| it.seen.is_none()) {
            return (Condition::Missing, why);
        }
        if is_handing_over(service, replicas) {
            let text = "it is stopped while its next deployment starts".to_owned();
            return (Condition::Restarting, Some(text));
        }
        (Condition::Restarting, why)
    }

    /// Whether it does its work, as far as known.
    fn is_well(&self, service: &ServiceView, replica: &Replica<'_>) -> bool {
        let is_unproven = !replica.is_admitted()
            && match service.active().and_then(question) {
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
        !self.is_shaken(replica) || self.is_stable(replica)
    }

    fn is_stable(&self, replica: &Replica<'_>) -> bool {
        replica.seen.is_some_and(|seen| {
            seen.inspection
                .started_at
                .is_some_and(|started| self.now >= started.plus(self.rules.stable_after))
        })
    }

    fn wake_on_recovery(&mut self, replica: &Replica<'_>) {
        if replica.is_running()
            && !self.has_recovered(replica)
            && let Some(started) = replica.seen.and_then(|seen| seen.inspection.started_at)
        {
            self.wake(started.plus(self.rules.stable_after));
        }
    }
}
