//! An environment's desired state, between rows and the value that the domain works with.

mod load;
mod save;

pub(crate) use load::{LoadedEnvironment, find, load, load_part};
pub(crate) use save::{record_orphaned_volumes, save};
