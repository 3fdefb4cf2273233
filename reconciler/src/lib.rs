//! A pure planner, and the loop that carries plans out.
//!
//! **Invariant:** nothing here knows where replicas run, how they find each other or who gives them
//! addresses, and nothing is decided while a plan is carried out.

pub mod action;
mod context;
mod entry;
mod error;
mod event_loop;
mod execute;
pub mod plan;
mod pull;
mod pulls;
mod reconcile;
mod resync;
mod rules;
mod run;
pub mod settings;
pub mod situation;
mod start_gate;
mod work_queue;
mod worker;

pub use plan::plan;
pub use reconcile::{LoopError, Reconcile};
pub use rules::Rules;
pub use settings::Settings;
