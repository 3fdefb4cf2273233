//! Tasks with an owner: what panics is logged and started again, what runs is waited for.

use std::{future::Future, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a task rests after a panic before it is started again.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// All tasks of a running Easel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// No tasks yet; `stop` ends those that come.
    #[must_use]
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { tracker: TaskTracker::new(), stop }
    }

    /// Keeps a task running until it returns by itself: one that panics is logged and started
    /// again.
    pub(crate) fn supervise<F, Fut>(&self, name: &'static str, mut start: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.tracker.spawn(async move {
            loop {
                let Err(end) = tasks.tracker.spawn(start()).await else { return };
                tracing::error!(task = name, "the task {name} broke and is started again: {end}");
                tokio::select! {
                    () = tasks.stop.cancelled() => return,
                    () = tokio::time::sleep(RESTART_DELAY) => (),
                }
            }
        });
    }

    /// Waits until all tasks have ended, at most this long. Says whether they have.
    pub(crate) async fn finish(&self, patience: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_until_it_returns() {
        let tasks = Tasks::new(CancellationToken::new());
        let starts = Arc::new(AtomicU32::new(0));

        let counted = starts.clone();
        tasks.supervise("test", move || {
            let starts = counted.clone();
            async move {
                assert!(starts.fetch_add(1, Ordering::SeqCst) >= 2, "not yet");
            }
        });

        assert!(tasks.finish(Duration::from_secs(60)).await);
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_never_ends_is_not_waited_for_longer_than_said() {
        let tasks = Tasks::new(CancellationToken::new());
        tasks.supervise("test", std::future::pending);

        assert!(!tasks.finish(Duration::from_secs(10)).await);
    }
}
