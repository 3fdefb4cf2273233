//! Forgets what is too old to be of use.

use crate::{
    Store,
    error::failed,
    idempotency::ANSWER_RETENTION,
    table::{environment, event, event_count, idempotency, replica, staged_edit, tombstone},
};
use domain::{Result, account::Accounts, changes::UNDO_WINDOW, rollout::RETENTION};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use std::time::Duration;

impl Store {
    /// Forgets discarded edits and answered requests after a day, replicas and tombstones that
    /// are done with, sessions that have ended, and the events of environments that are gone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune(&self) -> Result<()> {
        let doing = failed("prune the database");
        let tx = self.begin().await?;
        let before =
            |age: Duration| tx.now.as_millis() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        staged_edit::Entity::delete_many()
            .filter(staged_edit::Column::DiscardedAt.lt(before(UNDO_WINDOW)))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        idempotency::Entity::delete_many()
            .filter(idempotency::Column::At.lt(before(ANSWER_RETENTION)))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        replica::Entity::delete_many()
            .filter(replica::Column::ReleasedAt.lt(before(RETENTION)))
            .filter(replica::Column::Buried.eq(false))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        tombstone::Entity::delete_many()
            .filter(tombstone::Column::DoneAt.lt(before(RETENTION)))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        let living =
            || Query::select().column(environment::Column::Id).from(environment::Entity).to_owned();
        let recent = Query::select()
            .column(event::Column::EnvironmentId)
            .from(event::Entity)
            .and_where(Expr::col(event::Column::At).gte(before(UNDO_WINDOW)))
            .to_owned();
        event_count::Entity::delete_many()
            .filter(Expr::col(event_count::Column::EnvironmentId).not_in_subquery(living()))
            .filter(Expr::col(event_count::Column::EnvironmentId).not_in_subquery(recent))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        let counted = Query::select()
            .column(event_count::Column::EnvironmentId)
            .from(event_count::Entity)
            .to_owned();
        event::Entity::delete_many()
            .filter(Expr::col(event::Column::EnvironmentId).not_in_subquery(counted))
            .exec(&tx.db)
            .await
            .map_err(&doing)?;
        tx.commit().await?;
        self.purge_sessions().await?;
        Ok(())
    }
}
