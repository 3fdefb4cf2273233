//! Announcements within one process.

use crate::{
    EnvironmentId,
    event::{Announcements, Announcer},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::Notify;

/// Announces to whoever waits.
#[derive(Debug, Default)]
pub struct TestBus {
    announced: Mutex<BTreeMap<EnvironmentId, u64>>,
    notify: Notify,
}

impl TestBus {
    /// The last number that was announced; 0 before any was.
    #[must_use]
    pub fn announced(&self, environment: EnvironmentId) -> u64 {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        announced.get(&environment).copied().unwrap_or_default()
    }
}

impl Announcer for TestBus {
    fn announce(&self, environment: EnvironmentId, up_to: u64) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let last = announced.entry(environment).or_default();
        *last = up_to.max(*last);
        drop(announced);
        self.notify.notify_waiters();
    }
}

#[async_trait]
impl Announcements for TestBus {
    async fn changed(&self, environment: EnvironmentId, number: u64) {
        loop {
            let notify = self.notify.notified();
            tokio::pin!(notify);
            notify.as_mut().enable();
            if self.announced(environment) > number {
                return;
            }
            notify.await;
        }
    }
}
