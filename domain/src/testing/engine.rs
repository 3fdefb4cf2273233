//! A container engine in memory: seeded, on the test's clock, with faults to order.

mod by_hand;
mod call;
mod container;
mod fault;
mod keep;
mod operations;
mod port;
mod program;
mod state;

pub use container::{Endpoint, SimContainer};
pub use fault::{Broken, Call, CallKind, CrashHook, CrashPoint, Faults};
pub use program::Program;
pub use state::State;

use crate::{
    Clock, ServiceId, Timestamp,
    network::{Addresses, Pool},
    runtime::{ReplicaHandle, RuntimeError},
};

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Sees the state just before a mutating call takes effect.
pub type Watcher = Arc<dyn Fn(&State, &Call) + Send + Sync>;

/// A container engine in memory, with its adapter.
///
/// What a person does with the `docker` client is in `by_hand`; what Easel does is behind the port.
#[derive(Clone)]
pub struct SimEngine {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
    changed: watch::Sender<u64>,
    /// Where its adapter has addresses from, if the engine leaves them to it.
    keeper: Option<Keeper>,
}

/// Where the adapter has addresses from.
struct Keeper {
    addresses: Arc<dyn Addresses>,
    pool: Pool,
}

struct Held {
    state: State,
    faults: Faults,
    broken: Broken,
    refusals: BTreeMap<CallKind, RuntimeError>,
    calls: Vec<Call>,
    /// How many calls have begun, and those that have not ended, by their number.
    begun: u64,
    in_flight: BTreeMap<u64, (CallKind, Option<ServiceId>)>,
    id: String,
    outage: Option<Outage>,
    crash_hook: Option<CrashHook>,
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
        Self::with(clock, Some(Keeper { addresses, pool }))
    }

    fn with(clock: Arc<dyn Clock>, keeper: Option<Keeper>) -> Self {
        let mut state = State::default();
        state.images.insert("sim/app:1".to_owned(), "sha256:app1".to_owned());
        let held = Held {
            state,
            faults: Faults::default(),
            broken: Broken::new(),
            refusals: BTreeMap::new(),
            calls: Vec::new(),
            begun: 0,
            in_flight: BTreeMap::new(),
            id: "SIM:1".to_owned(),
            outage: None,
            crash_hook: None,
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

    /// Lets each call of a kind be refused in this way; `None`: no more.
    pub fn set_refusal(&self, kind: CallKind, refusal: Option<RuntimeError>) {
        let refusals = &mut self.lock().refusals;
        match refusal {
            Some(refusal) => drop(refusals.insert(kind, refusal)),
            None => drop(refusals.remove(&kind)),
        }
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
    pub fn set_crash_hook(&self, crash_hook: Option<CrashHook>) {
        self.lock().crash_hook = crash_hook;
    }

    /// Looks at each mutating call before it takes effect.
    pub fn set_watcher(&self, watcher: Option<Watcher>) {
        self.lock().watcher = watcher;
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
