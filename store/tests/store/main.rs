//! The store on SQLite files.

mod bench;
mod contract;
