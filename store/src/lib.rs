//! Rows: sea-orm on SQLite.
//!
//! The adapter moves rows, the domain decides, one transaction holds both, the audit and the events.

mod account;
mod api_key;
mod apply;
mod aside;
mod audit;
mod beside;
mod canvas;
mod changes;
mod deployment;
mod error;
mod event;
mod idempotency;
mod layout;
mod lock;
mod migration;
mod network;
mod open;
mod page;
mod project;
mod revision;
mod rollout;
mod row;
mod session;
mod spec;
mod staging;
mod storage;
mod store;
mod table;
mod tidy;
mod transaction;
mod upsert;
mod vault;

pub use lock::Holder;
pub use open::{Examined, KeySource, OpenError};
pub use store::Store;
