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
pub struct Bell {
    heard: Mutex<BTreeMap<EnvironmentId, u64>>,
    rung: Notify,
}

impl Bell {
    /// The last number that was announced; 0 before any was.
    #[must_use]
    pub fn heard(&self, environment: EnvironmentId) -> u64 {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(&environment).copied().unwrap_or_default()
    }
}

impl Announcer for Bell {
    fn announce(&self, environment: EnvironmentId, up_to: u64) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heard.entry(environment).or_default();
        *last = up_to.max(*last);
        drop(heard);
        self.rung.notify_waiters();
    }
}

#[async_trait]
impl Announcements for Bell {
    async fn changed(&self, environment: EnvironmentId, number: u64) {
        loop {
            let rung = self.rung.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if self.heard(environment) > number {
                return;
            }
            rung.await;
        }
    }
}
