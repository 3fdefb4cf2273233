//! One pull, from its beginning to what is written down of it.

use crate::{action::Pull, context::Context, error::ReconcileError, pulls::Job};
use domain::{
    PullPolicy,
    deployment::Transition,
    rollout::{ServiceKey, Step},
    runtime::{PinnedImage, PullProgress, RuntimeError},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Begins to pull, unless it is being done.
pub(crate) fn begin(context: &Arc<Context>, key: ServiceKey, pull: Box<Pull>) {
    let id = pull.deployment;
    let mut jobs = context.pulls.jobs();
    if jobs.get(&id).is_some_and(|job| job.end.is_none()) {
        return;
    }
    let shared = Arc::clone(context);
    let order = pull.clone();
    let task = context.pulls.tasks.spawn(async move {
        let end = execute(&shared, &order).await;
        if let Some(job) = shared.pulls.jobs().get_mut(&id) {
            job.end = Some(end);
        }
        shared.queue.enqueue(Some(key));
    });
    jobs.insert(id, Job { key, pull, task: task.abort_handle(), end: None });
}

/// Pulls, tells how far it is, and pins what has come.
async fn execute(context: &Context, pull: &Pull) -> Result<(), ReconcileError> {
    let (tell, mut told) = watch::channel(PullProgress::default());
    let progress = move |progress| {
        tell.send_replace(progress);
    };
    let image = async {
        if pull.policy == PullPolicy::Missing {
            // What is there already need not wait for others' pulls.
            let look = PullPolicy::Never;
            let here = context.runtime.ensure_image(pull.project, &pull.image, look, &|_| ()).await;
            if !matches!(here, Err(RuntimeError::Image(_))) {
                return here;
            }
        }
        let _permit = context.permit(&context.pulls.permits).await;
        context.runtime.ensure_image(pull.project, &pull.image, pull.policy, &progress).await
    };
    tokio::pin!(image);
    let record = async |steps: &[Step]| {
        context.rollouts.record(context.fence, context.clock.now(), steps).await
    };
    let deployment = pull.deployment;
    // An image that is here is found while the beginning is being written down.
    let begin = record(&pull.before);
    tokio::pin!(begin);
    let mut has_begun = false;
    let end = loop {
        tokio::select! {
            biased;
            begun = &mut begin, if !has_begun => {
                begun?;
                has_begun = true;
            }
            end = &mut image => break end,
            () = context.clock.sleep(Duration::from_secs(1)), if has_begun => {
                if told.has_changed().unwrap_or(false) && !pull.after.is_empty() {
                    let transition = Transition::Pulled(*told.borrow_and_update());
                    record(&[Step::Reached { deployment, transition }]).await?;
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
