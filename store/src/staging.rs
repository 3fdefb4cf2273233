//! Staged edits: rows that wait, and rows that were discarded and can come back.

use crate::{
    blocking::run_blocking,
    error::failed,
    keyring::Cell,
    row::{signed, text, unsigned},
    spec::{self, LoadedEnvironment},
    store::Inner,
    table::{environment, staged_edit},
    transaction::{BATCH, Transaction},
};
use domain::{
    Address, ChangeId, Content, EnvironmentId, Error, Result, RevisionNumber, Timestamp, UserId,
    access::Mutation, change::StagedEdit, edit::StageContext, event::Event,
    resolve::EnvironmentRef, workspace::Workspace,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::Expr,
};

/// An environment with what is staged upon it.
pub(crate) struct LoadedWorkspace {
    pub(crate) base: LoadedEnvironment,
    pub(crate) workspace: Workspace,
}

/// Reads an environment and its staged edits.
pub(crate) async fn load(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: EnvironmentId,
) -> Result<LoadedWorkspace> {
    let base = spec::load(inner, db, environment).await?;
    let rows = staged_edit::Entity::find()
        .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
        .filter(staged_edit::Column::DiscardedAt.is_null())
        .order_by_asc(staged_edit::Column::Seq)
        .all(db)
        .await
        .map_err(failed("read staged edits"))?;
    let edits = run_blocking(rows.len(), || {
        rows.into_iter().map(|row| read(inner, row)).collect::<Result<_>>()
    })?;
    let workspace = Workspace { spec: base.spec.clone(), edits };
    Ok(LoadedWorkspace { base, workspace })
}

/// What is staged at a place and at what it is part of, upon only that part of the environment.
pub(crate) async fn load_part(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    address: &Address,
) -> Result<Workspace> {
    let spec = spec::load_part(inner, db, environment, address).await?;
    let places = address.parent().into_iter().chain([address.clone()]);
    let edits = staged_edit::Entity::find()
        .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
        .filter(staged_edit::Column::DiscardedAt.is_null())
        .filter(staged_edit::Column::Address.is_in(places.map(|place| place.to_string())))
        .order_by_asc(staged_edit::Column::Seq)
        .all(db)
        .await
        .map_err(failed("read staged edits"))?
        .into_iter()
        .map(|row| read(inner, row))
        .collect::<Result<_>>()?;
    Ok(Workspace { spec, edits })
}

/// A row as an edit.
pub(crate) fn read(inner: &Inner, row: staged_edit::Model) -> Result<StagedEdit> {
    let id = row.id.to_string();
    let content: Option<Content> = match &row.content {
        None => None,
        Some(sealed) => {
            let plain = (inner.keyring)
                .decrypt(content_cell(&id), sealed)
                .map_err(Error::internal("read a staged edit"))?;
            Some(serde_json::from_slice(&plain).map_err(Error::internal("read a staged edit"))?)
        }
    };
    Ok(StagedEdit {
        id: ChangeId::new(row.id),
        seq: unsigned(row.seq),
        address: text(row.address)?,
        content,
        base: RevisionNumber(unsigned(row.base)),
        author: UserId::new(row.author),
        at: Timestamp::from_millis(row.at),
    })
}

fn content_cell(id: &str) -> Cell<'_> {
    Cell { table: "staged_edit", row: id, column: "content" }
}

impl LoadedWorkspace {
    pub(crate) fn environment(&self) -> EnvironmentId {
        EnvironmentId::new(self.base.environment.id)
    }

    pub(crate) fn place(&self) -> EnvironmentRef {
        self.base.place()
    }

    /// Decides something about all of it.
    pub(crate) fn run_blocking<T>(&self, decide: impl FnOnce(&Workspace) -> T) -> T {
        let spec = &self.workspace.spec;
        let services = spec.services.values().map(|service| 1 + service.variables.len());
        let groups = spec.groups.values().map(|group| 1 + group.variables.len());
        let values = self.workspace.edits.len() + spec.variables.len();
        run_blocking(values + services.chain(groups).sum::<usize>(), || decide(&self.workspace))
    }

    /// Who stages now, and which number comes next.
    pub(crate) fn stage_context(&self, tx: &Transaction, by: &Mutation) -> StageContext {
        StageContext {
            author: by.actor.user,
            at: tx.now,
            next_seq: self.next_seq(),
            sees_values: by.actor.sees_values(),
        }
    }

    pub(crate) fn next_seq(&self) -> u64 {
        unsigned(self.base.environment.edit_seq) + 1
    }

    /// These numbers are used: nobody gets them again.
    pub(crate) fn advance_seq(&mut self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.base.environment.edit_seq = self.base.environment.edit_seq.saturating_add(count);
    }

    /// Adds edits to the list, and tells readers. Their rows are the caller's.
    pub(crate) fn add(&mut self, tx: &mut Transaction, by: &Mutation, edits: &[StagedEdit]) {
        if edits.is_empty() {
            return;
        }
        self.workspace.edits.extend(edits.iter().cloned());
        self.workspace.edits.sort_by_key(|edit| edit.seq);
        let edits = edits.iter().map(StagedEdit::hidden).collect();
        tx.emit(self.environment(), Event::Staged { by: by.actor.user, edits });
    }

    /// Takes edits off the list, and tells readers. Their rows are the caller's.
    pub(crate) fn drop_edits(&mut self, tx: &mut Transaction, by: &Mutation, gone: &[ChangeId]) {
        if gone.is_empty() {
            return;
        }
        self.workspace.edits.retain(|edit| !gone.contains(&edit.id));
        let event = Event::Discarded { by: by.actor.user, edits: gone.to_vec() };
        tx.emit(self.environment(), event);
    }

    /// Notes how many changes people see now, and the last number given.
    pub(crate) async fn update_counts(&self, tx: &Transaction) -> Result<()> {
        let count = self.run_blocking(|workspace| workspace.changes().len());
        let pending = i64::try_from(count).unwrap_or(i64::MAX);
        environment::Entity::update_many()
            .col_expr(environment::Column::Pending, Expr::value(pending))
            .col_expr(environment::Column::EditSeq, Expr::value(self.base.environment.edit_seq))
            .filter(environment::Column::Id.eq(self.base.environment.id))
            .exec(&tx.db)
            .await
            .map_err(failed("count staged changes"))?;
        Ok(())
    }
}

/// Makes rows of new edits.
pub(crate) async fn insert(
    tx: &Transaction,
    environment: EnvironmentId,
    edits: &[StagedEdit],
) -> Result<()> {
    let mut rows = Vec::new();
    for edit in edits {
        let id = edit.id.to_string();
        let content = match &edit.content {
            None => None,
            Some(content) => {
                let plain =
                    serde_json::to_vec(content).map_err(Error::internal("write a staged edit"))?;
                Some(tx.encrypt(content_cell(&id), &plain))
            }
        };
        rows.push(staged_edit::Model {
            id: edit.id.as_uuid(),
            environment_id: environment.as_uuid(),
            seq: signed(edit.seq),
            address: edit.address.to_string(),
            content,
            base: signed(edit.base.0),
            author: edit.author.as_uuid(),
            at: edit.at.as_millis(),
            discarded_at: None,
        });
    }
    for batch in rows.chunks(BATCH) {
        let batch = batch.iter().cloned().map(IntoActiveModel::into_active_model);
        staged_edit::Entity::insert_many(batch)
            .exec_without_returning(&tx.db)
            .await
            .map_err(failed("stage edits"))?;
    }
    Ok(())
}

/// Marks edits as discarded: they can come back for a while.
pub(crate) async fn discard(tx: &Transaction, edits: &[ChangeId]) -> Result<()> {
    for batch in edits.chunks(BATCH) {
        staged_edit::Entity::update_many()
            .col_expr(staged_edit::Column::DiscardedAt, Expr::value(tx.now.as_millis()))
            .filter(staged_edit::Column::Id.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("discard edits"))?;
    }
    Ok(())
}

/// Edits stand on the list (again), with this number and upon this revision.
pub(crate) async fn reinstate(tx: &Transaction, edits: &[StagedEdit]) -> Result<()> {
    for edit in edits {
        staged_edit::Entity::update_many()
            .col_expr(staged_edit::Column::DiscardedAt, Expr::value(None::<i64>))
            .col_expr(staged_edit::Column::Seq, Expr::value(signed(edit.seq)))
            .col_expr(staged_edit::Column::Base, Expr::value(signed(edit.base.0)))
            .filter(staged_edit::Column::Id.eq(edit.id.as_uuid()))
            .exec(&tx.db)
            .await
            .map_err(failed("bring edits back"))?;
    }
    Ok(())
}
