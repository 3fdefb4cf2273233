//! An environment's desired state, between rows and the value that the domain works with.

mod load;
mod save;

pub(crate) use load::{Ground, find, load, load_part};
pub(crate) use save::{leave_behind, save};
