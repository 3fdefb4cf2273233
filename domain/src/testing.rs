//! Fakes that behave, and the contracts that fakes and adapters both keep.

pub mod chance;
pub mod clock;
pub mod contract;
pub mod contracts;
pub mod engine;
pub mod ids;
pub mod memory;
pub mod rollouts;
pub mod work;

pub use chance::Chance;
pub use clock::{ManualClock, PausedClock};
pub use engine::{Call, CallKind, SimEngine};
pub use ids::SeededIds;
pub use memory::{Bell, Memory};
pub use rollouts::FakeRollouts;
