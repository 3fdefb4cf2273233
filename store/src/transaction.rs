//! One change of state: its rows, its audit, its events and its answer to repeats, or nothing.

use crate::{
    Store, chain,
    error::failed,
    keyring::Cell,
    loaded::LoadedWorkspace,
    row::{enum_text, json, signed, unsigned},
    store::Inner,
    table::{audit, event, event_count},
    work::WorkCounter,
};
use domain::{
    ApiKeyId, EnvironmentId, Error, ProjectId, Result, ServiceId, Timestamp, UserId,
    access::{AuthMethod, IdempotencyKey, Mutation, RequestOrigin},
    audit::AuditOutcome,
    event::Event,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, IntoActiveModel, QueryFilter, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait, sea_query::OnConflict,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

/// So many events of an environment are kept for those who were away for a while. What happened to
/// services is kept for longer: see `prune`.
pub(crate) const KEPT_EVENTS: u64 = 5_000;
/// So many rows go into one statement: well below SQLite's limit of bound values.
pub(crate) const BATCH: usize = 500;

/// A write transaction. Dropped without a commit, it leaves nothing.
pub(crate) struct Transaction {
    pub(crate) db: DatabaseTransaction,
    pub(crate) now: Timestamp,
    pub(crate) inner: Arc<Inner>,
    pub(crate) idempotent_request: Option<IdempotentRequest>,
    /// What an environment has become: held for the next reader, once it is true.
    pub(crate) written: Option<LoadedWorkspace>,
    concerns: Concern,
    turn: Turn,
    events: Vec<(EnvironmentId, Timestamp, Event)>,
}

/// What something was, and what it is now: words such as a role, never a value.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Who has to look again after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    /// The reconciler, too.
    Rollouts,
    /// Only whoever reads what people have: nothing of it is about what runs.
    People,
}

/// A turn at the database: others wait for its end.
struct Turn {
    begun: Instant,
    work: Arc<WorkCounter>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.work.note_write(self.begun);
    }
}

/// A request that may come again.
pub(crate) struct IdempotentRequest {
    pub(crate) key: IdempotencyKey,
    pub(crate) fingerprint: Vec<u8>,
}

impl Store {
    /// Waits for its turn, and begins.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        self.begin_for(Concern::Rollouts).await
    }

    /// The same, for a write that the reconciler need not know of if nobody else does.
    pub(crate) async fn begin_for(&self, concerns: Concern) -> Result<Transaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.inner.writer.begin_with_options(options).await;
        if begun.is_err() {
            self.inner.note_space(&begun);
        }
        let db = begun.map_err(failed("write to the database"))?;
        self.inner.check_writer(&db).await?;
        Ok(Transaction {
            db,
            now: self.inner.clock.now(),
            inner: self.inner.clone(),
            idempotent_request: None,
            written: None,
            concerns,
            turn: Turn { begun: Instant::now(), work: self.inner.work.clone() },
            events: Vec::new(),
        })
    }
}

impl Inner {
    /// Lets nobody write whose database somebody else has opened since, whatever became of the lock.
    async fn check_writer(&self, db: &DatabaseTransaction) -> Result<()> {
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT writer FROM instance");
        let row = db.query_one_raw(query).await.map_err(failed("see who writes"))?;
        let writer: Option<String> = row.and_then(|row| row.try_get_by_index(0).ok());
        if writer.as_ref() == Some(&self.writer_name) {
            return Ok(());
        }
        Err(Error::Unavailable {
            what: "another Easel has opened this database and writes to it; this one writes \
                   nothing any more: stop one of the two"
                .to_owned(),
            source: None,
        })
    }
}

impl Transaction {
    /// Something has happened, and readers shall learn of it.
    pub(crate) fn emit(&mut self, environment: EnvironmentId, event: Event) {
        self.emit_at(environment, self.now, event);
    }

    /// The same, for something that happened at another time.
    pub(crate) fn emit_at(&mut self, environment: EnvironmentId, at: Timestamp, event: Event) {
        self.events.push((environment, at, event));
    }

    /// Writes down who did what.
    pub(crate) async fn audit(
        &self,
        by: &Mutation,
        action: &str,
        project: Option<ProjectId>,
        target: impl Into<String> + Send,
    ) -> Result<()> {
        self.audit_step(by, action, project, target, Step::default()).await
    }

    /// Writes down who did what, and what it was before and after. Never a value.
    pub(crate) async fn audit_step(
        &self,
        by: &Mutation,
        action: &str,
        project: Option<ProjectId>,
        target: impl Into<String> + Send,
        step: Step,
    ) -> Result<()> {
        let (via, key) = match by.actor.via {
            AuthMethod::Session(_) => ("session", None),
            AuthMethod::ApiKey { key, .. } => ("api_key", Some(key)),
        };
        let row = audit::Model {
            actor: Some(by.actor.user.as_uuid()),
            via: via.to_owned(),
            key_id: key.map(ApiKeyId::as_uuid),
            action: action.to_owned(),
            project_id: project.map(ProjectId::as_uuid),
            target: target.into(),
            before: step.before,
            after: step.after,
            request: by.request.clone(),
            source: by.source.clone(),
            ..self.audit_row()?
        };
        chain::append(&self.db, &self.inner.keyring, row).await
    }

    /// Writes down what somebody did to their own account: nobody else has asked for it.
    pub(crate) async fn audit_self(
        &self,
        user: UserId,
        via: &str,
        action: &str,
        target: String,
        origin: &RequestOrigin,
    ) -> Result<()> {
        let row = audit::Model {
            actor: Some(user.as_uuid()),
            via: via.to_owned(),
            action: action.to_owned(),
            target,
            request: origin.request.clone(),
            source: origin.source.clone(),
            ..self.audit_row()?
        };
        chain::append(&self.db, &self.inner.keyring, row).await
    }

    /// A row of something that was done now.
    fn audit_row(&self) -> Result<audit::Model> {
        let outcome = enum_text(&AuditOutcome::Done)?;
        Ok(audit::Model { outcome, ..chain::blank(self.now.as_millis()) })
    }

    /// Encrypts for a row's column.
    pub(crate) fn encrypt(&self, place: Cell<'_>, plain: &[u8]) -> Vec<u8> {
        self.inner.keyring.encrypt(place, plain)
    }

    /// Makes it all true, and wakes the readers.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let numbers = self.number_events().await?;
        let Self { db, inner, written, concerns, turn, .. } = self;
        let tracker = inner.commits.clone();
        // To the end, also when the caller goes away in the middle: what is true must be told.
        let task = tracker.spawn(async move {
            let committed = db.commit().await;
            // After it and before anybody is told; also when it is not known how it has ended.
            if concerns == Concern::Rollouts {
                inner.version.fetch_add(1, Ordering::SeqCst);
            }
            drop(turn);
            inner.note_space(&committed);
            committed?;
            if let Some(written) = written {
                inner.cache.put(written);
            }
            for (environment, number) in numbers {
                inner.announcer.announce(environment, number);
            }
            Ok(())
        });
        task.await.map_err(Error::internal("commit"))?.map_err(failed("commit"))
    }

    async fn number_events(&mut self) -> Result<BTreeMap<EnvironmentId, u64>> {
        let events = std::mem::take(&mut self.events);
        let environments: BTreeSet<_> =
            events.iter().map(|(environment, ..)| environment.as_uuid()).collect();
        if environments.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut numbers: BTreeMap<EnvironmentId, u64> = event_count::Entity::find()
            .filter(event_count::Column::EnvironmentId.is_in(environments))
            .all(&self.db)
            .await
            .map_err(failed("number events"))?
            .into_iter()
            .map(|row| (EnvironmentId::new(row.environment_id), unsigned(row.number)))
            .collect();
        let before = numbers.clone();
        let mut rows = Vec::new();
        for (environment, at, event) in &events {
            let number = numbers.entry(*environment).or_default();
            *number += 1;
            rows.push(event::Model {
                environment_id: environment.as_uuid(),
                number: signed(*number),
                at: at.as_millis(),
                body: json(event)?,
                service_id: event.service().map(ServiceId::as_uuid),
            });
        }
        self.write_events(rows, &before, &numbers).await.map_err(failed("write events"))?;
        Ok(numbers)
    }

    async fn write_events(
        &self,
        mut rows: Vec<event::Model>,
        before: &BTreeMap<EnvironmentId, u64>,
        numbers: &BTreeMap<EnvironmentId, u64>,
    ) -> Result<(), DbErr> {
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(BATCH));
            event::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
                .exec_without_returning(&self.db)
                .await?;
            rows = rest;
        }
        let counts = numbers.iter().map(|(environment, number)| event_count::ActiveModel {
            environment_id: Set(environment.as_uuid()),
            number: Set(signed(*number)),
        });
        event_count::Entity::insert_many(counts)
            .on_conflict(
                OnConflict::column(event_count::Column::EnvironmentId)
                    .update_column(event_count::Column::Number)
                    .to_owned(),
            )
            .exec_without_returning(&self.db)
            .await?;
        for (environment, number) in numbers {
            // One row more, one row less, once there are enough: those that fall out just now.
            let (before, now) = (before.get(environment).copied().unwrap_or_default(), *number);
            let last = now.saturating_sub(KEPT_EVENTS);
            if last == 0 {
                continue;
            }
            event::Entity::delete_many()
                .filter(event::Column::EnvironmentId.eq(environment.as_uuid()))
                .filter(event::Column::Number.gt(signed(before.saturating_sub(KEPT_EVENTS))))
                .filter(event::Column::Number.lte(signed(last)))
                .filter(event::Column::ServiceId.is_null())
                .exec(&self.db)
                .await?;
        }
        Ok(())
    }
}
