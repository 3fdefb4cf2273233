//! What people do with the simulated engine, and what a test lets befall it.

use super::{Endpoint, ImageLocation, Program, SimContainer, SimEngine, operations, state::Reboot};
use crate::{
    EnvironmentId, VolumeId,
    runtime::{ContainerState, ReplicaHandle, ReplicaSpec, RestartPolicy, RuntimeEvent},
};
use ipnet::Ipv4Net;
use std::time::Duration;

impl SimEngine {
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

    /// What containers do that are made from now on, whatever their command says: as if the image had
    /// another program in it.
    pub fn set_program(&self, command: &str) {
        let command = command.parse().expect("the test's command is one");
        self.change(|state, _, _| state.program = Some(Program::new(Some(&command), &[])));
    }

    /// Lets a pull of this image take so long.
    pub fn set_pull_time(&self, reference: &str, time: Duration) {
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

    /// It runs, and answers nobody for so long.
    pub fn silence(&self, id: &ReplicaHandle, time: Duration) {
        self.change(|state, _, now| {
            if let Some(container) = state.containers.get_mut(id) {
                container.silence = Some((now, now.plus(time)));
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
                restart: RestartPolicy::UnlessStopped,
                is_unstartable: false,
                is_stopped_by_hand: false,
                endpoint: Endpoint::Chosen { number: u32::MAX, moves: 0 },
                is_connected: false,
                serves: false,
                limits: crate::Limits::default(),
                stop_grace: Duration::ZERO,
                mounts: Vec::new(),
                output: Vec::new(),
                ends: Vec::new(),
                silence: None,
                delay: Duration::ZERO,
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
            let id = operations::insert(state, spec, None);
            if let Some(container) = state.containers.get_mut(&id) {
                container.run(now);
            }
            id
        })
    }

    /// The same, and it is told: a container whose creation was asked for long ago, and answered now.
    pub fn add_late(&self, spec: &ReplicaSpec) -> ReplicaHandle {
        let id = self.add_stray(spec);
        self.change(|state, faults, now| state.announce(&id, now, faults));
        id
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
        self.change(|state, _, now| state.reboot(now, Reboot::Orderly));
    }

    /// The engine is killed and comes back: counts of restarts are forgotten.
    pub fn crash_engine(&self) {
        self.change(|state, _, now| state.reboot(now, Reboot::Killed));
    }

    /// The engine is killed right after its containers, while what runs them for it lives on: it starts
    /// none of them any more.
    pub fn crash_engine_after_its_containers(&self) {
        self.change(|state, _, now| state.reboot(now, Reboot::KilledAfterContainers));
    }

    /// It dies, and the engine is killed right after that: it starts this one no more.
    pub fn crash_engine_after(&self, id: &ReplicaHandle) {
        self.change(|state, _, now| {
            if let Some(container) = state.containers.get_mut(id).filter(|it| it.is_alive()) {
                container.end(now, 255);
                container.is_unstartable = true;
                container.error = Some(container.leftover());
            }
            state.reboot(now, Reboot::Killed);
        });
    }

    /// The event stream ends; what happens until somebody listens again is not told.
    pub fn cut_events(&self) {
        self.change(|state, _, _| state.epoch += 1);
    }
}
