//! A simulated container.

use super::program::Program;
use crate::{
    EnvironmentId, Limits, Timestamp, VolumeId,
    runtime::{
        ContainerState, Inspection, ObservedReplica, ReplicaHandle, ReplicaIdentity, RestartPolicy,
    },
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

/// A container of the simulated engine, ours or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimContainer {
    /// The engine's name for it.
    pub id: ReplicaHandle,
    /// The name that it holds.
    pub name: String,
    /// Which replica it is; `None`: a foreign one.
    pub identity: Option<ReplicaIdentity>,
    /// What it runs.
    pub image: String,
    /// What it does once started.
    pub program: Program,
    /// What it does now.
    pub state: ContainerState,
    /// When its present or last run began.
    pub started_at: Option<Timestamp>,
    /// When its last run ended.
    pub finished_at: Option<Timestamp>,
    /// How its last run ended.
    pub exit_code: i64,
    /// Whether the kernel ended it.
    pub out_of_memory: bool,
    /// The engine's count of restarts.
    pub restart_count: u64,
    /// What the engine does when it ends.
    pub restart: RestartPolicy,
    /// Whether the engine has kept something of its last run, for which it starts it no more.
    pub is_unstartable: bool,
    /// Whether somebody stopped or killed it: the engine leaves it alone then.
    pub is_stopped_by_hand: bool,
    /// Where it answers while it runs and is connected.
    pub endpoint: Endpoint,
    /// Whether it is connected to its environment.
    pub is_connected: bool,
    /// Whether its service's name leads to it.
    pub serves: bool,
    /// What it may use.
    pub limits: Limits,
    /// How long it may take to stop.
    pub stop_grace: Duration,
    /// Volumes it mounts.
    pub mounts: Vec<VolumeId>,
    /// What it has printed.
    pub output: Vec<(Timestamp, String)>,
    /// When it ended, unasked, while nobody but its adapter would start it again.
    pub ends: Vec<Timestamp>,
    /// From when to when nothing of it answers, though it runs.
    pub silence: Option<(Timestamp, Timestamp)>,
    pub(super) delay: Duration,
    pub(super) ends_at: Option<Timestamp>,
    pub(super) restarts_at: Option<Timestamp>,
    pub(super) error: Option<String>,
}

/// Where a simulated container answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Where its adapter wants it: always the same.
    Kept(Ipv4Addr),
    /// Where the engine likes: somewhere else after each start.
    Chosen {
        /// Of each container its own.
        number: u32,
        /// How often it was moved.
        moves: u16,
    },
}

impl Endpoint {
    /// Its address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        match self {
            Self::Kept(address) => address.into(),
            Self::Chosen { number, moves } => {
                let [a, b, c, d] = number.to_be_bytes();
                let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                Ipv6Addr::new(0xfd00, 0, 0, 0, high, low, 0, moves).into()
            }
        }
    }

    /// Where it is after it was started or connected again.
    pub(super) fn moved(self) -> Self {
        match self {
            Self::Kept(_) => self,
            Self::Chosen { number, moves } => Self::Chosen { number, moves: moves.wrapping_add(1) },
        }
    }
}

impl SimContainer {
    /// Whether it could do its work: it runs, and all its ports answer.
    #[must_use]
    pub fn is_healthy(&self, now: Timestamp) -> bool {
        self.state == ContainerState::Running
            && self.program.listens.keys().all(|&port| self.answers(port, now))
    }

    /// Whether this port answers.
    #[must_use]
    pub fn answers(&self, port: u16, now: Timestamp) -> bool {
        self.state == ContainerState::Running
            && self.is_connected
            && self.silent_since(now).is_none()
            && self.program.listens.get(&port).is_some_and(|&after| {
                self.started_at.is_some_and(|started| now >= started.plus(after))
            })
    }

    /// Since when nothing of it answers, though it runs.
    #[must_use]
    pub fn silent_since(&self, now: Timestamp) -> Option<Timestamp> {
        let by_hand = self.silence.filter(|(from, to)| (*from..*to).contains(&now));
        let by_itself = self.started_at.zip(self.program.falls_silent);
        let by_itself = by_itself.map(|(started, after)| started.plus(after));
        by_hand.map(|(from, _)| from).or(by_itself.filter(|from| *from <= now))
    }

    /// Whether a process of it exists.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Paused)
    }

    /// Whether it is connected to this environment.
    pub(super) fn is_in(&self, environment: EnvironmentId) -> bool {
        self.is_connected && self.identity.is_some_and(|it| it.environment == environment)
    }

    pub(super) fn run(&mut self, at: Timestamp) {
        self.state = ContainerState::Running;
        self.endpoint = self.endpoint.moved();
        self.started_at = Some(at);
        self.out_of_memory = false;
        self.restarts_at = None;
        self.ends_at = self.program.ends.map(|(after, _)| at.plus(after));
        self.output.extend(self.program.prints.iter().map(|line| (at, line.clone())));
    }

    pub(super) fn end(&mut self, at: Timestamp, exit_code: i64) {
        self.state = ContainerState::Exited;
        self.finished_at = Some(at);
        self.exit_code = exit_code;
        if self.restart == RestartPolicy::No {
            self.ends.push(at);
        }
        self.ends_at = None;
        self.restarts_at = None;
    }

    /// Its own end, which the engine may answer with a restart.
    pub(super) fn crash(&mut self, at: Timestamp, exit_code: i64) {
        let lived = self.started_at.map_or(Duration::ZERO, |started| at.since(started));
        self.end(at, exit_code);
        if self.restart == RestartPolicy::UnlessStopped && !self.is_stopped_by_hand {
            self.delay = if self.delay.is_zero() || lived > Duration::from_secs(10) {
                Duration::from_millis(100)
            } else {
                (self.delay * 2).min(Duration::from_secs(60))
            };
            self.state = ContainerState::Restarting;
            self.restart_count += 1;
            self.restarts_at = Some(at.plus(self.delay));
        }
    }

    /// What the engine has kept of its last run, in the engine's words.
    pub(super) fn leftover(&self) -> String {
        format!("task {} already exists", self.id.short())
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.state {
            ContainerState::Running => self.ends_at,
            ContainerState::Restarting => self.restarts_at,
            ContainerState::Created
            | ContainerState::Paused
            | ContainerState::Removing
            | ContainerState::Exited
            | ContainerState::Dead => None,
        }
    }

    pub(super) fn observed(&self) -> Option<ObservedReplica> {
        Some(ObservedReplica {
            container: self.id.clone(),
            identity: self.identity?,
            state: self.state,
            address: self.address(),
        })
    }

    /// Where it answers, as the engine reports it: only while it runs.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        (self.is_connected && self.is_alive()).then(|| self.endpoint.address())
    }

    pub(super) fn inspection(&self) -> Option<Inspection> {
        Some(Inspection {
            identity: self.identity?,
            state: self.state,
            started_at: self.started_at,
            finished_at: self.finished_at,
            exit_code: (!self.is_alive() && self.finished_at.is_some()).then_some(self.exit_code),
            out_of_memory: self.out_of_memory,
            restart_count: self.restart_count,
            restart: self.restart,
            serves: self.is_connected && self.serves,
            address: self.address(),
            limits: Some(self.limits),
            stop_grace: self.stop_grace,
            error: self.error.clone(),
        })
    }
}
