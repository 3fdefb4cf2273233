//! What is remembered between calls.

use bollard::models::Network;
use domain::{EnvironmentId, ServiceId, runtime::ReplicaHandle};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The containers that are known to be ours, and whose they are.
#[derive(Default)]
pub(super) struct ContainerIndex(Mutex<HashMap<ReplicaHandle, ServiceId>>);

impl ContainerIndex {
    fn lock(&self) -> MutexGuard<'_, HashMap<ReplicaHandle, ServiceId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service that a container belongs to.
    pub(super) fn service(&self, container: &ReplicaHandle) -> Option<ServiceId> {
        self.lock().get(container).copied()
    }

    pub(super) fn has(&self, container: &ReplicaHandle) -> bool {
        self.lock().contains_key(container)
    }

    pub(super) fn add(&self, id: String, service: ServiceId) -> ReplicaHandle {
        let container = ReplicaHandle(id);
        self.lock().insert(container.clone(), service);
        container
    }

    pub(super) fn remove(&self, container: &ReplicaHandle) {
        self.lock().remove(container);
    }

    pub(super) fn replace(&self, containers: impl Iterator<Item = (ReplicaHandle, ServiceId)>) {
        *self.lock() = containers.collect();
    }
}

/// What is known of our networks, and whose turn it is to make or remove one.
#[derive(Default)]
pub(super) struct NetworkIndex {
    /// Held by whoever makes or removes one.
    pub(super) turn: tokio::sync::Mutex<()>,
    by_environment: Mutex<HashMap<EnvironmentId, KnownNetwork>>,
}

struct KnownNetwork {
    id: String,
    name: String,
}

impl NetworkIndex {
    fn lock(&self) -> MutexGuard<'_, HashMap<EnvironmentId, KnownNetwork>> {
        self.by_environment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, environment: EnvironmentId, network: &Network) {
        if let (Some(id), Some(name)) = (network.id.clone(), network.name.clone()) {
            self.lock().insert(environment, KnownNetwork { id, name });
        }
    }

    pub(super) fn keep(&self, environments: &HashSet<EnvironmentId>) {
        self.lock().retain(|environment, _| environments.contains(environment));
    }

    pub(super) fn id(&self, environment: EnvironmentId) -> Option<String> {
        self.lock().get(&environment).map(|seen| seen.id.clone())
    }

    pub(super) fn forget(&self, environment: EnvironmentId) {
        self.lock().remove(&environment);
    }

    /// Whose network has this name.
    pub(super) fn environment(&self, name: &str) -> Option<EnvironmentId> {
        self.lock().iter().find(|(_, seen)| seen.name == name).map(|(environment, _)| *environment)
    }
}

/// Changes of ours that the engine has not told of yet.
#[derive(Default)]
pub(super) struct OwnUpdates(Mutex<HashMap<ReplicaHandle, u32>>);

impl OwnUpdates {
    fn lock(&self) -> MutexGuard<'_, HashMap<ReplicaHandle, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, container: &ReplicaHandle) {
        *self.lock().entry(container.clone()).or_default() += 1;
    }

    /// Whether it was one of ours that ended, or that the engine has told of.
    pub(super) fn end(&self, container: &ReplicaHandle) -> bool {
        let mut updates = self.lock();
        let Some(count) = updates.get_mut(container) else { return false };
        *count -= 1;
        if *count == 0 {
            updates.remove(container);
        }
        true
    }

    pub(super) fn forget(&self, container: &ReplicaHandle) {
        self.lock().remove(container);
    }

    /// What happened while nobody listened is not told later.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }
}

/// Commands that had not ended when their time was over.
#[derive(Default)]
pub(super) struct RunningProbes(Mutex<HashMap<ReplicaHandle, String>>);

impl RunningProbes {
    pub(super) fn running_probe(&self, container: &ReplicaHandle) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(container).cloned()
    }

    pub(super) fn remember(&self, container: &ReplicaHandle, id: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(container.clone(), id);
    }

    pub(super) fn forget(&self, container: &ReplicaHandle) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(container);
    }
}
