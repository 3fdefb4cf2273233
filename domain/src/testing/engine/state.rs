//! What the simulated engine holds, and how time changes it.

use super::{Program, container::SimContainer, fault::Faults};
use crate::{
    EnvironmentId, ServiceId, Timestamp, VolumeId,
    runtime::{ContainerState, ObservedReplica, ReplicaHandle, RestartPolicy, RuntimeEvent},
};
use ipnet::Ipv4Net;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the simulated engine holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// All containers, ours and foreign.
    pub containers: BTreeMap<ReplicaHandle, SimContainer>,
    /// Environments that have a place here.
    pub environments: BTreeSet<EnvironmentId>,
    /// Addresses that somebody else uses.
    pub foreign_networks: Vec<Ipv4Net>,
    /// Volumes that exist.
    pub volumes: BTreeSet<VolumeId>,
    /// Names of environments and volumes under which somebody else has made something.
    pub foreign_names: BTreeSet<String>,
    /// A seeded bug: whoever removes a container removes its volumes.
    pub loses_volumes: bool,
    /// Images that the engine holds: reference (or digest) to id.
    pub images: BTreeMap<String, String>,
    /// Images that the registry offers.
    pub registry: BTreeMap<String, String>,
    /// How long each of them takes to come.
    pub pull_times: BTreeMap<String, Duration>,
    /// What containers do that are made from now on, whatever their command says.
    pub program: Option<Program>,
    pub(super) events: Vec<RuntimeEvent>,
    /// Changes when the engine restarts: streams of before end.
    pub(super) epoch: u64,
    pub(super) lists: Vec<(Timestamp, Vec<ObservedReplica>)>,
    pub(super) created: u64,
    /// Container starts so far, by whomever.
    pub starts: BTreeMap<ServiceId, u64>,
}

/// How the engine went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reboot {
    /// It was asked to.
    Orderly,
    /// It was killed, and has forgotten its counts.
    Killed,
    /// It was killed just after its containers had died, and before it took note of that.
    KilledAfterContainers,
}

impl State {
    /// Everything that was to happen until now happens.
    pub(super) fn catch_up(&mut self, now: Timestamp, faults: &mut Faults) {
        loop {
            let next = self
                .containers
                .values()
                .filter_map(|container| Some((container.due()?, container.id.clone())))
                .filter(|(due, _)| *due <= now)
                .min();
            let Some((due, id)) = next else { return };
            let Some(container) = self.containers.get_mut(&id) else { return };
            if container.state == ContainerState::Running {
                container.out_of_memory = container.program.is_greedy;
                let code = container.program.ends.map_or(0, |(_, code)| code);
                container.crash(due, code);
                self.announce_end(&id, due, faults);
            } else {
                container.run(due);
                self.count_start(&id);
                self.announce(&id, due, faults);
            }
        }
    }

    /// When something will happen by itself.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.containers.values().filter_map(SimContainer::due).min()
    }

    pub(super) fn count_start(&mut self, id: &ReplicaHandle) {
        let service = self.containers.get(id).and_then(|container| container.identity);
        if let Some(identity) = service {
            *self.starts.entry(identity.service).or_default() += 1;
        }
    }

    /// Tells the listeners that something has happened to a container, and remembers the list.
    pub(super) fn announce(&mut self, id: &ReplicaHandle, at: Timestamp, faults: &mut Faults) {
        let identity = self.containers.get(id).and_then(|container| container.identity);
        if let Some(identity) = identity {
            self.tell(RuntimeEvent::Service(identity.service), at, faults);
        }
    }

    /// Tells the listeners that a container has ended.
    pub(super) fn announce_end(&mut self, id: &ReplicaHandle, at: Timestamp, faults: &mut Faults) {
        let Some(container) = self.containers.get(id) else { return };
        let Some(identity) = container.identity else { return };
        let event = RuntimeEvent::Ended {
            service: identity.service,
            container: id.clone(),
            exit_code: Some(container.exit_code),
            at,
        };
        self.tell(event, at, faults);
    }

    pub(super) fn tell(&mut self, event: RuntimeEvent, at: Timestamp, faults: &mut Faults) {
        let faulty = at < faults.until;
        if !(faulty && faults.rng.percent(faults.lost_event)) {
            self.events.push(event.clone());
            if faulty && faults.rng.percent(faults.repeated_event) {
                self.events.push(event);
            }
        }
        if faulty && faults.rng.percent(faults.cut_stream) {
            self.epoch += 1;
        }
    }

    pub(super) fn remember_list(&mut self, now: Timestamp, faults: &Faults) {
        if faults.stale_list == 0 {
            return;
        }
        let list = self.list();
        self.lists.retain(|(at, _)| now.since(*at) <= Duration::from_secs(10));
        self.lists.push((now, list));
    }

    pub(super) fn list(&self) -> Vec<ObservedReplica> {
        self.containers.values().filter_map(SimContainer::observed).collect()
    }

    /// The engine goes away and comes back, and with it what it restarts.
    pub(super) fn reboot(&mut self, now: Timestamp, how: Reboot) {
        self.epoch += 1;
        let ids: Vec<_> = self.containers.keys().cloned().collect();
        for id in ids {
            let Some(container) = self.containers.get_mut(&id) else { continue };
            let was_alive = container.is_alive() || container.state == ContainerState::Restarting;
            if was_alive {
                container.end(now, 255);
            }
            if how != Reboot::Orderly {
                container.restart_count = 0;
            }
            if was_alive && how == Reboot::KilledAfterContainers {
                container.is_unstartable = true;
                container.error = Some(container.leftover());
            }
            if was_alive
                && !container.is_unstartable
                && container.restart == RestartPolicy::UnlessStopped
                && !container.is_stopped_by_hand
            {
                container.run(now);
                self.count_start(&id);
            }
        }
    }
}
