//! What the reconciler reads and writes.

mod desired;
mod error;
pub(crate) mod grave;
mod instance;
mod record;
mod replica;

use crate::{
    Store,
    row::{signed, unsigned},
    table::instance::Column,
};
use async_trait::async_trait;
use domain::{
    Timestamp,
    rollout::{Aim, Desired, Fence, Rollouts, ServiceKey, Step, Version},
};
use error::Result;
use instance::admit;
use std::sync::atomic::Ordering;

#[async_trait]
impl Rollouts for Store {
    async fn take_over(&self) -> Result<Fence> {
        let tx = self.begin().await?;
        let row = instance::row(&tx.db).await?;
        let fence = unsigned(row.fence) + 1;
        instance::set(&tx, Column::Fence, signed(fence)).await?;
        tx.commit().await?;
        // A copy keeps what speaks against it, until a person has looked.
        if row.doubt.is_none() {
            self.note_beside(fence)?;
        }
        Ok(Fence(fence))
    }

    async fn desired(&self, fence: Fence) -> Result<Desired> {
        let db = self.read().await?;
        let row = admit(&db, fence).await?;
        let now = self.inner.clock.now();
        Ok(desired::load(&self.inner, &db, instance::ownership(&row), now).await?)
    }

    async fn desired_service(&self, fence: Fence, key: ServiceKey) -> Result<Aim> {
        let db = self.read().await?;
        admit(&db, fence).await?;
        let now = self.inner.clock.now();
        Ok(desired::load_one(&self.inner, &db, key, now).await?)
    }

    async fn version(&self) -> Result<Version> {
        Ok(Version(self.inner.version.load(Ordering::SeqCst)))
    }

    async fn record(&self, fence: Fence, at: Timestamp, steps: &[Step]) -> Result<()> {
        if steps.is_empty() {
            let db = self.read().await?;
            admit(&db, fence).await?;
            return Ok(());
        }
        let mut tx = self.begin().await?;
        admit(&tx.db, fence).await?;
        for step in steps {
            record::take(&mut tx, at, step).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn confirm_engine(&self, engine: &str) -> Result<()> {
        let tx = self.begin().await?;
        let row = instance::row(&tx.db).await?;
        instance::set(&tx, Column::Engine, engine.to_owned()).await?;
        instance::set(&tx, Column::Doubt, None::<String>).await?;
        tx.commit().await?;
        self.note_beside(unsigned(row.fence))?;
        Ok(())
    }
}
