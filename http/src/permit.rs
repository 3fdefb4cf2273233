//! How many of something a person has open.

use domain::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What is open, by person.
#[derive(Clone, Debug)]
pub(crate) struct Permits {
    most: usize,
    open: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Permits {
    /// So many for each person.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// How many one person may have.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// One more, unless there are too many.
    pub(crate) fn take(&self, user: UserId) -> Option<Permit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Permit { permits: self.clone(), user })
    }
}

/// One that is open, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Permits,
    user: UserId,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.permits.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}
