//! What is staged: the bar that says so, its details, and applying it.

mod bar;
mod conflicts;
mod details;
mod diff;
mod problems;
mod review;
mod row;

pub use self::bar::{ChangeBar, ChangeBarProps};
