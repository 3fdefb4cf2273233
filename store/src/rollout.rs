//! What the reconciler reads and writes.

mod desired;
pub(crate) mod grave;
mod record;
mod replica;

use crate::{
    Store,
    error::failed,
    row::{signed, unsigned},
    table::instance,
    transaction::Transaction,
};
use async_trait::async_trait;
use domain::{
    Error, Timestamp,
    rollout::{Aim, Desired, Fence, Ownership, RolloutError, Rollouts, ServiceKey, Step, Version},
};
use sea_orm::{DatabaseTransaction, EntityTrait, sea_query::Expr};
use std::sync::atomic::Ordering;

type Result<T> = std::result::Result<T, RolloutError>;

#[async_trait]
impl Rollouts for Store {
    async fn take_over(&self) -> Result<Fence> {
        let tx = self.begin().await?;
        let row = row(&tx.db).await?;
        let fence = unsigned(row.fence) + 1;
        set(&tx, instance::Column::Fence, signed(fence)).await?;
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
        Ok(desired::load(&self.inner, &db, ownership(&row), now).await?)
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
        let row = row(&tx.db).await?;
        set(&tx, instance::Column::Engine, engine.to_owned()).await?;
        set(&tx, instance::Column::Doubt, None::<String>).await?;
        tx.commit().await?;
        self.note_beside(unsigned(row.fence))?;
        Ok(())
    }
}

async fn row(db: &DatabaseTransaction) -> Result<instance::Model> {
    let row = instance::Entity::find().one(db).await.map_err(failed("read the instance"))?;
    let missing = || Error::internal("read the instance")("its row is missing");
    Ok(row.ok_or_else(missing)?)
}

async fn set(
    tx: &Transaction,
    column: instance::Column,
    value: impl Into<sea_orm::Value>,
) -> Result<()> {
    instance::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .exec(&tx.db)
        .await
        .map_err(failed("write the instance"))?;
    Ok(())
}

/// Lets in whoever took over last.
async fn admit(db: &DatabaseTransaction, fence: Fence) -> Result<instance::Model> {
    let row = row(db).await?;
    if unsigned(row.fence) == fence.0 { Ok(row) } else { Err(RolloutError::Overtaken) }
}

fn ownership(row: &instance::Model) -> Ownership {
    match (&row.doubt, &row.engine) {
        (Some(why), _) => Ownership::Doubtful { why: why.clone() },
        (None, Some(engine)) => Ownership::Bound { engine: engine.clone() },
        (None, None) => Ownership::Unbound,
    }
}
