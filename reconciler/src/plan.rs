//! The plan: pure and deterministic. What is known goes in, what to do comes out.
//!
//! A plan is small: it goes only as far as what is known now carries it. The loop carries it out,
//! looks again and asks again, until there is nothing to do. So a death at any point, a restart and
//! a nudge are all the same case.

mod active;
mod builder;
mod candidate;
mod condition;
mod creation;
mod failure;
mod readiness;
mod replica;
mod retirement;
mod tombstone;

pub use failure::{FailureEffect, after_failure};

use crate::{action::Plan, rules::Rules, situation::Situation};
use builder::PlanBuilder;
use domain::{Timestamp, rollout::ServiceView};
use replica::Replica;

/// What to do for one service now.
#[must_use]
pub fn plan(situation: &Situation, now: Timestamp, rules: &Rules) -> Plan {
    let mut builder = PlanBuilder::new(situation, now, rules);
    builder.remove_tombstoned();
    if let Some(service) = &situation.desired.service {
        let replicas = replica::replicas(situation, service);
        builder.plan_service(service, &replicas);
    }
    builder.finish()
}

impl PlanBuilder<'_> {
    fn plan_service(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        if self.record_losses(service, replicas) {
            return;
        }
        self.record_restarts(service, replicas);
        self.roll_out(service, replicas);
        self.maintain(service, replicas);
        self.remove_retired(service, replicas);
        self.finish_rollout(service, replicas);
    }
}
