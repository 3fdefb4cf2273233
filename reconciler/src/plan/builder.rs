//! A plan while it is made.

use crate::{
    action::{Action, Chain, Phase, Plan},
    rules::Rules,
    situation::Situation,
};
use domain::{DeploymentId, Timestamp, rollout::Step};

/// A plan while it is made.
pub(super) struct PlanBuilder<'a> {
    pub(super) situation: &'a Situation,
    pub(super) now: Timestamp,
    pub(super) rules: &'a Rules,
    /// What is true and not written down yet: the first phase.
    pub(super) facts: Vec<Step>,
    /// What others need.
    pub(super) preparations: Phase,
    /// The work itself.
    pub(super) work: Phase,
    pub(super) requeue_at: Option<Timestamp>,
    /// Why the service is not as it should be.
    pub(super) why: Option<String>,
}

impl<'a> PlanBuilder<'a> {
    /// Nothing yet.
    pub(super) fn new(situation: &'a Situation, now: Timestamp, rules: &'a Rules) -> Self {
        Self {
            situation,
            now,
            rules,
            facts: Vec::new(),
            preparations: Vec::new(),
            work: Vec::new(),
            requeue_at: None,
            why: situation.memory.blocker.clone(),
        }
    }

    /// Looks again at this time, or earlier.
    pub(super) fn requeue_at(&mut self, at: Timestamp) {
        self.requeue_at = Some(self.requeue_at.map_or(at, |known| known.min(at)));
    }

    /// Does it before the work, once.
    pub(super) fn prepare(&mut self, on_behalf: Option<DeploymentId>, action: Action) {
        let chain = Chain { on_behalf, actions: vec![action] };
        if !self.preparations.contains(&chain) {
            self.preparations.push(chain);
        }
    }

    /// Does these one after the other.
    pub(super) fn act(&mut self, on_behalf: Option<DeploymentId>, actions: Vec<Action>) {
        self.work.push(Chain { on_behalf, actions });
    }

    /// The plan.
    pub(super) fn finish(self) -> Plan {
        let mut phases = Vec::new();
        if !self.facts.is_empty() {
            phases.push(vec![Chain { on_behalf: None, actions: vec![Action::Record(self.facts)] }]);
        }
        phases.extend([self.preparations, self.work].into_iter().filter(|it| !it.is_empty()));
        Plan { phases, requeue_at: self.requeue_at }
    }
}
