//! A container engine in memory: seeded, on the test's clock, with faults to order.

mod acts;
mod call;
mod container;
mod fault;
mod keep;
mod port;
mod program;
mod state;

pub use container::{Endpoint, SimContainer};
pub use fault::{Broken, Call, CallKind, Faults, Gate, GateKeeper};
pub use program::Program;
pub use state::State;

use crate::{
    Clock, EnvironmentId, ServiceId, Timestamp, VolumeId,
    network::{Addresses, Pool},
    runtime::{ContainerState, ReplicaHandle, ReplicaSpec, Restart, RuntimeEvent},
};
use ipnet::Ipv4Net;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Sees the state just before a mutating call takes effect.
pub type Watcher = Arc<dyn Fn(&State, &Call) + Send + Sync>;

/// A container engine in memory, with its adapter.
///
/// What a person does with the `docker` client is here; what Easel does is behind the port.
#[derive(Clone)]
pub struct SimEngine {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
    changed: watch::Sender<u64>,
    /// Where its adapter has addresses from, if the engine leaves them to it.
    keeper: Option<keep::Keeper>,
}

struct Held {
    state: State,
    faults: Faults,
    broken: Broken,
    calls: Vec<Call>,
    /// How many calls have begun, and those that have not ended, by their number.
    begun: u64,
    under_way: BTreeMap<u64, (CallKind, Option<ServiceId>)>,
    id: String,
    outage: Option<Outage>,
    gate: Option<GateKeeper>,
    watcher: Option<Watcher>,
}

/// How the engine is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Nobody listens.
    Absent,
    /// It takes calls and does not answer, until the caller's own limit.
    Hung,
}

impl SimEngine {
    /// An empty engine that holds the image `sim/app:1`. It chooses addresses itself, and another
    /// one at each start of a container.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with(clock, None)
    }

    /// The same, but its adapter tells it the addresses: those that are kept here.
    #[must_use]
    pub fn keeping(clock: Arc<dyn Clock>, addresses: Arc<dyn Addresses>, pool: Pool) -> Self {
        Self::with(clock, Some(keep::Keeper { addresses, pool }))
    }

    fn with(clock: Arc<dyn Clock>, keeper: Option<keep::Keeper>) -> Self {
        let mut state = State::default();
        state.images.insert("sim/app:1".to_owned(), "sha256:app1".to_owned());
        let held = Held {
            state,
            faults: Faults::default(),
            broken: Broken::new(),
            calls: Vec::new(),
            begun: 0,
            under_way: BTreeMap::new(),
            id: "SIM:1".to_owned(),
            outage: None,
            gate: None,
            watcher: None,
        };
        let changed = watch::Sender::new(0);
        Self { inner: Arc::new(Inner { clock, held: Mutex::new(held), changed, keeper }) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the state as of now, then wakes the listeners.
    fn change<T>(&self, act: impl FnOnce(&mut State, &mut Faults, Timestamp) -> T) -> T {
        let now = self.inner.clock.now();
        let result = {
            let mut held = self.lock();
            let Held { state, faults, .. } = &mut *held;
            state.catch_up(now, faults);
            let result = act(state, faults, now);
            state.remember_list(now, faults);
            result
        };
        self.inner.changed.send_modify(|version| *version += 1);
        result
    }

    /// What the engine holds now.
    #[must_use]
    pub fn state(&self) -> State {
        self.change(|state, _, _| state.clone())
    }

    /// One container, if it is there.
    #[must_use]
    pub fn container(&self, id: &ReplicaHandle) -> Option<SimContainer> {
        self.change(|state, _, _| state.containers.get(id).cloned())
    }

    /// The containers of a service, in the order in which they were made.
    #[must_use]
    pub fn containers_of(&self, service: ServiceId) -> Vec<SimContainer> {
        let is_its = |container: &SimContainer| {
            container.identity.is_some_and(|identity| identity.service == service)
        };
        self.change(|state, _, _| {
            state.containers.values().filter(|it| is_its(it)).cloned().collect()
        })
    }

    /// All calls since the last time this was asked.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Orders faults.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Lets a kind of call fail for ever, for one service or for all.
    pub fn set_broken(&self, broken: Broken) {
        self.lock().broken = broken;
    }

    /// Lets the engine be away, or come back. Event streams end.
    pub fn set_outage(&self, outage: Option<Outage>) {
        let mut held = self.lock();
        held.outage = outage;
        held.state.epoch += 1;
        drop(held);
        self.inner.changed.send_modify(|version| *version += 1);
    }

    /// Lets the engine be another one.
    pub fn set_id(&self, id: &str) {
        self.lock().id = id.to_owned();
    }

    /// Decides where callers die.
    pub fn set_gate(&self, gate: Option<GateKeeper>) {
        self.lock().gate = gate;
    }

    /// Looks at each mutating call before it takes effect.
    pub fn set_watcher(&self, watcher: Option<Watcher>) {
        self.lock().watcher = watcher;
    }

    /// Puts an image into the engine, or (`registry`) where it can be pulled from.
    pub fn add_image(&self, reference: &str, id: &str, place: ImageLocation) {
        self.change(|state, _, _| {
            let images = match place {
                ImageLocation::Engine => &mut state.images,
                ImageLocation::Registry => &mut state.registry,
            };
            images.insert(reference.to_owned(), id.to_owned());
        });
    }

    /// Lets a pull of this image take so long.
    pub fn set_pull_time(&self, reference: &str, time: std::time::Duration) {
        self.change(|state, _, _| state.pull_times.insert(reference.to_owned(), time));
    }

    /// `docker rmi -f`.
    pub fn remove_image(&self, reference: &str) {
        self.change(|state, _, _| state.images.remove(reference));
    }

    /// `docker kill`: the engine's restart policy leaves it alone from now on.
    pub fn kill(&self, id: &ReplicaHandle) {
        self.end_by_hand(id, 137);
    }

    /// `docker stop`.
    pub fn stop_by_hand(&self, id: &ReplicaHandle) {
        self.end_by_hand(id, 143);
    }

    fn end_by_hand(&self, id: &ReplicaHandle, code: i64) {
        self.change(|state, faults, now| {
            let Some(container) = state.containers.get_mut(id) else { return };
            if container.is_alive() || container.state == ContainerState::Restarting {
                container.is_stopped_by_hand = true;
                container.end(now, code);
                state.announce_end(id, now, faults);
            }
        });
    }

    /// `docker rm -f`.
    pub fn remove_by_hand(&self, id: &ReplicaHandle) {
        self.change(|state, faults, now| {
            let Some(container) = state.containers.remove(id) else { return };
            if let Some(identity) = container.identity {
                state.tell(RuntimeEvent::Service(identity.service), now, faults);
            }
        });
    }

    /// `docker pause`.
    pub fn pause(&self, id: &ReplicaHandle) {
        self.change(|state, faults, now| {
            let Some(container) = state.containers.get_mut(id) else { return };
            if container.state == ContainerState::Running {
                container.state = ContainerState::Paused;
                state.announce(id, now, faults);
            }
        });
    }

    /// Its main process dies by itself with this code.
    pub fn crash(&self, id: &ReplicaHandle, code: i64) {
        self.change(|state, faults, now| {
            let Some(container) = state.containers.get_mut(id) else { return };
            if container.state == ContainerState::Running {
                container.crash(now, code);
                state.announce_end(id, now, faults);
            }
        });
    }

    /// `docker network disconnect`.
    pub fn disconnect(&self, id: &ReplicaHandle) {
        self.change(|state, faults, now| {
            if let Some(container) = state.containers.get_mut(id) {
                (container.is_connected, container.serves) = (false, false);
                state.announce(id, now, faults);
            }
        });
    }

    /// Everybody is disconnected, then `docker network rm`.
    pub fn remove_environment_by_hand(&self, environment: EnvironmentId) {
        self.change(|state, faults, now| {
            for container in state.containers.values_mut().filter(|it| it.is_in(environment)) {
                (container.is_connected, container.serves) = (false, false);
            }
            state.environments.remove(&environment);
            state.tell(RuntimeEvent::Environment(environment), now, faults);
        });
    }

    /// `docker volume rm`.
    pub fn remove_volume_by_hand(&self, volume: VolumeId) {
        self.change(|state, _, _| state.volumes.remove(&volume));
    }

    /// Puts a container into a state that no call leads to.
    pub fn force_state(&self, id: &ReplicaHandle, to: ContainerState) {
        self.change(|state, faults, now| {
            if let Some(container) = state.containers.get_mut(id) {
                container.state = to;
                state.announce(id, now, faults);
            }
        });
    }

    /// Somebody else runs a container of this name.
    pub fn add_foreign(&self, name: &str) -> ReplicaHandle {
        self.change(|state, _, now| {
            let id = ReplicaHandle(format!("foreign{:06}", state.created));
            state.created += 1;
            let mut container = SimContainer {
                id: id.clone(),
                name: name.to_owned(),
                identity: None,
                image: "foreign".to_owned(),
                program: Program::default(),
                state: ContainerState::Created,
                started_at: None,
                finished_at: None,
                exit_code: 0,
                out_of_memory: false,
                restart_count: 0,
                restart: Restart::UnlessStopped,
                is_stopped_by_hand: false,
                endpoint: Endpoint::Chosen { number: u32::MAX, moves: 0 },
                is_connected: false,
                serves: false,
                limits: crate::Limits::default(),
                stop_grace: std::time::Duration::ZERO,
                mounts: Vec::new(),
                output: Vec::new(),
                delay: std::time::Duration::ZERO,
                ends_at: None,
                restarts_at: None,
                error: None,
            };
            container.run(now);
            state.containers.insert(id.clone(), container);
            id
        })
    }

    /// A replica that runs and that nobody's rows name; its environment need not be there.
    pub fn add_stray(&self, spec: &ReplicaSpec) -> ReplicaHandle {
        self.change(|state, _, now| {
            let id = acts::insert(state, spec, None);
            if let Some(container) = state.containers.get_mut(&id) {
                container.run(now);
            }
            id
        })
    }

    /// An environment that nobody's rows name.
    pub fn add_environment(&self, environment: EnvironmentId) {
        self.change(|state, _, _| state.environments.insert(environment));
    }

    /// Seeds a bug: from now on, removing a container removes its volumes.
    pub fn lose_volumes(&self) {
        self.change(|state, _, _| state.loses_volumes = true);
    }

    /// Somebody else uses these addresses.
    pub fn add_foreign_network(&self, addresses: Ipv4Net) {
        self.change(|state, _, _| state.foreign_networks.push(addresses));
    }

    /// Somebody else makes a network or a volume of this name.
    pub fn add_foreign_name(&self, name: &str) {
        self.change(|state, _, _| state.foreign_names.insert(name.to_owned()));
    }

    /// The engine is restarted, orderly.
    pub fn restart(&self) {
        self.change(|state, _, now| state.reboot(now, false));
    }

    /// The engine is killed and comes back: counts of restarts are forgotten.
    pub fn crash_engine(&self) {
        self.change(|state, _, now| state.reboot(now, true));
    }

    /// The event stream ends; what happens until somebody listens again is not told.
    pub fn cut_events(&self) {
        self.change(|state, _, _| state.epoch += 1);
    }
}

/// Where an image lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageLocation {
    /// In the engine's own store.
    Engine,
    /// In a registry that the engine can pull from.
    Registry,
}
