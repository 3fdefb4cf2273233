//! What must hold before each mutating call of the stories of `chaos` takes effect.

use crate::{
    chaos::{NOBODY, Violations},
    support::Simulation,
};
use domain::{
    Clock, EnvironmentId, Timestamp, VolumeId,
    deployment::DeploymentState,
    rollout::{CRASH_WINDOW, ServiceKey, ServiceView},
    runtime::{ContainerState, ReplicaHandle, RestartPolicy, Serving},
    testing::{
        CallKind, PausedClock,
        engine::{Call, SimContainer, State},
        rollouts::FakeRollouts,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

/// What nobody can have seen yet is not held against anybody: that something has ended, or that a person
/// has changed their mind.
const UNSEEN: Duration = Duration::from_secs(5);

/// The same of what falls silent while it runs: it is asked every ten seconds, and three times.
const UNHEARD: Duration = Duration::from_secs(45);

/// How long what has crashed must stay up before anybody is led to it.
const STABLE: Duration = Duration::from_secs(10);

/// When somebody last changed how many there should be of a service, or took a deployment back.
pub(crate) type Wishes = Arc<Mutex<BTreeMap<ServiceKey, Timestamp>>>;

/// Looks at each mutating call before it takes effect.
pub(crate) struct Judge {
    rollouts: FakeRollouts,
    clock: Arc<PausedClock>,
    violations: Violations,
    left_alone: BTreeSet<ReplicaHandle>,
    wishes: Wishes,
    /// Containers to which a name has led.
    served: Mutex<BTreeSet<ReplicaHandle>>,
}

impl Judge {
    pub(crate) fn new(
        simulation: &Simulation,
        violations: Violations,
        left_alone: BTreeSet<ReplicaHandle>,
        wishes: Wishes,
    ) -> Self {
        Self {
            rollouts: simulation.rollouts.clone(),
            clock: simulation.clock.clone(),
            violations,
            left_alone,
            wishes,
            served: Mutex::default(),
        }
    }

    /// Looks at all that the engine is asked to do from now on.
    pub(crate) fn watch(self, simulation: &Simulation) {
        simulation.engine.set_watcher(Some(Arc::new(move |state, call| self.look(state, call))));
    }

    fn look(&self, state: &State, call: &Call) {
        if call.kind == CallKind::RemoveVolume {
            self.violations.add("I8", format!("{call:?}"));
        }
        if call.kind == CallKind::RemoveEnvironment
            && call.environment.is_some_and(|it| it == NOBODY || self.exists(it))
        {
            self.violations.add("I7", format!("{call:?}"));
        }
        {
            let mut served = self.served.lock().expect("no panic");
            served.extend(state.containers.values().filter(|it| it.serves).map(|it| it.id.clone()));
        }
        self.check_writers(state, call);
        let Some(container) = call.container.as_ref().and_then(|id| state.containers.get(id))
        else {
            return;
        };
        if self.left_alone.contains(&container.id) {
            self.violations.add("I7", format!("{call:?}"));
        }
        self.check_start(container, call);
        let Some(identity) = container.identity else { return };
        let key = ServiceKey { environment: identity.environment, service: identity.service };
        let Some(view) = self.rollouts.view(key) else { return };
        self.check_end(&view, container, state, call);
        self.check_naming(&view, container, call);
    }

    fn exists(&self, environment: EnvironmentId) -> bool {
        self.rollouts.tables().environments.contains_key(&environment)
    }

    /// F65: what is about to be started must find nobody at its volume.
    fn check_writers(&self, state: &State, call: &Call) {
        let mut writers: BTreeMap<VolumeId, Vec<&ReplicaHandle>> = BTreeMap::new();
        let starts = |it: &SimContainer| {
            matches!(call.kind, CallKind::Start | CallKind::Unpause)
                && call.container.as_ref() == Some(&it.id)
        };
        for container in state.containers.values().filter(|it| it.is_alive() || starts(it)) {
            for volume in &container.mounts {
                writers.entry(*volume).or_default().push(&container.id);
            }
        }
        if let Some((volume, all)) = writers.iter().find(|(_, all)| all.len() > 1) {
            let identity = all.first().and_then(|id| state.containers.get(*id)?.identity);
            let key =
                identity.map(|it| ServiceKey { environment: it.environment, service: it.service });
            let rows = key.and_then(|key| self.rollouts.view(key)).map(|view| view.replicas);
            let containers: Vec<_> =
                all.iter().filter_map(|id| state.containers.get(*id)).collect();
            let what = format!("they write to {volume}: {containers:#?}, {rows:#?}: {call:?}");
            self.violations.add("F65", what);
        }
    }

    /// F50: what keeps ending is started ever more slowly.
    fn check_start(&self, container: &SimContainer, call: &Call) {
        let (now, is_newcomer) = (self.clock.now(), container.restart == RestartPolicy::No);
        if call.kind != CallKind::Start || !is_newcomer || container.state != ContainerState::Exited
        {
            return;
        }
        let recent = container.ends.iter().filter(|at| now.since(**at) <= CRASH_WINDOW).count();
        let Some(last) = container.ends.last() else { return };
        let pause = Duration::from_secs(1 << recent.saturating_sub(1).min(5));
        if now.since(*last) < pause {
            let pauses = now.since(*last);
            self.violations.add("F50", format!("after {recent} ends and {pauses:?}: {call:?}"));
        }
    }

    /// I5: the last one at work is not stopped, nor is its name taken from it, and while old and new
    /// change places there are as many at work as are wanted. Nobody is led to what is being stopped.
    fn check_end(&self, view: &ServiceView, container: &SimContainer, state: &State, call: &Call) {
        let takes_name = call.kind == CallKind::SetServing
            && call.serving == Some(Serving::No)
            && container.serves;
        let ends_it = matches!(call.kind, CallKind::Stop | CallKind::Remove);
        let now = self.clock.now();
        let is_handed_over = is_handing_over(view);
        if ends_it && container.is_healthy(now) && container.serves && !is_handed_over {
            self.violations.add("name", format!("it still has its name: {call:?}"));
        }
        let served = self.served.lock().expect("no panic").contains(&container.id);
        let has_changed = self.wishes.lock().expect("no panic").get(&view.key()).copied();
        if !(takes_name || ends_it)
            || !served
            || !container.is_healthy(now)
            || view.desired_count == 0
            || is_handed_over
            || has_changed.is_some_and(|at| now.since(at) < UNSEEN)
        {
            return;
        }
        let others = || {
            state.containers.values().filter(|it| {
                it.id != container.id
                    && (it.serves || !it.is_connected)
                    && !self.left_alone.contains(&it.id)
                    && it.identity.is_some_and(|it| {
                        (it.environment, it.service) == (view.environment, view.id)
                    })
                    && self.is_at_work(it)
            })
        };
        if others().next().is_none() {
            self.violations.add("I5", format!("the last one at work: {call:?}"));
        }
        let Some(active) = view.active() else { return };
        let is_in_time = active.state.deadline(&active.config.check).is_some_and(|at| now < at);
        let is_before = container.identity.is_some_and(|it| it.deployment != active.id);
        if let DeploymentState::Draining { .. } = active.state
            && is_in_time
            && is_before
        {
            let new =
                others().filter(|it| it.identity.is_some_and(|it| it.deployment == active.id));
            let (new, wanted) = (new.count(), usize::from(view.desired_replicas(active)));
            if new < wanted {
                self.violations.add("I5", format!("{new} of {wanted} are at work: {call:?}"));
            }
        }
    }

    /// Whether it does its work, or did a moment ago.
    fn is_at_work(&self, container: &SimContainer) -> bool {
        let now = self.clock.now();
        let lately = |at: Option<Timestamp>, most| at.is_some_and(|at| now.since(at) < most);
        // What a person has paused or cut off is brought back at once: nobody can know before.
        let is_held_up = container.state == ContainerState::Paused || !container.is_connected;
        container.is_healthy(now)
            || (container.is_alive() && is_held_up)
            || (container.is_alive() && lately(container.silent_since(now), UNHEARD))
            || lately(container.finished_at, UNSEEN)
    }

    /// Nobody is led to a candidate, nor to what has crashed and may crash again.
    fn check_naming(&self, view: &ServiceView, container: &SimContainer, call: &Call) {
        let Some(identity) = container.identity else { return };
        let is_candidate = view.active != Some(identity.deployment)
            && view.deployment(identity.deployment).is_some_and(|it| it.state.is_candidate());
        if call.kind == CallKind::SetRestartPolicy && container.serves && is_candidate {
            self.violations.add("candidate", format!("a name leads to a candidate: {call:?}"));
        }
        let (now, is_newcomer) = (self.clock.now(), container.restart == RestartPolicy::No);
        let crashed = container.ends.last().is_some_and(|at| now.since(*at) < CRASH_WINDOW);
        let is_up = container.started_at.is_some_and(|at| now.since(at) >= STABLE);
        let gets_name = call.kind == CallKind::SetServing && call.serving == Some(Serving::Yes);
        if gets_name
            && is_newcomer
            && crashed
            && !is_up
            && container.state == ContainerState::Running
        {
            let row = view.replicas.iter().find(|row| row.id == identity.replica);
            let what =
                format!("it has crashed, and is not up for long: {container:?}, {row:?}: {call:?}");
            self.violations.add("W22", what);
        }
    }
}

/// Whether one deployment is stopped for the next one, as it must be where both write to one volume.
fn is_handing_over(view: &ServiceView) -> bool {
    view.deployments.iter().filter(|it| it.config.strategy == domain::Strategy::StopFirst).any(
        |it| {
            let made = view.replicas.iter().filter(|row| row.deployment == it.id);
            let made =
                made.filter(|row| row.container.is_some() && row.retired_at.is_none()).count();
            match it.state {
                DeploymentState::Starting { .. } => made >= usize::from(view.desired_replicas(it)),
                DeploymentState::Checking { .. } | DeploymentState::Switching { .. } => true,
                _ => false,
            }
        },
    )
}
