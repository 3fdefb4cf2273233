//! The Easel binary: configuration, the wiring of all parts, and the command line.

pub mod args;
mod client;
mod clock;
pub mod command;
pub mod config;
pub mod console;
mod doctor;
pub mod exit;
mod housekeeping;
mod id;
mod isolate;
pub mod log;
mod misspelt;
mod nearest;
mod process_env;
pub mod run;
mod task;
pub mod tls;

pub use config::Config;
pub use process_env::ProcessEnv;
