//! What only a browser can do, behind plain functions. Outside a browser they do nothing.

pub mod clipboard;
pub mod clock;
pub mod early;
pub mod fetch;
pub mod field;
pub mod focus;
pub mod history;
pub mod page;
pub mod random;
pub mod scroll;
pub mod socket;
pub mod storage;
pub mod stream;
pub mod style;
