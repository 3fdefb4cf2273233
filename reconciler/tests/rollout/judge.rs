//! What must hold while the stories of `chaos` go on, and after they have ended.

use crate::chaos::{Story, Violations};
use domain::{
    deployment::Condition,
    rollout::{ServiceKey, Step},
    runtime::{ContainerId, Restart},
    testing::{
        CallKind,
        engine::{Call, State},
        rollouts::FakeRollouts,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Three looks at everything.
const THREE_CYCLES: Duration = Duration::from_secs(90);

impl Story {
    /// The faults are over: three cycles, then all must be as it should, and stay so.
    pub(crate) async fn judge(&mut self) {
        self.world.pass(THREE_CYCLES).await;
        self.note_volumes();
        for key in self.keys.clone() {
            self.judge_service(key);
        }
        self.judge_objects();
        for left_alone in &self.left_alone {
            let runs = self.world.engine.container(left_alone).is_some_and(|it| it.is_alive());
            if !runs {
                self.violations.add("I7", format!("{left_alone:?} does not run any more"));
            }
        }
        self.judge_order();

        let writes = self.world.rollouts.writes();
        let journal = self.world.rollouts.journal().len();
        drop(self.world.engine.take_calls());
        self.world.pass(Duration::from_secs(61)).await;
        let calls = self.world.engine.take_calls();
        if let Some(call) = calls.iter().find(|call| call.kind.is_mutation()) {
            self.violations.add("I4", format!("at rest, and yet {call:?}"));
        }
        if self.world.rollouts.writes() != writes {
            let steps = self.world.rollouts.journal().split_off(journal);
            self.violations.add("I4", format!("at rest, and yet written: {steps:?}"));
        }
    }

    fn judge_service(&self, key: ServiceKey) {
        let Some(view) = self.world.rollouts.view(key) else {
            self.violations.add("I3", "a service is gone");
            return;
        };
        let now = self.world.now();
        if let Some(moving) = view.deployments.iter().find(|it| it.state.is_candidate()) {
            self.violations.add(
                "I10",
                format!("still under way: {moving:?} {:?}", self.world.reconciler().status()),
            );
        }
        let healthy = self
            .world
            .containers(key)
            .into_iter()
            .filter(|it| it.is_healthy(now) && it.alias.is_some())
            .filter(|it| it.identity.map(|identity| identity.deployment) == view.active)
            .filter(|it| it.limits == view.limits && it.restart == Restart::UnlessStopped)
            .count();
        let wanted = if view.active.is_some() { usize::from(view.wanted) } else { 0 };
        if healthy != wanted {
            let containers = self.world.containers(key);
            let status = self.world.reconciler().status();
            self.violations.add(
                "I3",
                format!("{healthy} of {wanted}: {view:#?}\n{containers:#?}\n{status:?}"),
            );
        }
        let expected = match (view.active, view.wanted) {
            (None, _) => None,
            (_, 0) => Some(Condition::Stopped),
            _ => Some(Condition::Running),
        };
        let condition = view.condition.as_ref().map(|(condition, _)| *condition);
        if view.active.is_some() && condition != expected {
            self.violations.add("I3", format!("it is {condition:?}, not {expected:?}: {view:#?}"));
        }
    }

    /// No labelled container without a row, no row without its container.
    fn judge_objects(&self) {
        let mut named = BTreeSet::new();
        for key in &self.keys {
            let Some(view) = self.world.rollouts.view(*key) else { continue };
            for row in view.replicas {
                if row.container.is_none() {
                    self.violations.add("I9", format!("a row without a container: {row:?}"));
                }
                named.extend(row.container);
            }
        }
        for (id, container) in self.world.engine.state().containers {
            let is_ours = container.identity.is_some() && !self.left_alone.contains(&id);
            if !self.left_alone.contains(&id) && is_ours != named.contains(&id) {
                self.violations.add("I9", format!("nobody names it: {container:?}"));
            }
        }
        for tombstone in self.world.rollouts.world().tombstones.values() {
            if tombstone.done_at.is_none() {
                self.violations.add("I9", format!("not done: {tombstone:?}"));
            }
        }
    }

    /// Who serves only ever gets newer.
    fn judge_order(&self) {
        let deployments = self.world.rollouts.world().deployments;
        let generations: BTreeMap<_, _> =
            deployments.values().map(|it| (it.id, (it.service, it.generation))).collect();
        for (service, generation) in generations.values() {
            let newest = deployments.values().filter(|it| it.service == *service);
            let newest = newest.max_by_key(|it| it.generation).expect("there is one");
            if newest.generation == *generation && newest.state.word() == "superseded" {
                self.violations.add("I11", format!("the newest lost: {newest:?}"));
            }
        }
        let mut last = BTreeMap::new();
        for (_, step) in self.world.rollouts.journal() {
            let Step::Promoted { deployment } = step else { continue };
            let command = deployments.get(&deployment).and_then(|it| it.config.command.as_ref());
            if command.is_some_and(|command| command.arguments()[0] == "exit") {
                self.violations.add("W22", format!("{deployment} crashes, and was promoted"));
            }
            let Some((service, generation)) = generations.get(&deployment) else { continue };
            if last.insert(*service, *generation).is_some_and(|before| before >= *generation) {
                self.violations.add("I11", format!("{deployment} came after a later one"));
            }
        }
    }
}

/// I5, I7, I8, and that nobody resolves a candidate: before each mutating call takes effect.
pub(crate) fn check_call(
    rollouts: &FakeRollouts,
    violations: &Violations,
    left_alone: &BTreeSet<ContainerId>,
    now: domain::Timestamp,
    state: &State,
    call: &Call,
) {
    if call.kind == CallKind::RemoveVolume {
        violations.add("I8", format!("{call:?}"));
    }
    let Some(container) = call.container.as_ref().and_then(|id| state.containers.get(id)) else {
        return;
    };
    if left_alone.contains(&container.id) {
        violations.add("I7", format!("{call:?}"));
    }
    let Some(identity) = container.identity else { return };
    let key = ServiceKey { environment: identity.environment, service: identity.service };
    let Some(view) = rollouts.view(key) else { return };
    let stops_first =
        view.deployments.iter().any(|it| it.config.strategy == domain::Strategy::StopFirst);
    let ends_it = matches!(call.kind, CallKind::Stop | CallKind::Remove);
    if ends_it && view.wanted > 0 && !stops_first && container.is_healthy(now) {
        let is_alternative = |other: &domain::testing::engine::SimContainer| {
            other.id != container.id
                && !left_alone.contains(&other.id)
                && other.identity.is_some_and(|it| it.service == identity.service)
                && other.is_healthy(now)
        };
        let serves = container.alias.is_some();
        if serves && !state.containers.values().any(is_alternative) {
            violations.add("I5", format!("the last healthy one: {call:?}"));
        }
    }
    if call.kind == CallKind::SetRestart
        && container.alias.is_some()
        && view.active != Some(identity.deployment)
        && view.deployment(identity.deployment).is_some_and(|it| it.state.is_candidate())
    {
        violations.add("candidate", format!("a name leads to a candidate: {call:?}"));
    }
}
