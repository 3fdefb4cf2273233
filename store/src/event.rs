//! Reads the log of events, which [`Transaction`](crate::transaction::Transaction) writes.

use crate::{
    Store,
    error::failed,
    row::{parse, signed, unsigned},
    table::{event, event_count, instance},
};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Result, ServiceId, Timestamp,
    event::{EventLog, LoggedEvent, Replay},
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

#[async_trait]
impl EventLog for Store {
    async fn after(&self, environment: EnvironmentId, number: u64, limit: u64) -> Result<Replay> {
        let db = self.read().await?;
        let last = last_number(&db, environment).await?.unwrap_or_default();
        if number > last {
            return Ok(Replay::Gone);
        }
        let rows = event::Entity::find()
            .filter(event::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(event::Column::Number.gt(signed(number)))
            .order_by_asc(event::Column::Number)
            .limit(limit)
            .all(&db)
            .await
            .map_err(failed("read events"))?;
        // Of old ones only those of services are kept: whoever comes from there has missed others.
        let is_whole = number == last
            || limit == 0
            || (!rows.is_empty()
                && (number + 1..).zip(&rows).all(|(next, row)| unsigned(row.number) == next));
        if !is_whole {
            return Ok(Replay::Gone);
        }
        rows.into_iter().map(numbered).collect::<Result<_>>().map(Replay::Events)
    }

    async fn history(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        limit: u64,
    ) -> Result<Vec<LoggedEvent>> {
        let db = self.read().await?;
        event::Entity::find()
            .filter(event::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(event::Column::ServiceId.eq(service.as_uuid()))
            .order_by_desc(event::Column::Number)
            .limit(limit)
            .all(&db)
            .await
            .map_err(failed("read a service's history"))?
            .into_iter()
            .map(numbered)
            .collect()
    }

    async fn epoch(&self) -> Result<String> {
        epoch(&self.read().await?).await
    }
}

/// Names this log.
pub(crate) async fn epoch(db: &DatabaseTransaction) -> Result<String> {
    let row = instance::Entity::find().one(db).await.map_err(failed("read the epoch"))?;
    Ok(row.map(|row| row.epoch).unwrap_or_default())
}

fn numbered(row: event::Model) -> Result<LoggedEvent> {
    Ok(LoggedEvent {
        number: unsigned(row.number),
        at: Timestamp::from_millis(row.at),
        event: parse(&row.body)?,
    })
}

/// The number of the last event; `None` when nobody knows the environment.
pub(crate) async fn last_number(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
) -> Result<Option<u64>> {
    let row = event_count::Entity::find_by_id(environment.as_uuid())
        .one(db)
        .await
        .map_err(failed("read events"))?;
    Ok(row.map(|row| unsigned(row.number)))
}
