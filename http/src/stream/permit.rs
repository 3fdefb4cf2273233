//! How many streams a person has open.

use crate::error::{ErrorResponse, Result};
use domain::{Error, UserId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Streams that one person may have open.
const MAX_PER_USER: usize = 20;

/// Streams that are open, by person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<UserId, usize>>>);

impl Streams {
    /// One more, unless there are too many.
    pub(super) fn take(&self, user: UserId) -> Result<StreamPermit> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= MAX_PER_USER {
            let retry_after = Duration::from_secs(10);
            return Err(ErrorResponse::from(Error::RateLimited { retry_after }));
        }
        *count += 1;
        Ok(StreamPermit { streams: self.clone(), user })
    }
}

/// One open stream.
pub(super) struct StreamPermit {
    streams: Streams,
    user: UserId,
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}
