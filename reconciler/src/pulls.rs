//! Pulls under way. They take long, so no worker waits for them: a finished one asks its service
//! to be looked at.

use crate::{
    action::{Action, Chain, Pull},
    error::ReconcileError,
};
use domain::{
    DeploymentId,
    rollout::{DesiredService, ServiceKey},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::Semaphore, task::AbortHandle};
use tokio_util::task::TaskTracker;

/// Pulls under way, and those whose end nobody has seen yet.
pub(crate) struct Pulls {
    jobs: Mutex<BTreeMap<DeploymentId, Job>>,
    pub(crate) permits: Semaphore,
    pub(crate) tasks: TaskTracker,
}

/// One pull.
pub(crate) struct Job {
    pub(crate) key: ServiceKey,
    pub(crate) pull: Box<Pull>,
    pub(crate) task: AbortHandle,
    /// How it has ended, if it has.
    pub(crate) end: Option<Result<(), ReconcileError>>,
}

impl Pulls {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { jobs: Mutex::default(), permits: Semaphore::new(at_once), tasks: TaskTracker::new() }
    }

    pub(crate) fn jobs(&self) -> MutexGuard<'_, BTreeMap<DeploymentId, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends them all.
    pub(crate) async fn stop(&self) {
        for (_, job) in std::mem::take(&mut *self.jobs()) {
            job.task.abort();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The service's deployments that are being pulled.
    pub(crate) fn running(&self, key: ServiceKey) -> BTreeSet<DeploymentId> {
        let jobs = self.jobs();
        let is_its = |job: &Job| job.key == key && job.end.is_none();
        jobs.iter().filter(|(_, job)| is_its(job)).map(|(id, _)| *id).collect()
    }

    /// Ends the pulls of this service that nobody wants any more; says which go on.
    pub(crate) fn cancel_undesired(
        &self,
        key: ServiceKey,
        desired: &DesiredService,
    ) -> BTreeSet<DeploymentId> {
        let newest = desired.service.iter().flat_map(|service| &service.deployments);
        let newest = newest.filter(|it| it.state.is_candidate()).max_by_key(|it| it.generation);
        let still_desired =
            [newest.map(|it| it.id), desired.service.as_ref().and_then(|it| it.active)];
        self.jobs().retain(|id, job| {
            let is_kept = job.key != key || still_desired.contains(&Some(*id));
            if !is_kept {
                job.task.abort();
            }
            is_kept
        });
        self.running(key)
    }

    /// The service's pulls that have failed since this was asked last.
    pub(crate) fn take_failures(&self, key: ServiceKey) -> Vec<(Chain, Action, ReconcileError)> {
        let mut jobs = self.jobs();
        let is_terminal = |job: &Job| job.key == key && matches!(job.end, Some(Err(_)));
        let over: Vec<_> =
            jobs.iter().filter(|(_, job)| is_terminal(job)).map(|(id, _)| *id).collect();
        over.into_iter()
            .filter_map(|id| {
                let job = jobs.remove(&id)?;
                let Some(Err(error)) = job.end else { return None };
                let action = Action::Pull(job.pull);
                let chain = Chain { on_behalf: Some(id), actions: vec![action.clone()] };
                Some((chain, action, error))
            })
            .collect()
    }

    /// Whether the deployment's pull has succeeded since this was asked last.
    pub(crate) fn take_success(&self, id: DeploymentId) -> bool {
        let mut jobs = self.jobs();
        let is_done = jobs.get(&id).is_some_and(|job| matches!(job.end, Some(Ok(()))));
        is_done && jobs.remove(&id).is_some()
    }
}
