//! Fakes that behave, and the contracts that fakes and adapters both keep.

pub mod clock;
pub mod contract;
pub mod contracts;
pub mod engine;
pub mod ids;
pub mod memory;
pub mod outbound;
pub mod rng;
pub mod rollouts;
pub mod seeds;
pub mod work;

pub use clock::{ManualClock, PausedClock};
pub use engine::{Call, CallKind, SimEngine};
pub use ids::SeededIds;
pub use memory::{Memory, TestBus};
pub use outbound::FakeOutbound;
pub use rng::Rng;
pub use rollouts::FakeRollouts;
pub use seeds::{fresh_seed, seeds};
