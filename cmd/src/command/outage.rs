//! What is said of a live connection that is lost and comes back.

use crate::console::Console;

/// Whether a live connection is lost at the moment: said once, however often it is tried again.
#[derive(Default)]
pub(super) struct Outage {
    is_on: bool,
}

impl Outage {
    /// The connection is gone.
    pub(super) fn begin(&mut self, console: Console, why: &str) {
        if !std::mem::replace(&mut self.is_on, true) {
            console.to_stderr(format!("Disconnected ({why}); reconnecting."));
        }
    }

    /// It has been made again.
    pub(super) fn end(&mut self, console: Console) {
        if std::mem::take(&mut self.is_on) {
            console.to_stderr("Connected again.");
        }
    }
}
