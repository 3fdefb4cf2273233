//! Identities that repeat themselves.

use crate::Ids;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Counts upwards from a seed. Two of different seeds never meet.
#[derive(Debug)]
pub struct SeededIds {
    seed: u32,
    /// How many in a row end in the same six digits.
    run: u64,
    count: AtomicU64,
}

impl SeededIds {
    /// Begins the count of this seed.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self { seed, run: 1, count: AtomicU64::new(1) }
    }

    /// The same, but so many in a row end in the same six digits.
    #[must_use]
    pub const fn ending_alike(run: u64) -> Self {
        Self { seed: 1, run, count: AtomicU64::new(1) }
    }
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Ids for SeededIds {
    fn mint(&self) -> Uuid {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        let end = if self.run > 1 { (count << 24) | (count / self.run) } else { count };
        Uuid::from_u128((u128::from(self.seed) << 96) | (0x7000_8000_u128 << 64) | u128::from(end))
    }
}
