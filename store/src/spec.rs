//! An environment's desired state, between rows and the value that the domain works with.

mod difference;
mod load;
mod save;

pub(crate) use load::{contents, find, load, load_part};
pub(crate) use save::{record_orphaned_volumes, save};
