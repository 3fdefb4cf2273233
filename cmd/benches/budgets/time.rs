//! The machine's clock, and identities of its own.

use anyhow::{Result, bail};
use async_trait::async_trait;
use domain::{Clock, Ids, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The machine's clock.
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

/// Identities that nobody has.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the `Ids` port")]
    fn mint(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Waits for something, not for ever.
pub(crate) async fn within<T>(
    what: &str,
    patience: Duration,
    happens: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(patience, happens).await {
        Ok(result) => result,
        Err(_) => bail!("waited in vain for {what}"),
    }
}
