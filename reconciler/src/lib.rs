//! A pure planner, and the loop that carries plans out.
//!
//! **Invariant:** nothing here knows where replicas run, how they find each other or who gives them
//! addresses, and nothing is decided while a plan is carried out.

pub mod action;
mod entry;
mod execute;
mod nudges;
pub mod plan;
mod pull;
mod pulls;
mod reconcile;
mod rules;
mod run;
pub mod settings;
pub mod situation;
mod starts;
mod survey;
mod tools;
mod trouble;
mod turn;
mod worker;

pub use plan::plan;
pub use reconcile::{Ended, Reconcile};
pub use rules::Rules;
pub use settings::Settings;
