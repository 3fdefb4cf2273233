//! The clock of the machine.

use async_trait::async_trait;
use domain::{Clock, Timestamp};
use std::time::Duration;

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the `Clock` port")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
