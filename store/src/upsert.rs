//! Writes rows, whether or not there are older ones under the same key.

use crate::{
    error::failed,
    transaction::{BATCH, Transaction},
};
use domain::Result;
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    sea_query::OnConflict,
};

/// Writes new rows, however many: a statement takes only so many values.
pub(crate) async fn insert_all<M, A, E>(tx: &Transaction, rows: Vec<M>) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E> + Send,
    E: EntityTrait,
{
    let mut rows: Vec<A> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        E::insert_many(rows).exec_without_returning(&tx.db).await?;
        rows = rest;
    }
    Ok(())
}

/// Writes rows, whether or not there are older ones under the same key.
pub(crate) async fn upsert<M, A, E, const N: usize>(
    tx: &Transaction,
    rows: impl IntoIterator<Item = M>,
    key: [E::Column; N],
) -> Result<()>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E> + Send,
    E: EntityTrait,
    E::Column: Copy,
{
    let mut rows: Vec<A> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
    let others = E::Column::iter().filter(|column| key.iter().all(|own| !same(own, column)));
    let conflict = OnConflict::columns(key).update_columns(others).to_owned();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        E::insert_many(rows)
            .on_conflict(conflict.clone())
            .exec_without_returning(&tx.db)
            .await
            .map_err(failed("write rows"))?;
        rows = rest;
    }
    Ok(())
}

fn same<C: IdenStatic>(one: &C, other: &C) -> bool {
    one.as_str() == other.as_str()
}
