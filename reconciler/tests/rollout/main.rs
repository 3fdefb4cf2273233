//! The reconciler on the simulated engine, under paused time.

mod support;

mod address;
mod by_hand;
mod chaos;
mod crash;
mod deadline;
mod deploy;
mod engine;
mod handover;
mod invariants;
mod judge;
mod planner;
mod refused;
mod removal;
mod resync;
mod scale;
mod seeded;
mod whole;

/// The simulated engine keeps the promises that the real one keeps, with an adapter that keeps addresses.
mod simulated {
    domain::runtime_contract!(
        #[tokio::test(start_paused = true)]
        domain::testing::contract::SimHarness::keeping().await
    );
}

/// And with addresses of its own choosing.
mod simulated_choosing {
    domain::runtime_contract!(
        #[tokio::test(start_paused = true)]
        domain::testing::contract::SimHarness::new().await
    );
}
