//! The in-process bus that wakes readers of the event log.
//!
//! It carries no events, only how far the log has come: one number an environment. So it never
//! waits for a reader, never grows with their number, and a slow reader misses nothing: it finds
//! everything in the log.

use async_trait::async_trait;
use domain::{
    EnvironmentId,
    event::{Announcements, Announcer},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// How far the log of each environment has come, as far as this process knows.
#[derive(Debug, Default)]
pub struct Bus {
    heads: Mutex<HashMap<EnvironmentId, watch::Sender<u64>>>,
}

impl Bus {
    /// A bus on which nothing has been announced.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with_head<T>(
        &self,
        environment: EnvironmentId,
        act: impl FnOnce(&watch::Sender<u64>) -> T,
    ) -> T {
        // A panic while the lock was held cannot have left a number half written.
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        act(heads.entry(environment).or_insert_with(|| watch::Sender::new(0)))
    }
}

impl Announcer for Bus {
    fn announce(&self, environment: EnvironmentId, up_to: u64) {
        self.with_head(environment, |head| {
            head.send_if_modified(|known| {
                let is_news = up_to > *known;
                *known = up_to.max(*known);
                is_news
            })
        });
    }
}

#[async_trait]
impl Announcements for Bus {
    async fn changed(&self, environment: EnvironmentId, number: u64) {
        let mut head = self.with_head(environment, watch::Sender::subscribe);
        // The sender lives as long as the bus, so that this ends by an announcement alone.
        let _ = head.wait_for(|known| *known > number).await;
    }
}
