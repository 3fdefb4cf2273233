//! What must hold after the stories of `chaos` have ended.

use crate::chaos::{NOBODY, Scenario};
use domain::{
    deployment::Condition,
    rollout::{ServiceKey, Step},
    runtime::RestartPolicy,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How long the last fault may be felt, by whoever was told of everything (I3).
const AT_MOST: Duration = Duration::from_secs(30);

/// The next look at everything, for what nobody was told of.
const NEXT_LOOK: Duration = Duration::from_secs(30);

/// What is not as it should be: the invariant, and what is wrong.
type Unmet = Vec<(&'static str, String)>;

impl Scenario {
    /// The faults are over: soon all must be as it should, and stay so.
    pub(crate) async fn check_invariants(&mut self) {
        let bound = if self.loses_nothing { AT_MOST } else { AT_MOST + NEXT_LOOK };
        self.converge(bound).await;
        self.simulation.pass(NEXT_LOOK).await;
        if !self.loses_nothing {
            // What is at rest has no reason of its own to look again.
            self.lose_notifications();
            self.converge(bound).await;
            self.simulation.pass(NEXT_LOOK).await;
        }
        self.note_volumes();
        for left_alone in &self.left_alone {
            let runs = self.simulation.engine.container(left_alone).is_some_and(|it| it.is_alive());
            if !runs {
                self.violations.add("I7", format!("{left_alone:?} does not run any more"));
            }
        }
        if !self.simulation.engine.state().environments.contains(&NOBODY) {
            self.violations.add("I7", "an environment that no row names was removed");
        }
        self.check_order();

        let writes = self.simulation.rollouts.writes();
        let journal = self.simulation.rollouts.journal().len();
        drop(self.simulation.engine.take_calls());
        self.simulation.pass(Duration::from_secs(61)).await;
        let calls = self.simulation.engine.take_calls();
        if let Some(call) = calls.iter().find(|call| call.kind.is_mutation()) {
            self.violations.add("I4", format!("at rest, and yet {call:?}"));
        }
        if self.simulation.rollouts.writes() != writes {
            let steps = self.simulation.rollouts.journal().split_off(journal);
            self.violations.add("I4", format!("at rest, and yet written: {steps:?}"));
        }
        for (invariant, what) in self.unmet() {
            self.violations.add(invariant, what);
        }
    }

    /// Waits until all is as it should be, for so long at most.
    async fn converge(&self, bound: Duration) {
        let last_fault = self.simulation.now();
        loop {
            let unmet = self.unmet();
            let took = self.simulation.now().since(last_fault);
            if unmet.is_empty() {
                return;
            }
            if took >= bound {
                for (invariant, what) in unmet {
                    let what = format!("{took:?} after the last fault: {what}");
                    // Whatever else it is, it has not converged in time.
                    self.violations.add("I3", what.clone());
                    self.violations.add(invariant, what);
                }
                return;
            }
            self.simulation.pass(Duration::from_secs(1)).await;
        }
    }

    fn unmet(&self) -> Unmet {
        let mut unmet = Unmet::new();
        for key in &self.keys {
            self.check_service(*key, &mut unmet);
        }
        self.check_deadlines(&mut unmet);
        self.check_containers(&mut unmet);
        self.judge_environments(&mut unmet);
        unmet
    }

    fn check_service(&self, key: ServiceKey, unmet: &mut Unmet) {
        let Some(view) = self.simulation.rollouts.view(key) else {
            unmet.push(("I3", "a service is gone".to_owned()));
            return;
        };
        let now = self.simulation.now();
        let healthy = self
            .simulation
            .containers(key)
            .into_iter()
            .filter(|it| it.is_healthy(now) && it.serves)
            .filter(|it| it.identity.map(|identity| identity.deployment) == view.active)
            .filter(|it| it.limits == view.limits && it.restart == RestartPolicy::UnlessStopped)
            .count();
        let desired_count = view.active().map_or(0, |it| usize::from(view.desired_replicas(it)));
        if healthy != desired_count {
            let containers = self.simulation.containers(key);
            let status = self.simulation.reconciler().status();
            let what =
                format!("{healthy} of {desired_count}: {view:#?}\n{containers:#?}\n{status:?}");
            unmet.push(("I3", what));
        }
        let expected = match (view.active, view.desired_count) {
            (None, _) => None,
            (_, 0) => Some(Condition::Stopped),
            _ => Some(Condition::Running),
        };
        let condition = view.condition.as_ref().map(|(condition, _)| *condition);
        if view.active.is_some() && condition != expected {
            unmet.push(("I3", format!("it is {condition:?}, not {expected:?}: {view:#?}")));
        }
    }

    /// No deployment is in a state that it may not stay in.
    fn check_deadlines(&self, unmet: &mut Unmet) {
        for deployment in self.simulation.rollouts.tables().deployments.values() {
            if deployment.state.deadline(&deployment.config.check).is_some() {
                let status = self.simulation.reconciler().status();
                unmet.push(("I10", format!("still under way: {deployment:?} {status:?}")));
            }
        }
    }

    /// No labelled container without a row, no row without its container.
    fn check_containers(&self, unmet: &mut Unmet) {
        let mut named = BTreeSet::new();
        for key in &self.keys {
            let Some(view) = self.simulation.rollouts.view(*key) else { continue };
            for row in view.replicas {
                if row.container.is_none() {
                    unmet.push(("I9", format!("a row without a container: {row:?}")));
                }
                named.extend(row.container);
            }
        }
        for (id, container) in self.simulation.engine.state().containers {
            let is_ours = container.identity.is_some() && !self.left_alone.contains(&id);
            if !self.left_alone.contains(&id) && is_ours != named.contains(&id) {
                unmet.push(("I9", format!("nobody names it: {container:?}")));
            }
        }
        for tombstone in self.simulation.rollouts.tables().tombstones.values() {
            if tombstone.done_at.is_none() {
                unmet.push(("I9", format!("not done: {tombstone:?}")));
            }
        }
    }

    /// No place in the engine without its environment, no running service without such a place.
    fn judge_environments(&self, unmet: &mut Unmet) {
        let (there, known) =
            (self.simulation.engine.state().environments, self.simulation.rollouts.tables());
        for environment in there.iter().filter(|&&it| it != NOBODY) {
            if !known.environments.contains_key(environment) {
                unmet.push(("I9", format!("the place of {environment}, which is deleted")));
            }
        }
        for (key, service) in &known.services {
            let needs_one = service.active.is_some() && service.desired_count > 0;
            if needs_one && !there.contains(&key.environment) {
                unmet.push(("I9", format!("{key:?} runs in no environment")));
            }
        }
    }

    /// Who serves only ever gets newer.
    fn check_order(&self) {
        let deployments = self.simulation.rollouts.tables().deployments;
        let generations: BTreeMap<_, _> =
            deployments.values().map(|it| (it.id, (it.service, it.generation))).collect();
        for (service, generation) in generations.values() {
            let newest = deployments.values().filter(|it| it.service == *service);
            let newest = newest.max_by_key(|it| it.generation).expect("there is one");
            if newest.generation == *generation && newest.state.as_str() == "superseded" {
                self.violations.add("I11", format!("the newest lost: {newest:?}"));
            }
        }
        let mut last = BTreeMap::new();
        for (_, step) in self.simulation.rollouts.journal() {
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
