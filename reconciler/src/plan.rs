//! The plan: pure and deterministic. What is known goes in, what to do comes out.
//!
//! A plan is small: it goes only as far as what is known now carries it. The loop carries it out,
//! looks again and asks again, until there is nothing to do. So a death at any point, a restart and
//! a nudge are all the same case.

mod active;
mod bury;
mod candidate;
mod condition;
mod draft;
mod failure;
mod leaving;
mod making;
mod newcomer;
mod replica;

pub use failure::{Consequence, consequence};

use crate::{action::Plan, rules::Rules, situation::Situation};
use domain::{Timestamp, rollout::ServiceView};
use draft::Draft;
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

impl Draft<'_> {
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
}
