//! The plan: pure and deterministic. What is known goes in, what to do comes out.
//!
//! A plan is small: it goes only as far as what is known now carries it. The loop carries it out,
//! looks again and asks again, until there is nothing to do. So a death at any point, a restart and
//! a nudge are all the same case.

mod active;
mod bury;
mod candidate;
mod condition;
mod failure;
mod leaving;
mod making;
mod newcomer;
mod replica;

pub use failure::{Consequence, consequence};

use crate::{
    action::{Action, Chain, Phase, Plan},
    settings::Rules,
    situation::Situation,
};
use domain::{DeploymentId, Timestamp, rollout::ServiceView, rollout::Step};
use replica::Replica;

/// What to do for one service now.
#[must_use]
pub fn plan(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut draft = Draft::new(situation, now, rules);
    draft.bury();
    if let Some(service) = &situation.aim.service {
        let replicas = replica::replicas(situation, service);
        draft.attend(service, &replicas);
    }
    draft.finish()
}

/// A plan while it is made.
struct Draft<'a> {
    situation: &'a Situation,
    now: Timestamp,
    rules: &'a Rules,
    /// What is true and not written down yet: the first phase.
    facts: Vec<Step>,
    /// What others need.
    preparations: Phase,
    /// The work itself.
    work: Phase,
    again_at: Option<Timestamp>,
    /// Why the service is not as it should be.
    why: Option<String>,
}

impl<'a> Draft<'a> {
    fn new(situation: &'a Situation, now: Timestamp, rules: &'a Rules) -> Self {
        Self {
            situation,
            now,
            rules,
            facts: Vec::new(),
            preparations: Vec::new(),
            work: Vec::new(),
            again_at: None,
            why: situation.memory.obstacle.clone(),
        }
    }

    fn attend(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        if self.note_losses(service, replicas) {
            return;
        }
        self.note_ledgers(service, replicas);
        self.roll_out(service, replicas);
        self.look_after(service, replicas);
        self.let_go(service, replicas);
        self.conclude(service, replicas);
    }

    /// Looks again at this time, or earlier.
    fn wake(&mut self, at: Timestamp) {
        self.again_at = Some(self.again_at.map_or(at, |known| known.min(at)));
    }

    fn prepare(&mut self, on_behalf: Option<DeploymentId>, action: Action) {
        let chain = Chain { on_behalf, actions: vec![action] };
        if !self.preparations.contains(&chain) {
            self.preparations.push(chain);
        }
    }

    fn act(&mut self, on_behalf: Option<DeploymentId>, actions: Vec<Action>) {
        self.work.push(Chain { on_behalf, actions });
    }

    fn finish(self) -> Plan {
        let mut phases = Vec::new();
        if !self.facts.is_empty() {
            phases.push(vec![Chain { on_behalf: None, actions: vec![Action::Record(self.facts)] }]);
        }
        phases.extend([self.preparations, self.work].into_iter().filter(|it| !it.is_empty()));
        Plan { phases, again_at: self.again_at }
    }
}
