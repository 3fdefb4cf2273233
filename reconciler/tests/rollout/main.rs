//! The reconciler on the simulated engine, under paused time.

mod support;

mod by_hand;
mod deploy;
