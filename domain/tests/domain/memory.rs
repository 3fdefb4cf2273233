//! The ports in memory keep the promises of the ports.

use domain::testing::{Bell, ManualClock, Memory, SeededIds, contracts::Store};
use std::sync::Arc;

fn store() -> Store {
    store_with(SeededIds::default())
}

fn store_with(ids: SeededIds) -> Store {
    let clock = Arc::new(ManualClock::default());
    let bell = Arc::new(Bell::default());
    let memory = Memory::new(clock.clone(), Arc::new(ids), bell.clone());
    Store::over(memory, clock, bell)
}

domain::accounts_contract!(store());
domain::projects_contract!(store());
domain::meeting_slugs_contract!(store_with(SeededIds::ending_alike(8)));
domain::changes_contract!(store());
domain::layouts_contract!(store());
domain::events_contract!(store());
domain::audit_contract!(store());
domain::deployments_contract!(store());
domain::addresses_contract!(store());
domain::rollouts_contract!(store());
