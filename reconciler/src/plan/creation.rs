//! Making replicas: rows first, then what they need, then their containers.

use super::{builder::PlanBuilder, replica::Replica};
use crate::action::{Action, Pull};
use domain::{
    PullPolicy,
    config::StopGrace,
    deployment::{Deployment, DeploymentState, RunConfig, Transition},
    rollout::{ServiceView, Step, VOLUME_MISSING},
    runtime::{PinnedImage, ReplicaIdentity, ReplicaSpec, RestartPolicy, VolumeSpec},
};

/// Whether containers are started as soon as they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartMode {
    Now,
    Later,
}

/// What stands in the way for good.
pub(super) struct Blocker(pub(super) String);

/// Sees to it that the service's environment has its place.
pub(super) fn ensure_environment(service: &ServiceView) -> Action {
    Action::EnsureEnvironment { project: service.project, environment: service.environment }
}

impl PlanBuilder<'_> {
    /// Sees to it that each wanted replica of the deployment has a row and a container.
    ///
    /// `Ok(true)`: they all have. `Ok(false)`: that is being done.
    pub(super) fn create_replicas(
        &mut self,
        service: &ServiceView,
        deployment: &Deployment,
        replicas: &[Replica<'_>],
        start_mode: StartMode,
    ) -> Result<bool, Blocker> {
        let its =
            |replica: &&Replica<'_>| replica.is_desired && replica.row.deployment == deployment.id;
        let missing: Vec<u16> = (0..service.desired_replicas(deployment))
            .filter(|index| !replicas.iter().filter(its).any(|it| it.row.index == *index))
            .collect();
        let bare: Vec<_> =
            replicas.iter().filter(its).filter(|it| it.row.container.is_none()).collect();
        if missing.is_empty() && bare.is_empty() {
            self.resume(deployment);
            return Ok(true);
        }

        self.check_volumes(service, deployment)?;
        let is_lost = self.situation.memory.lost_image == Some(deployment.id);
        let Some(image) = deployment.image.clone().filter(|_| !is_lost) else {
            self.resume(deployment);
            self.pull(deployment);
            return Ok(false);
        };
        if !missing.is_empty() {
            let add = Action::AddReplicas { deployment: deployment.id, indexes: missing };
            self.prepare(Some(deployment.id), add);
            return Ok(false);
        }

        self.prepare(Some(deployment.id), ensure_environment(service));
        for volume in deployment.config.mounts.keys() {
            let is_there = self.situation.volumes.get(volume) == Some(&true)
                && service.volumes_made.contains(volume);
            if !is_there {
                let volume = VolumeSpec {
                    project: service.project,
                    environment: service.environment,
                    volume: *volume,
                };
                self.prepare(Some(deployment.id), Action::EnsureVolume(volume));
            }
        }
        for replica in bare {
            let spec = self.spec(service, deployment, replica, &image);
            let action = match start_mode {
                StartMode::Now => Action::Launch(Box::new(spec)),
                StartMode::Later => Action::Create(Box::new(spec)),
            };
            self.act(Some(deployment.id), vec![action]);
        }
        Ok(false)
    }

    /// It waits for nothing any more: from now on its time counts again.
    fn resume(&mut self, deployment: &Deployment) {
        if deployment.state.waiting().is_some() {
            self.reach(deployment, Transition::Resumed);
        }
    }

    /// A volume that was made and is not there had data: nobody makes an empty one in its place.
    fn check_volumes(&self, service: &ServiceView, deployment: &Deployment) -> Result<(), Blocker> {
        let is_missing = |volume: &&domain::VolumeId| {
            service.volumes_made.contains(volume)
                && self.situation.volumes.get(volume) != Some(&true)
        };
        match deployment.config.mounts.iter().find(|(volume, _)| is_missing(volume)) {
            Some((volume, path)) => Err(Blocker(format!(
                "the volume {volume} (mounted at {}) {VOLUME_MISSING}; restore it, or remove it \
                 from the service",
                path.as_str()
            ))),
            None => Ok(()),
        }
    }

    fn spec(
        &self,
        service: &ServiceView,
        deployment: &Deployment,
        replica: &Replica<'_>,
        image: &PinnedImage,
    ) -> ReplicaSpec {
        ReplicaSpec {
            identity: ReplicaIdentity {
                project: service.project,
                environment: service.environment,
                service: service.id,
                deployment: deployment.id,
                replica: replica.row.id,
                generation: deployment.generation,
            },
            slug: service.slug.clone(),
            image: image.clone(),
            config: RunConfig { limits: service.limits, ..deployment.config.clone() },
            stop_grace: (deployment.config.stop_grace_period)
                .map_or(self.rules.stop_grace, StopGrace::duration),
            restart: RestartPolicy::No,
        }
    }

    /// Gets the deployment's image: the one it was pinned to, if it was.
    pub(super) fn pull(&mut self, deployment: &Deployment) {
        use DeploymentState as S;
        if let Some(at) = deployment.retry_at.filter(|&at| at > self.now) {
            self.requeue_at(at);
            return;
        }
        let id = deployment.id;
        if self.situation.memory.pulling.contains(&id) {
            self.requeue_at(self.now.plus(self.rules.in_flight));
            return;
        }
        let reached = |transition| vec![Step::Reached { deployment: id, transition }];
        let (before, after) = match deployment.state {
            S::Queued { .. } => {
                (reached(Transition::PullStarted), reached(Transition::StartRequested))
            }
            S::Pulling { .. } => (Vec::new(), reached(Transition::StartRequested)),
            _ => (Vec::new(), Vec::new()),
        };
        let project = deployment.project;
        let pinned = deployment.image.clone();
        let digest = pinned.as_ref().and_then(|image| image.digest.clone());
        let image = digest
            .and_then(|digest| digest.try_into().ok())
            .unwrap_or_else(|| deployment.config.image.clone());
        let policy = match pinned {
            Some(_) => PullPolicy::Missing,
            None => deployment.config.pull,
        };
        let pull = Pull { project, deployment: id, image, policy, pinned, before, after };
        self.act(Some(id), vec![Action::Pull(Box::new(pull))]);
    }
}
