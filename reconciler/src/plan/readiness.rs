//! A replica that has not proved itself yet, whether its deployment serves or not.

use super::{
    builder::PlanBuilder,
    creation::ensure_environment,
    replica::{Replica, out_of_memory},
};
use crate::{
    action::Action,
    situation::{Health, Thresholds},
};
use domain::{
    Protocol, Timestamp,
    deployment::Deployment,
    readiness::Probe,
    rollout::{IncidentKind, ServiceView, Step},
    runtime::{ContainerState, Inspection, ProbeTarget, Serving},
};
use std::time::Duration;

/// How a newcomer does.
pub(super) enum Readiness {
    /// It is ready for work.
    Ready,
    /// It has done its work and ended with 0.
    Done,
    /// It needs more time, or something is being done about it.
    Waiting,
    /// It died too often.
    Broken { reason: String, exit_code: Option<i64> },
}

/// What is asked of a deployment's replicas; `None`: that they stay up.
pub(super) fn probe_target(deployment: &Deployment) -> Option<ProbeTarget> {
    match &deployment.config.check.probe {
        Probe::Automatic => deployment
            .config
            .ports
            .iter()
            .find(|port| port.protocol == Protocol::Tcp)
            .map(|port| ProbeTarget::Tcp(port.number.get())),
        Probe::Tcp { port } => Some(ProbeTarget::Tcp(port.get())),
        Probe::Http { port, path } => {
            Some(ProbeTarget::Http { port: port.get(), path: path.as_str().to_owned() })
        }
        Probe::Command { command } => Some(ProbeTarget::Command(command.arguments().to_vec())),
    }
}

/// Whether ending with 0 is what it was made for.
pub(super) fn is_job(deployment: &Deployment) -> bool {
    probe_target(deployment).is_none()
}

impl PlanBuilder<'_> {
    /// Looks after a replica with a container until it is ready, done or broken.
    pub(super) fn await_readiness(
        &mut self,
        service: &ServiceView,
        deployment: &Deployment,
        replica: &Replica<'_>,
        deaths: usize,
    ) -> Readiness {
        let Some(observed) = replica.observed else { return Readiness::Waiting };
        let container = &observed.container;
        let blame = Some(deployment.id);
        match observed.inspection.state {
            ContainerState::Created => {
                self.act(blame, vec![Action::Start(container.clone())]);
                Readiness::Waiting
            }
            ContainerState::Paused => {
                self.unpause(service, replica);
                Readiness::Waiting
            }
            ContainerState::Removing | ContainerState::Dead => {
                self.replace(service, replica);
                Readiness::Waiting
            }
            ContainerState::Restarting => {
                self.requeue_at(self.now.plus(self.rules.in_flight));
                Readiness::Waiting
            }
            ContainerState::Exited => self.after_end(deployment, replica, deaths),
            ContainerState::Running => {
                if replica.is_cut_off() {
                    self.reconnect(service, replica, Serving::No);
                    return Readiness::Waiting;
                }
                if self.is_ready(deployment, replica) {
                    Readiness::Ready
                } else {
                    Readiness::Waiting
                }
            }
        }
    }

    fn after_end(
        &mut self,
        deployment: &Deployment,
        replica: &Replica<'_>,
        deaths: usize,
    ) -> Readiness {
        let Some(observed) = replica.observed else { return Readiness::Waiting };
        let inspection = &observed.inspection;
        if inspection.exit_code == Some(0) && is_job(deployment) {
            return Readiness::Done;
        }
        let crashes = replica.restarts.recent_crashes(self.now);
        if crashes >= deaths {
            let mut reason = how_it_ended(inspection);
            if !inspection.out_of_memory {
                reason.push_str(" before it was ready");
            }
            return Readiness::Broken { reason, exit_code: inspection.exit_code };
        }
        let wait =
            Duration::from_secs(1 << crashes.saturating_sub(1).min(6)).min(Duration::from_secs(60));
        let at = inspection.finished_at.map_or(self.now, |finished| finished.plus(wait));
        if crashes > 0 && at > self.now {
            self.requeue_at(at);
        } else {
            self.act(Some(deployment.id), vec![Action::Start(observed.container.clone())]);
        }
        Readiness::Waiting
    }

    /// Whether it has proved itself; if it is time to ask, asks.
    pub(super) fn is_ready(&mut self, deployment: &Deployment, replica: &Replica<'_>) -> bool {
        let (Some(observed), Some(health)) = (replica.observed, replica.health) else {
            self.requeue_at(self.now);
            return false;
        };
        let pace = deployment.config.check.pace;
        if let Some(probe_target) = probe_target(deployment) {
            // An answer from long ago says nothing of now: others may have kept it waiting since.
            let live_probe = self.rules.live_probe;
            let is_fresh = health.probed_at.is_some_and(|at| self.now.since(at) <= live_probe);
            if health.is_ready != Some(true) || health.failures > 0 || !is_fresh {
                self.probe(replica, probe_target, deployment, pace.interval());
                return false;
            }
            // What has crashed may answer once more and crash again: it must stay up as well.
            if !self.has_crashed_recently(replica) {
                return true;
            }
        }
        let stable = up_since(&observed.inspection, health).plus(self.rules.stable_after);
        if stable > self.now {
            self.requeue_at(stable);
        }
        stable <= self.now
    }

    /// Asks, if the last time was so long ago.
    pub(super) fn probe(
        &mut self,
        replica: &Replica<'_>,
        probe_target: ProbeTarget,
        deployment: &Deployment,
        interval: Duration,
    ) {
        let (Some(observed), Some(health)) = (replica.observed, replica.health) else { return };
        let Some(address) = observed.inspection.address else { return };
        // A young one may come up any moment: it is asked more often at first.
        let age = self.now.since(health.since);
        let interval = match health.passes {
            0 => interval.min((age / 4).max(Duration::from_millis(50))),
            _ => interval,
        };
        let due = health.probed_at.map_or(self.now, |asked| asked.plus(interval));
        if due > self.now {
            self.requeue_at(due);
            return;
        }
        let pace = deployment.config.check.pace;
        let counts = age >= pace.start_period();
        let probe = Action::Probe {
            container: observed.container.clone(),
            address,
            probe_target,
            timeout: pace.timeout(),
            thresholds: Thresholds {
                healthy_after: pace.healthy_after(),
                unhealthy_after: if counts { pace.unhealthy_after() } else { u32::MAX },
            },
        };
        self.act(None, vec![probe]);
        self.requeue_at(self.now.plus(interval));
    }

    /// Brings it back into its environment, for which a place is made if it is missing.
    pub(super) fn reconnect(
        &mut self,
        service: &ServiceView,
        replica: &Replica<'_>,
        serving: Serving,
    ) {
        let Some(observed) = replica.observed else { return };
        self.prepare(None, ensure_environment(service));
        let connect = Action::SetServing { container: observed.container.clone(), serving };
        let text = "its container was disconnected from its network and is connected again";
        let step = super::replica::incident(service, replica, IncidentKind::Disconnected, text);
        self.act(None, vec![connect, Action::Record(vec![step])]);
    }

    pub(super) fn unpause(&mut self, service: &ServiceView, replica: &Replica<'_>) {
        let Some(observed) = replica.observed else { return };
        let text = "its container was paused outside Easel and is resumed";
        let step = super::replica::incident(service, replica, IncidentKind::Paused, text);
        let actions = vec![Action::Unpause(observed.container.clone()), Action::Record(vec![step])];
        self.act(None, actions);
    }

    /// Its container cannot be used any more: another row takes its place, under another name.
    pub(super) fn replace(&mut self, service: &ServiceView, replica: &Replica<'_>) {
        let text = "its container is being removed outside Easel and is replaced";
        self.incident(service, replica, IncidentKind::Replaced, text);
        self.facts.push(Step::ReplicaRetired { replica: replica.row.id });
        self.requeue_at(self.now.plus(self.rules.in_flight));
    }
}

/// Since when it is up, as far as its own words can be believed.
fn up_since(inspection: &Inspection, health: &Health) -> Timestamp {
    inspection.started_at.unwrap_or(health.since).min(health.since)
}

/// A sentence about the end of a container.
pub(super) fn how_it_ended(inspection: &Inspection) -> String {
    if inspection.out_of_memory {
        return out_of_memory(inspection.limits);
    }
    match inspection.exit_code {
        Some(code) => format!("its container ended with exit code {code}"),
        None => "its container ended".to_owned(),
    }
}
