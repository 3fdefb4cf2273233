//! Forgets what is too old to be of use, a little at a time: whoever writes meanwhile hardly waits.

use crate::{
    Store,
    error::failed,
    idempotency::ANSWER_RETENTION,
    transaction::{BATCH, Concern, KEPT_EVENTS},
};
use domain::{Result, account::Accounts, changes::UNDO_WINDOW, rollout::RETENTION};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use std::time::Duration;

/// So many events of one service are kept, however many others there were since.
const KEPT_OF_SERVICE: u64 = 500;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what has happened is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Deployments that are over, with what they ran. The latest of a service always stays.
    pub deployments: Duration,
    /// Revisions, with what they changed.
    pub revisions: Duration,
    /// What happened to services.
    pub events: Duration,
    /// Who did what.
    pub audit: Duration,
    /// Where things lay that are gone.
    pub layout: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            deployments: 90 * DAY,
            revisions: 365 * DAY,
            events: 30 * DAY,
            audit: 365 * DAY,
            layout: 30 * DAY,
        }
    }
}

/// Rows of a table that may go, by what is looked for, and what must still be true when they go.
struct Old {
    table: &'static str,
    found_by: Clause,
    again: Clause,
}

/// A part of a statement, and its values.
type Clause = (&'static str, Vec<Value>);

impl Store {
    /// Forgets what is older than the retention; also discarded edits and answered requests after a
    /// day, replicas and tombstones that are done with, sessions that have ended, and the events of
    /// environments that are gone. What is forgotten is in no file any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune(&self, retention: &Retention) -> Result<()> {
        let now = self.inner.clock.now().as_millis();
        let before =
            |age: Duration| Value::from(now - i64::try_from(age.as_millis()).unwrap_or(now));
        let old = |table, condition, values: Vec<Value>| Old {
            table,
            found_by: (condition, values.clone()),
            again: (condition, values),
        };
        let crowded = Old {
            table: "event",
            found_by: (CROWDED_EVENT, vec![KEPT_OF_SERVICE.into(), KEPT_EVENTS.into()]),
            again: ("service_id IS NOT NULL", vec![]),
        };
        let audit = Old {
            table: "audit",
            found_by: (OLD_AUDIT, vec![before(retention.audit)]),
            again: ("at IS NOT NULL", vec![]),
        };
        let mut forgotten = 0;
        for old in [
            old("staged_edit", "discarded_at < ?", vec![before(UNDO_WINDOW)]),
            old("idempotency", "at < ?", vec![before(ANSWER_RETENTION)]),
            old("replica", "released_at < ? AND buried = 0", vec![before(RETENTION)]),
            old("tombstone", "done_at < ?", vec![before(RETENTION)]),
            old("deployment", OLD_DEPLOYMENT, vec![before(retention.deployments)]),
            // Whoever repeats a request of today is answered from its revision.
            old("revision", "at < ?", vec![before(retention.revisions.max(ANSWER_RETENTION))]),
            audit,
            old("event", "at < ?", vec![before(retention.events)]),
            crowded,
            old("event_count", DEAD_LOG, vec![before(UNDO_WINDOW)]),
            old("event", "environment_id NOT IN (SELECT environment_id FROM event_count)", vec![]),
            old("layout", "gone_at < ?", vec![before(retention.layout)]),
        ] {
            forgotten += self.forget(old).await?;
        }
        self.note_gone_places(now).await?;
        self.purge_sessions().await?;
        if forgotten > 0 {
            self.empty_journal().await;
        }
        Ok(())
    }

    /// Forgets such rows. They are looked for without the turn.
    async fn forget(&self, Old { table, found_by, again }: Old) -> Result<usize> {
        let doing = failed("prune the database");
        let mut forgotten = 0;
        loop {
            let sql = format!("SELECT rowid FROM {table} WHERE {} LIMIT {BATCH}", found_by.0);
            let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, found_by.1.clone());
            let found = self.inner.readers.query_all_raw(query).await.map_err(&doing)?;
            let ids: Vec<i64> = found
                .iter()
                .map(|row| row.try_get_by_index(0).map_err(&doing))
                .collect::<Result<_>>()?;
            if ids.is_empty() {
                return Ok(forgotten);
            }
            let marks = vec!["?"; ids.len()].join(", ");
            let sql = format!("DELETE FROM {table} WHERE rowid IN ({marks}) AND {}", again.0);
            let all = ids.iter().map(|id| (*id).into()).chain(again.1.iter().cloned());
            let tx = self.begin_for(Concern::Rollouts).await?;
            let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, all);
            let gone = tx.db.execute_raw(query).await.map_err(&doing)?.rows_affected();
            tx.commit().await?;
            if gone == 0 {
                return Ok(forgotten);
            }
            forgotten += ids.len();
        }
    }

    /// Notes since when nothing lies at a place, or that something lies there again.
    async fn note_gone_places(&self, now: i64) -> Result<()> {
        let doing = failed("prune the layout");
        for (sql, value) in [
            (
                format!(
                    "UPDATE layout SET gone_at = ? WHERE gone_at IS NULL AND NOT ({LIES_THERE})"
                ),
                Some(now),
            ),
            (
                format!("UPDATE layout SET gone_at = ? WHERE gone_at IS NOT NULL AND {LIES_THERE}"),
                None,
            ),
        ] {
            let tx = self.begin_for(Concern::People).await?;
            let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()]);
            tx.db.execute_raw(query).await.map_err(&doing)?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Puts all that the journal holds into the database, and empties it: what was forgotten is in
    /// neither. Where somebody reads just now, the next time does it.
    async fn empty_journal(&self) {
        let emptied = self.inner.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        if let Err(error) = emptied {
            tracing::debug!(error = %error, "could not empty the journal");
        }
    }
}

/// It is over, nothing runs it or is about to, and it is not the latest: that one says how its service
/// is doing.
const OLD_DEPLOYMENT: &str = "over = 1 AND ended_at < ? \
    AND NOT EXISTS (SELECT 1 FROM service_state s WHERE s.environment_id = deployment.environment_id \
        AND s.service_id = deployment.service_id AND s.active = deployment.id) \
    AND NOT EXISTS (SELECT 1 FROM replica r WHERE r.environment_id = deployment.environment_id \
        AND r.service_id = deployment.service_id AND r.deployment_id = deployment.id \
        AND r.released_at IS NULL) \
    AND EXISTS (SELECT 1 FROM generation g WHERE g.environment_id = deployment.environment_id \
        AND g.service_id = deployment.service_id AND g.last > deployment.generation)";

/// From the oldest on, and never the last: each row vouches for the one before.
const OLD_AUDIT: &str = "number <= (SELECT max(number) FROM audit WHERE at < ?) \
    AND number < (SELECT max(number) FROM audit) ORDER BY number";

/// So many of the same service came after it, and nobody can still be on the way to it.
const CROWDED_EVENT: &str = "rowid IN (SELECT row FROM (\
        SELECT e.rowid AS row, e.number, c.number AS last, row_number() OVER (\
            PARTITION BY e.environment_id, e.service_id ORDER BY e.number DESC) AS place \
        FROM event e JOIN event_count c ON c.environment_id = e.environment_id \
        WHERE e.service_id IS NOT NULL) WHERE place > ? AND number <= last - ?)";

/// The environment is gone, and nothing has happened in it since.
const DEAD_LOG: &str = "environment_id NOT IN (SELECT id FROM environment) \
    AND environment_id NOT IN (SELECT environment_id FROM event WHERE at >= ?)";

/// It is applied, or somebody has staged it or could bring it back.
const LIES_THERE: &str = "(\
    EXISTS (SELECT 1 FROM staged_edit s WHERE s.environment_id = layout.environment_id \
        AND s.address = layout.node) \
    OR EXISTS (SELECT 1 FROM service_config c WHERE c.environment_id = layout.environment_id \
        AND c.service_id = unhex(replace(substr(node, instr(node, '/') + 1), '-', ''))) \
    OR EXISTS (SELECT 1 FROM group_config c WHERE c.environment_id = layout.environment_id \
        AND c.group_id = unhex(replace(substr(node, instr(node, '/') + 1), '-', ''))) \
    OR EXISTS (SELECT 1 FROM volume_config c WHERE c.environment_id = layout.environment_id \
        AND c.volume_id = unhex(replace(substr(node, instr(node, '/') + 1), '-', ''))))";
