//! Rows: sea-orm on SQLite.
//!
//! The adapter moves rows, the domain decides, one transaction holds both, the audit and the events.

mod account;
mod api_key;
mod apply;
mod audit;
mod blocking;
mod cache;
mod canvas;
mod chain;
mod changes;
mod decide;
mod deployment;
mod error;
mod event;
mod idempotency;
mod instance_file;
mod keyring;
mod layout;
mod loaded;
mod lock;
mod migration;
mod network;
mod open;
mod page;
mod project;
mod prune;
mod pulled;
mod revision;
mod rollout;
mod row;
mod session;
mod spec;
mod staging;
mod storage;
mod store;
mod table;
mod transaction;
mod upsert;
mod work;

pub use lock::Holder;
pub use open::{Examined, KeySource, OpenError};
pub use prune::Retention;
pub use store::Store;
pub use work::Work;
