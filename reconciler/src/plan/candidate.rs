//! The rollout of a new deployment, up to its promotion.

use super::{
    builder::PlanBuilder,
    creation::{Blocker, StartMode},
    readiness::Readiness,
    replica::{Replica, candidate},
};
use crate::{action::Action, situation::ObservedContainer};
use domain::{
    Strategy,
    deployment::{Deployment, DeploymentState, Transition},
    rollout::{ServiceView, Step},
    runtime::{ContainerState, ReplicaHandle},
};

impl PlanBuilder<'_> {
    /// Brings the newest deployment further, and ends those that it has overtaken.
    pub(super) fn roll_out(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let newest = candidate(service);
        for deployment in &service.deployments {
            let is_overtaken = deployment.state.is_candidate()
                && newest.is_none_or(|newest| newest.id != deployment.id);
            if is_overtaken {
                self.reach(deployment, Transition::Superseded);
            }
        }
        let Some(deployment) = newest else { return };
        self.requeue_at(self.now.plus(self.rules.in_flight));
        if deployment.state.deadline(&deployment.config.check).is_some_and(|at| at <= self.now) {
            let reason = deadline_message(deployment);
            self.fail(deployment, reason, None, last_container(deployment, replicas));
            return;
        }
        if service.desired_count == 0 {
            self.promote_stopped(deployment);
            return;
        }
        match deployment.state {
            DeploymentState::Queued { .. } | DeploymentState::Pulling { .. } => {
                self.pull(deployment);
            }
            DeploymentState::Starting { .. } => self.start(service, deployment, replicas),
            DeploymentState::Checking { .. } => self.check(service, deployment, replicas),
            DeploymentState::Switching { .. } => {
                self.facts.push(Step::Promoted { deployment: deployment.id });
            }
            DeploymentState::Draining { .. }
            | DeploymentState::Live { .. }
            | DeploymentState::Failed { .. }
            | DeploymentState::Cancelled { .. }
            | DeploymentState::Superseded { .. } => (),
        }
    }

    pub(super) fn reach(&mut self, deployment: &Deployment, transition: Transition) {
        self.facts.push(Step::Reached { deployment: deployment.id, transition });
    }

    fn fail(
        &mut self,
        deployment: &Deployment,
        reason: String,
        exit_code: Option<i64>,
        logs: Option<ReplicaHandle>,
    ) {
        let fail = Action::Fail { deployment: deployment.id, reason, exit_code, logs };
        self.act(None, vec![fail]);
    }

    /// A stopped service takes its new deployment without running it: there is nothing to check.
    fn promote_stopped(&mut self, deployment: &Deployment) {
        let rank = match deployment.state {
            DeploymentState::Queued { .. } | DeploymentState::Pulling { .. } => 0,
            DeploymentState::Starting { .. } => 1,
            DeploymentState::Checking { .. } => 2,
            _ => 3,
        };
        let chain = [Transition::StartRequested, Transition::Started, Transition::Ready];
        for transition in chain.into_iter().skip(rank) {
            self.reach(deployment, transition);
        }
        self.facts.push(Step::Promoted { deployment: deployment.id });
    }

    /// Makes and starts its containers; with `stop_first`, the one before is stopped in between.
    fn start(&mut self, service: &ServiceView, deployment: &Deployment, replicas: &[Replica<'_>]) {
        if let Some(at) = deployment.retry_at.filter(|&at| at > self.now) {
            self.requeue_at(at);
            return;
        }
        let is_exclusive = deployment.config.strategy == Strategy::StopFirst;
        let start_mode = if is_exclusive { StartMode::Later } else { StartMode::Now };
        match self.create_replicas(service, deployment, replicas, start_mode) {
            Ok(true) => (),
            Ok(false) => return,
            Err(Blocker(reason)) => {
                self.fail(deployment, reason, None, None);
                return;
            }
        }
        if is_exclusive && self.stop_others(service, deployment, replicas) {
            return;
        }
        let mut is_started = true;
        for replica in replicas_of(deployment, replicas) {
            let Some(observed) = replica.observed else { continue };
            if observed.inspection.state == ContainerState::Created {
                self.act(Some(deployment.id), vec![Action::Start(observed.container.clone())]);
            }
            if matches!(observed.inspection.state, ContainerState::Removing | ContainerState::Dead)
            {
                self.replace(service, replica);
            }
            is_started &= observed.inspection.started_at.is_some();
        }
        if is_started {
            self.reach(deployment, Transition::Started);
        }
    }

    /// Stops whatever runs beside it. Says whether anything does.
    fn stop_others(
        &mut self,
        service: &ServiceView,
        deployment: &Deployment,
        replicas: &[Replica<'_>],
    ) -> bool {
        let stop = |observed: &ObservedContainer| {
            let grace = observed.inspection.stop_grace;
            Action::Stop { container: observed.container.clone(), grace }
        };
        let stops: Vec<_> = self.others_alive(service, deployment, replicas).map(stop).collect();
        let is_anything = !stops.is_empty();
        for stop in stops {
            self.act(None, vec![stop]);
        }
        is_anything
    }

    /// Waits until all its replicas are ready, then promotes it; too many deaths end it.
    fn check(&mut self, service: &ServiceView, deployment: &Deployment, replicas: &[Replica<'_>]) {
        if let Some(at) = deployment.retry_at.filter(|&at| at > self.now) {
            self.requeue_at(at);
            return;
        }
        match self.create_replicas(service, deployment, replicas, StartMode::Now) {
            Ok(true) => (),
            Ok(false) => return,
            Err(Blocker(reason)) => {
                self.fail(deployment, reason, None, None);
                return;
            }
        }
        if deployment.config.strategy == Strategy::StopFirst
            && self.stop_others(service, deployment, replicas)
        {
            return;
        }
        let is_replacing = replicas.iter().any(|replica| {
            replica.row.deployment != deployment.id
                && service.active == Some(replica.row.deployment)
                && replica.is_running()
        });
        let mut is_ready = true;
        for replica in replicas_of(deployment, replicas) {
            let container = replica.observed.map(|observed| observed.container.clone());
            match self.await_readiness(service, deployment, replica, self.rules.candidate_deaths) {
                Readiness::Ready => (),
                Readiness::Done if !is_replacing => (),
                Readiness::Done => {
                    let reason = "its command ended at once with exit code 0, so it cannot take \
                                  over from the deployment that runs"
                        .to_owned();
                    self.fail(deployment, reason, Some(0), container);
                    return;
                }
                Readiness::Waiting => is_ready = false,
                Readiness::Broken { reason, exit_code } => {
                    self.fail(deployment, reason, exit_code, container);
                    return;
                }
            }
        }
        if is_ready {
            self.reach(deployment, Transition::Ready);
            self.facts.push(Step::Promoted { deployment: deployment.id });
        }
    }
}

fn replicas_of<'a, 'b>(
    deployment: &'a Deployment,
    replicas: &'a [Replica<'b>],
) -> impl Iterator<Item = &'a Replica<'b>> {
    replicas.iter().filter(|replica| replica.is_desired && replica.row.deployment == deployment.id)
}

fn last_container(deployment: &Deployment, replicas: &[Replica<'_>]) -> Option<ReplicaHandle> {
    replicas_of(deployment, replicas)
        .find_map(|it| it.observed)
        .map(|observed| observed.container.clone())
}

/// A sentence about a deadline that has passed.
fn deadline_message(deployment: &Deployment) -> String {
    let check = &deployment.config.check;
    let most = deployment
        .state
        .deadline(check)
        .map_or(0, |deadline| deadline.since(deployment.state.since()).as_secs());
    match deployment.state {
        DeploymentState::Queued { .. } => format!("it waited for its turn for {most} s"),
        DeploymentState::Pulling { .. } => format!("its image was not there after {most} s"),
        DeploymentState::Starting { .. } => format!("its containers did not start within {most} s"),
        DeploymentState::Checking { .. } => format!("it was not ready within {most} s"),
        _ => format!("it did not take over within {most} s"),
    }
}
