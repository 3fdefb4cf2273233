//! The connection that a request came by.

use tokio_util::sync::CancellationToken;

/// Ends a connection at once, with all that still waits to be written to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection(CancellationToken);

impl Connection {
    /// Ends it. An answer that is under way breaks off.
    pub(crate) fn cut(&self) {
        self.0.cancel();
    }

    /// Returns once it is to end.
    pub(crate) async fn is_cut(&self) {
        self.0.cancelled().await;
    }
}
