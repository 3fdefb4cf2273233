//! Where whoever came in has to show their proof again.

use tokio::sync::watch;

/// Tells open sockets and streams that somebody's rights may have changed.
pub(crate) struct RightsWatch(watch::Sender<u64>);

impl Default for RightsWatch {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl RightsWatch {
    /// Rights have changed: whoever is in must show their proof again.
    pub(crate) fn notify_changed(&self) {
        self.0.send_modify(|turns| *turns = turns.wrapping_add(1));
    }

    /// Something that learns of turns.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
