//! What the planner looks at: all that is known of one service at one moment.

use domain::{
    DeploymentId, Timestamp, VolumeId,
    rollout::{DesiredService, ServiceKey},
    runtime::{ContainerState, Inspection, ReplicaHandle},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All that is known of one service at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// Which service.
    pub key: ServiceKey,
    /// What should be.
    pub desired: Arc<DesiredService>,
    /// Its containers, each as an inspection has just shown it.
    pub observed: Vec<ObservedContainer>,
    /// Which of the volumes that it mounts are there; asked before anything is made.
    pub volumes: BTreeMap<VolumeId, bool>,
    /// What is remembered from before.
    pub memory: WorkerState,
}

/// A container with our labels.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedContainer {
    /// The engine's name for it.
    pub container: ReplicaHandle,
    /// What it is like.
    pub inspection: Inspection,
}

impl ObservedContainer {
    /// Whether a process of it exists, or will by itself.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(
            self.inspection.state,
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting
        )
    }
}

/// What one worker remembers between passes. Losing it costs time, never safety.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerState {
    /// How its containers have answered.
    pub health: BTreeMap<ReplicaHandle, Health>,
    /// The deployment whose image the engine has lost.
    pub lost_image: Option<DeploymentId>,
    /// Deployments whose images are being pulled at the moment.
    pub pulling: BTreeSet<DeploymentId>,
    /// What stood in the way last time, in one sentence.
    pub blocker: Option<String>,
}

/// How a running container has answered its readiness question.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// Which run of it this is about.
    pub started_at: Option<Timestamp>,
    /// When this run was first seen.
    pub since: Timestamp,
    /// When it was asked last.
    pub probed_at: Option<Timestamp>,
    /// Good answers in a row.
    pub passes: u32,
    /// Bad answers in a row.
    pub failures: u32,
    /// What the thresholds say; `None` until one is reached.
    pub is_ready: Option<bool>,
}

impl WorkerState {
    /// Forgets what has ended, begins anew with what has been restarted.
    pub fn refresh(&mut self, observed: &[ObservedContainer], now: Timestamp) {
        let running =
            |observed: &&ObservedContainer| observed.inspection.state == ContainerState::Running;
        let mut health = BTreeMap::new();
        for ObservedContainer { container, inspection } in observed.iter().filter(running) {
            let known = self
                .health
                .remove(container)
                .filter(|known| known.started_at == inspection.started_at);
            let fresh = Health {
                started_at: inspection.started_at,
                since: now,
                probed_at: None,
                passes: 0,
                failures: 0,
                is_ready: None,
            };
            health.insert(container.clone(), known.unwrap_or(fresh));
        }
        self.health = health;
    }

    /// Takes in one answer.
    pub fn answer(
        &mut self,
        container: &ReplicaHandle,
        is_good: ProbeResult,
        thresholds: Thresholds,
        now: Timestamp,
    ) {
        let Some(health) = self.health.get_mut(container) else { return };
        health.probed_at = Some(now);
        match is_good {
            ProbeResult::Good => {
                health.passes = health.passes.saturating_add(1);
                health.failures = 0;
                if health.passes >= thresholds.healthy_after {
                    health.is_ready = Some(true);
                }
            }
            ProbeResult::Bad => {
                health.failures = health.failures.saturating_add(1);
                health.passes = 0;
                if health.failures >= thresholds.unhealthy_after {
                    health.is_ready = Some(false);
                }
            }
        }
    }
}

/// How a readiness question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// Well.
    Good,
    /// Not well, or not at all.
    Bad,
}

/// How many answers in a row decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `Pace`")]
pub struct Thresholds {
    pub healthy_after: u32,
    pub unhealthy_after: u32,
}
