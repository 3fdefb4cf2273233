//! What nobody asks for and has to be done from time to time.

use domain::Clock;
use std::time::Duration;
use store::{Retention, Store};
use tokio_util::sync::CancellationToken;

/// How often what is too old is forgotten.
const EVERY: Duration = Duration::from_secs(3600);

/// Forgets sessions that have ended, and whatever else is too old, at once and every hour until `stop`
/// (DK-20).
pub(crate) async fn run(
    store: &Store,
    retention: &Retention,
    clock: &dyn Clock,
    stop: &CancellationToken,
) {
    loop {
        if let Err(error) = store.prune(retention).await {
            tracing::warn!("could not prune the database: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(EVERY) => (),
        }
    }
}
