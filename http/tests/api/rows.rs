//! What keeps the rows that the API speaks of: memory. `cmd/tests/api` runs the same tests on SQLite.

use domain::{
    EnvironmentId,
    testing::{ManualClock, Memory, SeededIds, TestBus},
};
use std::sync::Arc;

/// The store behind the API.
pub(crate) struct Rows {
    pub(crate) store: Memory,
}

impl Rows {
    pub(crate) async fn open(
        clock: Arc<ManualClock>,
        ids: Arc<SeededIds>,
        bus: Arc<TestBus>,
    ) -> Self {
        Self { store: Memory::new(clock, ids, bus) }
    }

    /// Forgets the events of an environment up to this number, as if they had grown old.
    pub(crate) async fn forget_events(&self, environment: EnvironmentId, up_to: u64) {
        self.store.forget_events(environment, up_to);
    }
}
