//! The ports in memory keep the promises of the ports.

use domain::testing::{ManualClock, Memory, SeededIds, TestBus, contracts::Store};
use std::sync::Arc;

fn store() -> Store {
    store_with(SeededIds::default())
}

fn store_with(ids: SeededIds) -> Store {
    let clock = Arc::new(ManualClock::default());
    let bus = Arc::new(TestBus::default());
    let memory = Memory::new(clock.clone(), Arc::new(ids), bus.clone());
    Store::over(memory, clock, bus)
}

domain::accounts_contract!(store());
domain::projects_contract!(store());
domain::colliding_slugs_contract!(store_with(SeededIds::ending_alike(8)));
domain::changes_contract!(store());
domain::layouts_contract!(store());
domain::events_contract!(store());
domain::audit_contract!(store());
domain::deployments_contract!(store());
domain::addresses_contract!(store());
domain::rollouts_contract!(store());
