//! A replica as the planner sees it: its row, its container, and what follows from both.

use super::builder::PlanBuilder;
use crate::situation::{Health, ObservedContainer, Situation};
use domain::{
    DeploymentId, Limits, Strategy,
    deployment::{Deployment, DeploymentState},
    rollout::{Incident, IncidentKind, ReplicaRow, RestartHistory, ServiceView, Step},
    runtime::{ContainerState, RestartPolicy},
};

/// A replica: its row, its container, and what follows from both.
pub(super) struct Replica<'a> {
    pub(super) row: &'a ReplicaRow,
    /// Its container, if there is one.
    pub(super) observed: Option<&'a ObservedContainer>,
    /// The row's ledger with what the container adds.
    pub(super) restarts: RestartHistory,
    pub(super) health: Option<&'a Health>,
    /// Whether it should be there.
    pub(super) is_desired: bool,
}

impl Replica<'_> {
    pub(super) fn state(&self) -> Option<ContainerState> {
        self.observed.map(|observed| observed.inspection.state)
    }

    /// Whether it has proved itself: from then on the engine restarts it.
    pub(super) fn is_in_service(&self) -> bool {
        self.observed
            .is_some_and(|observed| observed.inspection.restart == RestartPolicy::UnlessStopped)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.observed.is_some_and(ObservedContainer::is_alive)
    }

    pub(super) fn is_running(&self) -> bool {
        self.state() == Some(ContainerState::Running)
    }

    /// Whether it runs and answers nowhere: somebody has cut it off from its environment.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_running()
            && self.observed.is_some_and(|observed| observed.inspection.address.is_none())
    }

    /// Whether what the row says of its container no longer holds.
    fn is_lost(&self) -> bool {
        self.row.container.is_some() && self.observed.is_none()
    }
}

/// All replicas that have rows.
pub(super) fn replicas<'a>(situation: &'a Situation, service: &'a ServiceView) -> Vec<Replica<'a>> {
    let candidate = candidate(service).map(|deployment| deployment.id);
    let mut taken: Vec<(DeploymentId, u16)> = Vec::new();
    let mut rows: Vec<_> = service.replicas.iter().collect();
    rows.sort_by_key(|row| row.id);
    rows.into_iter()
        .map(|row| {
            let by_id =
                |observed: &&ObservedContainer| row.container.as_ref() == Some(&observed.container);
            let by_label =
                |observed: &&ObservedContainer| observed.inspection.identity.replica == row.id;
            let observed = match row.container {
                Some(_) => situation.observed.iter().find(by_id),
                None => situation.observed.iter().find(by_label),
            };
            let slot = (row.deployment, row.index);
            let deployment = service.deployment(row.deployment);
            let count = deployment.map_or(service.desired_count, |it| service.desired_replicas(it));
            let is_desired = row.retired_at.is_none()
                && row.index < count
                && (service.active == Some(row.deployment) || candidate == Some(row.deployment))
                && !taken.contains(&slot);
            if is_desired {
                taken.push(slot);
            }
            Replica {
                row,
                observed,
                restarts: observed.map_or_else(
                    || row.restarts.clone(),
                    |observed| row.restarts.observe(&observed.inspection),
                ),
                health: observed
                    .and_then(|observed| situation.memory.health.get(&observed.container)),
                is_desired,
            }
        })
        .collect()
}

/// The deployment that is on its way: the newest, and newer than the one that serves.
pub(super) fn candidate(service: &ServiceView) -> Option<&Deployment> {
    let served = service.active().map_or(0, |active| active.generation);
    service
        .deployments
        .iter()
        .filter(|deployment| deployment.state.is_candidate() && deployment.generation > served)
        .max_by_key(|deployment| deployment.generation)
}

/// Whether a new deployment has the stage, and the one that serves is stopped for it.
pub(super) fn is_handing_over(service: &ServiceView, replicas: &[Replica<'_>]) -> bool {
    let Some(candidate) = candidate(service) else { return false };
    if candidate.config.strategy != Strategy::StopFirst || service.desired_count == 0 {
        return false;
    }
    let count = replicas
        .iter()
        .filter(|it| it.is_desired && it.row.deployment == candidate.id && it.observed.is_some())
        .count();
    match candidate.state {
        DeploymentState::Checking { .. } | DeploymentState::Switching { .. } => true,
        DeploymentState::Starting { .. } => {
            count == usize::from(service.desired_replicas(candidate))
        }
        _ => false,
    }
}

impl PlanBuilder<'_> {
    /// Whether a row names it, or named it lately. Others are not ours to change.
    pub(super) fn is_known(&self, service: &ServiceView, observed: &ObservedContainer) -> bool {
        let replica = observed.inspection.identity.replica;
        service.replicas.iter().any(|row| row.id == replica) || service.released.contains(&replica)
    }

    /// What lives of this service beside this deployment; where that has one writer, also what lives of
    /// it beside the replica that is wanted.
    pub(super) fn others_alive<'s>(
        &'s self,
        service: &'s ServiceView,
        deployment: &'s Deployment,
        replicas: &'s [Replica<'_>],
    ) -> impl Iterator<Item = &'s ObservedContainer> {
        let is_wanted = move |observed: &ObservedContainer| {
            let identity = observed.inspection.identity;
            identity.deployment == deployment.id
                && (!deployment.config.has_one_writer()
                    || replicas.iter().any(|it| it.is_desired && it.row.id == identity.replica))
        };
        self.situation.observed.iter().filter(move |observed| {
            observed.is_alive() && self.is_known(service, observed) && !is_wanted(observed)
        })
    }

    /// Writes down whose containers are gone. What follows is for the next look.
    pub(super) fn record_losses(
        &mut self,
        service: &ServiceView,
        replicas: &[Replica<'_>],
    ) -> bool {
        for replica in replicas {
            match (&replica.row.container, replica.is_desired) {
                (Some(container), true) if replica.is_lost() => {
                    if replica.row.restarts.started_at.is_some() {
                        let text = "its container was removed outside Easel and is made again";
                        self.incident(service, replica, IncidentKind::Removed, text);
                    }
                    self.facts.push(Step::ContainerLost {
                        replica: replica.row.id,
                        container: container.clone(),
                    });
                }
                // It has run, and its creation was never written down: what is known of its ends begins
                // with that.
                (None, true) if has_run(replica) => {
                    self.facts.extend(replica.observed.map(|observed| Step::ContainerMade {
                        replica: replica.row.id,
                        container: observed.container.clone(),
                    }));
                }
                (_, false) if replica.observed.is_none() => {
                    self.facts.push(Step::ReplicaReleased { replica: replica.row.id });
                }
                _ => (),
            }
        }
        !self.facts.is_empty()
    }

    /// Writes down starts and ends that are news.
    pub(super) fn record_restarts(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let handing_over = is_handing_over(service, replicas);
        for replica in replicas.iter().filter(|it| it.row.container.is_some()) {
            let (old, new) = (&replica.row.restarts, &replica.restarts);
            if old == new {
                continue;
            }
            self.facts
                .push(Step::RestartsRecorded { replica: replica.row.id, restarts: new.clone() });
            let is_on_duty = service.active == Some(replica.row.deployment)
                && replica.is_desired
                && replica.is_in_service()
                && !handing_over;
            if is_on_duty {
                self.note_end(service, replica);
            }
        }
    }

    fn note_end(&mut self, service: &ServiceView, replica: &Replica<'_>) {
        let (Some(observed), old) = (replica.observed, &replica.row.restarts) else { return };
        let inspection = &observed.inspection;
        let code =
            inspection.exit_code.map_or(String::new(), |code| format!(" (exit code {code})"));
        if inspection.out_of_memory && inspection.finished_at != old.finished_at {
            let text = out_of_memory(inspection.limits);
            self.incident(service, replica, IncidentKind::OutOfMemory, text);
        } else if inspection.state == ContainerState::Exited
            && inspection.finished_at != old.finished_at
        {
            // The engine answers an end with a restart, unless somebody ended it by hand.
            let verb = if inspection.exit_code == Some(137) { "killed" } else { "stopped" };
            let text = format!("its container was {verb} outside Easel{code} and is started again");
            self.incident(service, replica, IncidentKind::Stopped, text);
        } else if replica.restarts.crashes.len() != old.crashes.len()
            || replica.restarts.crashes.last() != old.crashes.last()
        {
            let text = format!("it ended by itself{code} and was started again");
            self.incident(service, replica, IncidentKind::Crashed, text);
        }
    }

    pub(super) fn incident(
        &mut self,
        service: &ServiceView,
        replica: &Replica<'_>,
        kind: IncidentKind,
        text: impl Into<String>,
    ) {
        let step = incident(service, replica, kind, text);
        self.facts.push(step);
    }
}

fn has_run(replica: &Replica<'_>) -> bool {
    replica.observed.is_some_and(|observed| observed.inspection.started_at.is_some())
}

/// The step that writes an incident into the history.
pub(super) fn incident(
    service: &ServiceView,
    replica: &Replica<'_>,
    kind: IncidentKind,
    text: impl Into<String>,
) -> Step {
    let exit_code = replica.observed.and_then(|observed| observed.inspection.exit_code);
    let incident = Incident { kind, exit_code, text: text.into() };
    Step::Incident { service: service.key(), replica: replica.row.id, incident }
}

/// How a want of memory is told.
pub(super) fn out_of_memory(limits: Option<Limits>) -> String {
    match limits.and_then(|limits| limits.memory_mb()) {
        Some(limit) => format!("out of memory (limit {limit} MB)"),
        None => "out of memory (of the host, or of the limit that is the default)".to_owned(),
    }
}
