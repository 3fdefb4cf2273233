//! How much the store has done: no clock can say that on a busy machine.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What a store has done since it was opened. For tests and benches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// How many values were decrypted.
    pub decrypted: u64,
    /// How many statements were run.
    pub statements: u64,
    /// How long one write has kept all others waiting, at most.
    pub longest_write: Duration,
}

/// Counts it.
#[derive(Debug, Default)]
pub(crate) struct WorkCounter {
    pub(crate) statements: AtomicU64,
    longest_write: AtomicU64,
}

impl WorkCounter {
    pub(crate) fn count_statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_write(&self, begun: Instant) {
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.longest_write.fetch_max(nanos, Ordering::Relaxed);
    }

    /// What was done so far; the longest write begins anew.
    pub(crate) fn read(&self, decrypted: u64) -> Work {
        Work {
            decrypted,
            statements: self.statements.load(Ordering::Relaxed),
            longest_write: Duration::from_nanos(self.longest_write.swap(0, Ordering::Relaxed)),
        }
    }
}
