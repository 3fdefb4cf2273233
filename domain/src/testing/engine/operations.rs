//! What the simulated engine does when it lists, makes and tells.

use super::{Endpoint, Held, Program, SimContainer, SimEngine, State, call::Result, fault::Faults};
use crate::{
    EnvironmentId, Timestamp, VolumeId,
    runtime::{
        ContainerState, ObservedReplica, ReplicaHandle, ReplicaSpec, RuntimeError, RuntimeEvent,
    },
};
use std::time::Duration;

impl SimEngine {
    /// The event at this place, once it is there; `None` when the stream has ended.
    pub(super) async fn event(&self, epoch: u64, cursor: usize) -> Option<RuntimeEvent> {
        let mut changed = self.inner.changed.subscribe();
        loop {
            let now = self.inner.clock.now();
            let due = {
                let mut held = self.lock();
                let Held { state, faults, .. } = &mut *held;
                state.catch_up(now, faults);
                if let Some(event) = state.events.get(cursor) {
                    return Some(event.clone());
                }
                if state.epoch != epoch {
                    return None;
                }
                state.next_due()
            };
            let wait = due.map_or(Duration::from_secs(3600), |due| due.since(now));
            tokio::select! {
                biased;
                () = self.inner.clock.sleep(wait) => (),
                _ = changed.changed() => (),
            }
        }
    }
}

pub(super) fn list(state: &State, faults: &mut Faults, now: Timestamp) -> Vec<ObservedReplica> {
    if now < faults.until && faults.rng.percent(faults.stale_list) && !state.lists.is_empty() {
        let count = u64::try_from(state.lists.len()).unwrap_or(1);
        let pick = usize::try_from(faults.rng.below(count)).unwrap_or(0);
        return state.lists[pick].1.clone();
    }
    state.list()
}

pub(super) fn create(
    state: &mut State,
    faults: &mut Faults,
    now: Timestamp,
    spec: &ReplicaSpec,
    endpoint: Option<Endpoint>,
) -> Result<ReplicaHandle> {
    let name = SimEngine::name(spec);
    if let Some(holder) = state.containers.values().find(|container| container.name == name) {
        return match (holder.identity, holder.state) {
            (Some(_), ContainerState::Removing | ContainerState::Dead) => {
                Err(RuntimeError::Busy("removal is in progress".to_owned()))
            }
            (Some(_), _) => Ok(holder.id.clone()),
            (None, _) => {
                Err(RuntimeError::NameTaken { name, holder: holder.id.short().to_owned() })
            }
        };
    }
    if !state.images.values().any(|id| *id == spec.image.id) {
        return Err(RuntimeError::Image(format!("there is no image {}", spec.image.id)));
    }
    if !state.environments.contains(&spec.identity.environment) {
        return Err(RuntimeError::Gone("the environment".to_owned()));
    }
    if let Some(endpoint) = endpoint {
        check_endpoint(state, endpoint, None)?;
    }
    for volume in spec.config.mounts.keys() {
        if !has_volume(state, *volume)? {
            return Err(RuntimeError::Gone("the volume".to_owned()));
        }
    }
    let id = insert(state, spec, endpoint);
    state.announce(&id, now, faults);
    Ok(id)
}

/// A new container of this replica.
pub(super) fn insert(
    state: &mut State,
    spec: &ReplicaSpec,
    endpoint: Option<Endpoint>,
) -> ReplicaHandle {
    state.created += 1;
    let id = ReplicaHandle(format!("{:012x}", state.created));
    let number = u32::try_from(state.created).unwrap_or(u32::MAX);
    let container = SimContainer {
        id: id.clone(),
        name: SimEngine::name(spec),
        identity: Some(spec.identity),
        image: spec.image.id.clone(),
        program: (state.program.clone())
            .unwrap_or_else(|| Program::new(spec.config.command.as_ref(), &spec.config.ports)),
        state: ContainerState::Created,
        started_at: None,
        finished_at: None,
        exit_code: 0,
        out_of_memory: false,
        restart_count: 0,
        restart: spec.restart,
        is_unstartable: false,
        is_stopped_by_hand: false,
        endpoint: endpoint.unwrap_or(Endpoint::Chosen { number, moves: 0 }),
        is_connected: true,
        serves: false,
        limits: spec.config.limits,
        stop_grace: spec.stop_grace,
        mounts: spec.config.mounts.keys().copied().collect(),
        output: Vec::new(),
        ends: Vec::new(),
        silence: None,
        delay: Duration::ZERO,
        ends_at: None,
        restarts_at: None,
        error: None,
    };
    state.containers.insert(id.clone(), container);
    id
}

impl SimEngine {
    /// The name of a replica's container.
    #[must_use]
    pub fn name(spec: &ReplicaSpec) -> String {
        format!("easel-{}-{}", spec.slug.as_str(), spec.identity.replica)
    }

    /// The name of what an environment has here.
    #[must_use]
    pub fn environment_name(environment: EnvironmentId) -> String {
        format!("easel-environment-{environment}")
    }

    /// The name of a volume.
    #[must_use]
    pub fn volume_name(volume: VolumeId) -> String {
        format!("easel-volume-{volume}")
    }
}

/// Whether the volume is there; refuses one of its name that is not ours.
pub(super) fn has_volume(state: &State, volume: VolumeId) -> Result<bool> {
    check_name(state, &SimEngine::volume_name(volume))?;
    Ok(state.volumes.contains(&volume))
}

/// Refuses a name under which somebody else has made something.
pub(super) fn check_name(state: &State, name: &str) -> Result<()> {
    if state.foreign_names.contains(name) {
        return Err(RuntimeError::Refused(format!("{name} is somebody else's")));
    }
    Ok(())
}

/// Refuses an endpoint where another container is already.
pub(super) fn check_endpoint(
    state: &State,
    endpoint: Endpoint,
    but: Option<&ReplicaHandle>,
) -> Result<()> {
    let is_there = |container: &SimContainer| {
        Some(&container.id) != but && container.address() == Some(endpoint.address())
    };
    if state.containers.values().any(is_there) {
        return Err(RuntimeError::Busy("Address already in use".to_owned()));
    }
    Ok(())
}
