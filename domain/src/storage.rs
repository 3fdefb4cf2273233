//! Where everything is kept.

use crate::Result;
use async_trait::async_trait;

/// Keeps everything, and knows whether it can.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Whether all of it can be read and written. Writes nothing to find out.
    ///
    /// # Errors
    /// [`Error::StorageFull`](crate::Error::StorageFull) after a write that found no space, until
    /// there is some again; another one when nothing can be read.
    async fn check(&self) -> Result<()>;
}
