//! Wishes to be looked at: many become one.

use domain::rollout::ServiceKey;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};
use tokio::sync::Notify;

/// Wishes to be looked at.
#[derive(Default)]
pub(crate) struct Nudges {
    wishes: Mutex<Wishes>,
    asked: Notify,
}

/// Whom to look at.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) all: bool,
    pub(crate) keys: BTreeSet<ServiceKey>,
}

impl Nudges {
    /// Never waits.
    pub(crate) fn ask(&self, key: Option<ServiceKey>) {
        {
            let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
            match key {
                Some(key) => {
                    wishes.keys.insert(key);
                }
                None => wishes.all = true,
            }
        }
        self.asked.notify_one();
    }

    /// Waits until somebody has asked.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// All wishes since this was asked last.
    pub(crate) fn take(&self) -> Wishes {
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
