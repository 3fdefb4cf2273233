//! Pulls under way. They take long, so no worker waits for them: a finished one asks its service
//! to be looked at.

use crate::{
    action::{Action, Chain, Pull},
    execute::Trouble,
    worker::Tools,
};
use domain::{
    DeploymentId, PullPolicy,
    deployment::Milestone,
    rollout::{Aim, ServiceKey, Step},
    runtime::{PinnedImage, PullProgress, RuntimeError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, watch},
    task::AbortHandle,
};
use tokio_util::task::TaskTracker;

/// Pulls under way, and those whose end nobody has seen yet.
pub(crate) struct Pulls {
    jobs: Mutex<BTreeMap<DeploymentId, Job>>,
    permits: Semaphore,
    tasks: TaskTracker,
}

struct Job {
    key: ServiceKey,
    pull: Box<Pull>,
    task: AbortHandle,
    end: Option<Result<(), Trouble>>,
}

impl Pulls {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { jobs: Mutex::default(), permits: Semaphore::new(at_once), tasks: TaskTracker::new() }
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<DeploymentId, Job>> {
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
}

/// Begins to pull, unless it is being done.
pub(crate) fn begin(tools: &Arc<Tools>, key: ServiceKey, pull: Box<Pull>) {
    let id = pull.deployment;
    let mut jobs = tools.pulls.jobs();
    if jobs.get(&id).is_some_and(|job| job.end.is_none()) {
        return;
    }
    let shared = Arc::clone(tools);
    let order = pull.clone();
    let task = tools.pulls.tasks.spawn(async move {
        let end = carry_out(&shared, &order).await;
        if let Some(job) = shared.pulls.jobs().get_mut(&id) {
            job.end = Some(end);
        }
        shared.nudges.ask(Some(key));
    });
    jobs.insert(id, Job { key, pull, task: task.abort_handle(), end: None });
}

/// The service's deployments that are being pulled.
pub(crate) fn running(tools: &Tools, key: ServiceKey) -> BTreeSet<DeploymentId> {
    let jobs = tools.pulls.jobs();
    let is_its = |job: &Job| job.key == key && job.end.is_none();
    jobs.iter().filter(|(_, job)| is_its(job)).map(|(id, _)| *id).collect()
}

/// Ends the pulls of this service that nobody wants any more; says which go on.
pub(crate) fn keep_wanted(tools: &Tools, key: ServiceKey, aim: &Aim) -> BTreeSet<DeploymentId> {
    let newest = aim.service.iter().flat_map(|service| &service.deployments);
    let newest = newest.filter(|it| it.state.is_candidate()).max_by_key(|it| it.generation);
    let wanted = [newest.map(|it| it.id), aim.service.as_ref().and_then(|it| it.active)];
    tools.pulls.jobs().retain(|id, job| {
        let is_kept = job.key != key || wanted.contains(&Some(*id));
        if !is_kept {
            job.task.abort();
        }
        is_kept
    });
    running(tools, key)
}

/// The service's pulls that have failed since this was asked last.
pub(crate) fn take_failures(tools: &Tools, key: ServiceKey) -> Vec<(Chain, Action, Trouble)> {
    let mut jobs = tools.pulls.jobs();
    let is_over = |job: &Job| job.key == key && matches!(job.end, Some(Err(_)));
    let over: Vec<_> = jobs.iter().filter(|(_, job)| is_over(job)).map(|(id, _)| *id).collect();
    over.into_iter()
        .filter_map(|id| {
            let job = jobs.remove(&id)?;
            let Some(Err(trouble)) = job.end else { return None };
            let action = Action::Pull(job.pull);
            let chain = Chain { on_behalf: Some(id), actions: vec![action.clone()] };
            Some((chain, action, trouble))
        })
        .collect()
}

/// Whether the deployment's pull has succeeded since this was asked last.
pub(crate) fn take_success(tools: &Tools, id: DeploymentId) -> bool {
    let mut jobs = tools.pulls.jobs();
    let is_done = jobs.get(&id).is_some_and(|job| matches!(job.end, Some(Ok(()))));
    is_done && jobs.remove(&id).is_some()
}

/// Pulls, tells how far it is, and pins what has come.
async fn carry_out(tools: &Tools, pull: &Pull) -> Result<(), Trouble> {
    let (tell, mut told) = watch::channel(PullProgress::default());
    let progress = move |progress| {
        tell.send_replace(progress);
    };
    let image = async {
        if pull.policy == PullPolicy::Missing {
            // What is there already need not wait for others' pulls.
            let here = tools.runtime.ensure_image(&pull.image, PullPolicy::Never, &|_| ()).await;
            if !matches!(here, Err(RuntimeError::Image(_))) {
                return here;
            }
        }
        let _permit = tools.permit(&tools.pulls.permits).await;
        tools.runtime.ensure_image(&pull.image, pull.policy, &progress).await
    };
    tokio::pin!(image);
    let record =
        async |steps: &[Step]| tools.rollouts.record(tools.fence, tools.clock.now(), steps).await;
    let deployment = pull.deployment;
    // An image that is here is found while the beginning is being written down.
    let begin = record(&pull.before);
    tokio::pin!(begin);
    let mut has_begun = false;
    let end = loop {
        tokio::select! {
            begun = &mut begin, if !has_begun => {
                begun?;
                has_begun = true;
            }
            end = &mut image => break end,
            () = tools.clock.sleep(Duration::from_secs(1)), if has_begun => {
                if told.has_changed().unwrap_or(false) && !pull.after.is_empty() {
                    let milestone = Milestone::Pulled(*told.borrow_and_update());
                    record(&[Step::Reached { deployment, milestone }]).await?;
                }
            }
        }
    };
    if !has_begun {
        begin.await?;
    }
    let image = end?;
    let image = match &pull.pinned {
        Some(pinned) if pinned.id == image.id => pinned.clone(),
        Some(pinned) => return Err(RuntimeError::Image(other_image(pinned)).into()),
        None => image,
    };
    let mut steps = vec![Step::ImagePinned { deployment, image }];
    steps.extend(pull.after.iter().cloned());
    Ok(record(&steps).await?)
}

fn other_image(pinned: &PinnedImage) -> String {
    format!(
        "the image {} as it was then ({}) is gone and cannot be fetched again",
        pinned.reference.as_str(),
        pinned.id
    )
}
