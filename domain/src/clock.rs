//! Time and identity as ports, so that tests decide both.

use crate::Timestamp;
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// Tells the time, and lets it pass.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Returns once this much time has passed, by a clock that nobody can set back.
    async fn sleep(&self, duration: Duration);
}

/// Makes identities that nobody has yet. They rise with time, so that rows lie in order.
pub trait Ids: Send + Sync {
    /// A new one.
    fn mint(&self) -> Uuid;
}
