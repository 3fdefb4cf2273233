//! One call to the simulated engine: noted, delayed, refused, acted, forgotten.

use super::{Call, CallKind, CrashPoint, Held, Outage, SimEngine, State, fault::Faults};
use crate::{
    EnvironmentId, Timestamp, VolumeId,
    runtime::{ReplicaHandle, ReplicaIdentity, RuntimeError, Serving},
};
use std::time::Duration;

pub(super) type Result<T> = std::result::Result<T, RuntimeError>;

/// What a call is about.
#[derive(Default)]
pub(super) struct About {
    pub(super) container: Option<ReplicaHandle>,
    pub(super) identity: Option<ReplicaIdentity>,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) volume: Option<VolumeId>,
    pub(super) serving: Option<Serving>,
}

impl About {
    pub(super) fn container(id: &ReplicaHandle) -> Self {
        Self { container: Some(id.clone()), ..Self::default() }
    }

    pub(super) fn environment(id: EnvironmentId) -> Self {
        Self { environment: Some(id), ..Self::default() }
    }

    pub(super) fn volume(id: VolumeId) -> Self {
        Self { volume: Some(id), ..Self::default() }
    }
}

/// What becomes of a call.
struct Entered {
    outage: Option<Outage>,
    latency: Duration,
    broken: bool,
    crash_hook: CrashPoint,
    _in_flight: InFlight,
}

/// A call until it has answered, or nobody waits for its answer any more.
struct InFlight {
    engine: SimEngine,
    number: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.engine.lock().in_flight.remove(&self.number);
    }
}

impl SimEngine {
    /// One call: noted, delayed, refused, acted, forgotten, as the faults will have it.
    pub(super) async fn call<T>(
        &self,
        kind: CallKind,
        about: About,
        act: impl FnOnce(&mut State, &mut Faults, Timestamp) -> Result<T>,
    ) -> Result<T> {
        let Entered { outage, latency, broken, crash_hook, _in_flight } = self.enter(kind, about);
        if !latency.is_zero() {
            self.inner.clock.sleep(latency).await;
        }
        match outage {
            Some(Outage::Absent) => {
                return Err(RuntimeError::Unreachable("nobody listens".to_owned()));
            }
            Some(Outage::Hung) => {
                self.inner.clock.sleep(Duration::from_secs(5)).await;
                return Err(RuntimeError::Timeout("answer"));
            }
            None => (),
        }
        if crash_hook == CrashPoint::DieBefore {
            std::future::pending::<()>().await;
        }
        if crash_hook == CrashPoint::Refuse {
            return Err(RuntimeError::Busy("later".to_owned()));
        }
        if broken {
            return Err(RuntimeError::Refused("500: something went wrong".to_owned()));
        }
        if let Some(refusal) = self.lock().refusals.get(&kind) {
            return Err(refusal.clone());
        }
        let now = self.inner.clock.now();
        let (fails, loses) = {
            let Held { faults, .. } = &mut *self.lock();
            let faulty = now < faults.until;
            (
                faulty && faults.rng.percent(faults.failure),
                faulty && faults.rng.percent(faults.lost_answer),
            )
        };
        if fails {
            return Err(RuntimeError::Busy("try again".to_owned()));
        }
        let result = self.change(act);
        if crash_hook == CrashPoint::DieAfter {
            std::future::pending::<()>().await;
        }
        if loses { Err(RuntimeError::Timeout("answer")) } else { result }
    }

    fn enter(&self, kind: CallKind, about: About) -> Entered {
        let at = self.inner.clock.now();
        let mut held = self.lock();
        let About { container, mut identity, environment, volume, serving } = about;
        if let Some(container) = container.as_ref().and_then(|id| held.state.containers.get(id)) {
            identity = container.identity;
        }
        let concurrent = held.in_flight.values().copied().collect();
        let call = Call { at, kind, container, identity, environment, volume, serving, concurrent };
        let Held { state, faults, .. } = &mut *held;
        state.catch_up(at, faults);
        if kind.is_mutation()
            && let Some(watcher) = held.watcher.clone()
        {
            watcher(&held.state, &call);
        }
        let crash_hook = match &held.crash_hook {
            Some(crash_hook) if kind.is_mutation() => crash_hook(&call),
            _ => CrashPoint::Pass,
        };
        let service = call.service();
        let broken = held.broken.contains(&(kind, None))
            || (service.is_some() && held.broken.contains(&(kind, service)));
        let most = u64::try_from(held.faults.latency.as_millis()).unwrap_or(0);
        let latency = Duration::from_millis(held.faults.rng.below(most + 1));
        held.calls.push(call);
        held.begun += 1;
        let number = held.begun;
        held.in_flight.insert(number, (kind, service));
        let in_flight = InFlight { engine: self.clone(), number };
        Entered { outage: held.outage, latency, broken, crash_hook, _in_flight: in_flight }
    }
}
