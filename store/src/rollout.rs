//! What the reconciler reads and writes.

mod desired;
mod error;
mod instance;
mod record;
mod replica;
pub(crate) mod tombstone;

use crate::{
    Store,
    row::{random_name, signed, unsigned},
    table::instance::Column,
};
use async_trait::async_trait;
use domain::{
    Timestamp,
    rollout::{Desired, DesiredService, Fence, Rollouts, ServiceKey, Step, Version},
};
use error::Result;
use instance::check_fence;
use std::sync::atomic::Ordering;

#[async_trait]
impl Rollouts for Store {
    async fn acquire_fence(&self) -> Result<Fence> {
        let tx = self.begin().await?;
        let row = instance::row(&tx.db).await?;
        let fence = unsigned(row.fence) + 1;
        instance::set(&tx, Column::Fence, signed(fence)).await?;
        tx.commit().await?;
        // A copy keeps what speaks against it, until a person has looked.
        if row.doubt.is_none() {
            self.write_instance_file(fence)?;
        }
        Ok(Fence(fence))
    }

    async fn desired(&self, fence: Fence) -> Result<Desired> {
        let db = self.read().await?;
        let row = check_fence(&db, fence).await?;
        let now = self.inner.clock.now();
        Ok(desired::load(&self.inner, &db, instance::ownership(&row), now).await?)
    }

    async fn desired_service(&self, fence: Fence, key: ServiceKey) -> Result<DesiredService> {
        let db = self.read().await?;
        check_fence(&db, fence).await?;
        let now = self.inner.clock.now();
        Ok(desired::load_one(&self.inner, &db, key, now).await?)
    }

    async fn version(&self) -> Result<Version> {
        Ok(Version(self.inner.version.load(Ordering::SeqCst)))
    }

    async fn record(&self, fence: Fence, at: Timestamp, steps: &[Step]) -> Result<()> {
        if steps.is_empty() {
            let db = self.read().await?;
            check_fence(&db, fence).await?;
            return Ok(());
        }
        let mut tx = self.begin().await?;
        check_fence(&tx.db, fence).await?;
        for step in steps {
            record::apply_step(&mut tx, at, step).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn confirm_engine(&self, engine: &str) -> Result<()> {
        let tx = self.begin().await?;
        let row = instance::row(&tx.db).await?;
        instance::set(&tx, Column::Engine, engine.to_owned()).await?;
        instance::set(&tx, Column::Doubt, None::<String>).await?;
        if row.doubt.is_some() {
            // A copy or a backup goes on otherwise than what it was taken from.
            instance::set(&tx, Column::Epoch, random_name()).await?;
        }
        tx.commit().await?;
        self.write_instance_file(unsigned(row.fence))?;
        Ok(())
    }
}
