//! The rollout of a new deployment, up to its promotion.

use super::{
    draft::Draft,
    making::{Begin, Obstacle},
    newcomer::Standing,
    replica::{Replica, candidate},
};
use crate::action::Action;
use domain::{
    Strategy,
    deployment::{Deployment, DeploymentState, Milestone},
    rollout::{ServiceView, Step},
    runtime::{ContainerState, ReplicaHandle},
};

impl Draft<'_> {
    /// Brings the newest deployment further, and ends those that it has overtaken.
    pub(super) fn roll_out(&mut self, service: &ServiceView, replicas: &[Replica<'_>]) {
        let newest = candidate(service);
        for deployment in &service.deployments {
            let is_overtaken = deployment.state.is_candidate()
                && newest.is_none_or(|newest| newest.id != deployment.id);
            if is_overtaken {
                self.reach(deployment, Milestone::Overtaken);
            }
        }
        let Some(deployment) = newest else { return };
        self.wake(self.now.plus(self.rules.in_flight));
        if deployment.state.deadline(&deployment.config.check).is_some_and(|at| at <= self.now) {
            let reason = too_late(deployment);
            self.fail(deployment, reason, None, last_container(deployment, replicas));
            return;
        }
        if service.wanted == 0 {
            self.promote_unseen(deployment);
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

    pub(super) fn reach(&mut self, deployment: &Deployment, milestone: Milestone) {
        self.facts.push(Step::Reached { deployment: deployment.id, milestone });
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
    fn promote_unseen(&mut self, deployment: &Deployment) {
        let rank = match deployment.state {
            DeploymentState::Queued { .. } | DeploymentState::Pulling { .. } => 0,
            DeploymentState::Starting { .. } => 1,
            DeploymentState::Checking { .. } => 2,
            _ => 3,
        };
        let chain = [Milestone::StartRequested, Milestone::Started, Milestone::Ready];
        for milestone in chain.into_iter().skip(rank) {
            self.reach(deployment, milestone);
        }
        self.facts.push(Step::Promoted { deployment: deployment.id });
    }

    /// Makes and starts its containers; with `stop_first`, the one before is stopped in between.
    fn start(&mut self, service: &ServiceView, deployment: &Deployment, replicas: &[Replica<'_>]) {
        if let Some(at) = deployment.retry_at.filter(|&at| at > self.now) {
            self.wake(at);
            return;
        }
        let is_exclusive = deployment.config.strategy == Strategy::StopFirst;
        let begin = if is_exclusive { Begin::Later } else { Begin::Now };
        match self.make(service, deployment, replicas, begin) {
            Ok(true) => (),
            Ok(false) => return,
            Err(Obstacle(reason)) => {
                self.fail(deployment, reason, None, None);
                return;
            }
        }
        if is_exclusive && self.clear_stage(service, deployment) {
            return;
        }
        let mut is_started = true;
        for replica in its(deployment, replicas) {
            let Some(seen) = replica.seen else { continue };
            if seen.inspection.state == ContainerState::Created {
                self.act(Some(deployment.id), vec![Action::Start(seen.container.clone())]);
            }
            if matches!(seen.inspection.state, ContainerState::Removing | ContainerState::Dead) {
                self.replace(service, replica);
            }
            is_started &= seen.inspection.started_at.is_some();
        }
        if is_started {
            self.reach(deployment, Milestone::Started);
        }
    }

    /// Stops whatever runs of other deployments. Says whether anything does.
    fn clear_stage(&mut self, service: &ServiceView, deployment: &Deployment) -> bool {
        let others: Vec<_> = self
            .situation
            .seen
            .iter()
            .filter(|seen| seen.is_alive() && seen.inspection.identity.deployment != deployment.id)
            .filter(|seen| self.is_known(service, seen))
            .collect();
        for seen in &others {
            let grace = seen.inspection.stop_grace;
            let stop = Action::Stop { container: seen.container.clone(), grace };
            self.act(None, vec![stop]);
        }
        !others.is_empty()
    }

    /// Waits until all its replicas are ready, then promotes it; too many deaths end it.
    fn check(&mut self, service: &ServiceView, deployment: &Deployment, replicas: &[Replica<'_>]) {
        if let Some(at) = deployment.retry_at.filter(|&at| at > self.now) {
            self.wake(at);
            return;
        }
        match self.make(service, deployment, replicas, Begin::Now) {
            Ok(true) => (),
            Ok(false) => return,
            Err(Obstacle(reason)) => {
                self.fail(deployment, reason, None, None);
                return;
            }
        }
        if deployment.config.strategy == Strategy::StopFirst
            && self.clear_stage(service, deployment)
        {
            return;
        }
        let is_relieving = replicas.iter().any(|replica| {
            replica.row.deployment != deployment.id
                && service.active == Some(replica.row.deployment)
                && replica.is_running()
        });
        let mut is_ready = true;
        for replica in its(deployment, replicas) {
            let container = replica.seen.map(|seen| seen.container.clone());
            match self.tend(service, deployment, replica, self.rules.candidate_deaths) {
                Standing::Ready => (),
                Standing::Done if !is_relieving => (),
                Standing::Done => {
                    let reason = "its command ended at once with exit code 0, so it cannot take \
                                  over from the deployment that runs"
                        .to_owned();
                    self.fail(deployment, reason, Some(0), container);
                    return;
                }
                Standing::Waiting => is_ready = false,
                Standing::Broken { reason, exit_code } => {
                    self.fail(deployment, reason, exit_code, container);
                    return;
                }
            }
        }
        if is_ready {
            self.reach(deployment, Milestone::Ready);
            self.facts.push(Step::Promoted { deployment: deployment.id });
        }
    }
}

fn its<'a, 'b>(
    deployment: &'a Deployment,
    replicas: &'a [Replica<'b>],
) -> impl Iterator<Item = &'a Replica<'b>> {
    replicas.iter().filter(|replica| replica.is_wanted && replica.row.deployment == deployment.id)
}

fn last_container(deployment: &Deployment, replicas: &[Replica<'_>]) -> Option<ReplicaHandle> {
    its(deployment, replicas).find_map(|it| it.seen).map(|seen| seen.container.clone())
}

/// A sentence about a deadline that has passed.
fn too_late(deployment: &Deployment) -> String {
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
