//! Identities that repeat themselves.

use crate::Ids;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Counts upwards from a seed. Two of different seeds never meet.
#[derive(Debug)]
pub struct SeededIds {
    seed: u32,
    count: AtomicU64,
}

impl SeededIds {
    /// Begins the count of this seed.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self { seed, count: AtomicU64::new(1) }
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
        Uuid::from_u128(
            (u128::from(self.seed) << 96) | (0x7000_8000_u128 << 64) | u128::from(count),
        )
    }
}
