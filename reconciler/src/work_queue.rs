//! A work queue: what asks for a pass, each service once.

use domain::rollout::ServiceKey;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};
use tokio::sync::Notify;

/// Services that wait for a pass.
#[derive(Default)]
pub(crate) struct WorkQueue {
    pending: Mutex<Pending>,
    notified: Notify,
}

/// Which services, or all.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) all: bool,
    pub(crate) keys: BTreeSet<ServiceKey>,
}

impl WorkQueue {
    /// Never waits.
    pub(crate) fn enqueue(&self, key: Option<ServiceKey>) {
        {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            match key {
                Some(key) => {
                    pending.keys.insert(key);
                }
                None => pending.all = true,
            }
        }
        self.notified.notify_one();
    }

    /// Waits until somebody has asked.
    pub(crate) async fn notified(&self) {
        self.notified.notified().await;
    }

    /// Everything that was enqueued since the last call.
    pub(crate) fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
