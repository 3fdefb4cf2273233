//! What keeps a processor busy for long is done beside the threads that answer others.

use std::panic::resume_unwind;
use tokio::task::spawn_blocking;

/// So many values are judged in between without anybody noticing.
const INLINE_LIMIT: usize = 100;

/// Does it, beside the others when it is about many values.
pub(crate) async fn run_blocking<T: Send + 'static>(
    values: usize,
    act: impl FnOnce() -> T + Send + 'static,
) -> T {
    if values <= INLINE_LIMIT {
        return act();
    }
    match spawn_blocking(act).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // It waits for the runtime itself to end.
            Err(_) => std::future::pending().await,
        },
    }
}
