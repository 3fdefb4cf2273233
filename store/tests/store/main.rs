//! The store on SQLite files.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up is a failed test")]

mod audit;
mod contract;
mod crash;
mod fixture;
mod full;
mod growth;
mod opening;
mod retention;
mod rollouts;
mod scale;
mod secrets;
mod writers;
