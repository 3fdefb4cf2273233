//! What nobody asks for and has to be done from time to time.

use domain::Clock;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// How often what is too old is forgotten.
const EVERY: Duration = Duration::from_secs(3600);

/// Forgets sessions that have ended, and whatever else is too old, every hour until `stop` (DK-20).
/// What has grown old while nothing ran was forgotten when the store was opened.
pub(crate) async fn run(store: &Store, clock: &dyn Clock, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(EVERY) => (),
        }
        if let Err(error) = store.prune().await {
            tracing::warn!("could not prune the database: {error}");
        }
    }
}
