//! The instance's row: who took over last, and which engine it belongs to.

use super::error::Result;
use crate::{error::failed, row::unsigned, table::instance, transaction::Transaction};
use domain::{
    Error,
    rollout::{Fence, Ownership, RolloutError},
};
use sea_orm::{DatabaseTransaction, EntityTrait, sea_query::Expr};

/// The one row.
pub(super) async fn row(db: &DatabaseTransaction) -> Result<instance::Model> {
    let row = instance::Entity::find().one(db).await.map_err(failed("read the instance"))?;
    let missing = || Error::internal("read the instance")("its row is missing");
    Ok(row.ok_or_else(missing)?)
}

/// Writes one of its columns.
pub(super) async fn set(
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
pub(super) async fn check_fence(db: &DatabaseTransaction, fence: Fence) -> Result<instance::Model> {
    let row = row(db).await?;
    if unsigned(row.fence) == fence.0 { Ok(row) } else { Err(RolloutError::Fenced) }
}

/// Whether its engine is known for certain.
pub(super) fn ownership(row: &instance::Model) -> Ownership {
    match (&row.doubt, &row.engine) {
        (Some(why), _) => Ownership::Doubtful { why: why.clone() },
        (None, Some(engine)) => Ownership::Bound { engine: engine.clone() },
        (None, None) => Ownership::Unbound,
    }
}
