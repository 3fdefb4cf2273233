//! The ports in memory keep the promises of the ports.

use domain::testing::{Bell, ManualClock, Memory, SeededIds, contracts::Store};
use std::sync::Arc;

fn store() -> Store {
    let clock = Arc::new(ManualClock::default());
    let bell = Arc::new(Bell::default());
    let memory = Memory::new(clock.clone(), Arc::new(SeededIds::default()), bell.clone());
    Store::over(memory, clock, bell)
}

domain::accounts_contract!(store());
domain::projects_contract!(store());
domain::changes_contract!(store());
domain::layouts_contract!(store());
domain::events_contract!(store());
domain::audit_contract!(store());
domain::deployments_contract!(store());
domain::rollouts_contract!(store());
