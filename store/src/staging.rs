//! Staged edits: rows that wait, and rows that were discarded and can come back.

use crate::{
    Store,
    blocking::run_blocking,
    error::failed,
    keyring::Cell,
    loaded::{LoadedEnvironment, LoadedWorkspace},
    row::{signed, text, unsigned},
    spec,
    store::Inner,
    table::{environment, staged_edit},
    transaction::{BATCH, Transaction},
};
use domain::{
    Address, ChangeId, Content, EnvironmentId, Error, Result, RevisionNumber, Timestamp, UserId,
    access::Mutation, change::StagedEdit, edit::StageContext, event::Event,
    supersede::MAX_STAGED_BYTES, workspace::Workspace,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, Statement, sea_query::Expr,
};

/// Reads an environment and its staged edits, unless they are held from the last time.
///
/// Within a write, this comes before anything is written: what is held is what is true for all.
pub(crate) async fn load(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: EnvironmentId,
) -> Result<LoadedWorkspace> {
    let (row, project) = spec::find(db, environment).await?;
    if let Some(held) = inner.cache.get(&row, &project) {
        return Ok(held);
    }
    let spec = spec::load(inner, db, &row, &project).await?;
    let base = LoadedEnvironment { project, environment: row, spec };
    let edits = load_edits(inner, db, environment).await?;
    let workspace = Workspace { spec: base.spec.clone(), edits };
    let loaded = LoadedWorkspace { base, workspace };
    inner.cache.put(loaded.clone());
    Ok(loaded)
}

async fn load_edits(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: EnvironmentId,
) -> Result<Vec<StagedEdit>> {
    let rows = staged_edit::Entity::find()
        .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
        .filter(staged_edit::Column::DiscardedAt.is_null())
        .order_by_asc(staged_edit::Column::Seq)
        .all(db)
        .await
        .map_err(failed("read staged edits"))?;
    run_blocking(rows.len(), || rows.into_iter().map(|row| read(inner, row)).collect())
}

impl Store {
    /// An environment as it is now.
    pub(crate) async fn look_at(&self, environment: EnvironmentId) -> Result<LoadedWorkspace> {
        let db = self.read().await?;
        load(&self.inner, &db, environment).await
    }
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
        self.base.id()
    }

    /// Decides something about all of it.
    pub(crate) fn run_blocking<T>(&self, decide: impl FnOnce(&Workspace) -> T) -> T {
        run_blocking(self.size(), || decide(&self.workspace))
    }

    /// Who stages now, and which number comes next.
    pub(crate) fn stage_context(&self, at: Timestamp, by: &Mutation) -> StageContext {
        StageContext {
            author: by.actor.user,
            at,
            next_seq: self.next_seq(),
            sees_values: by.actor.sees_values(),
        }
    }

    /// These numbers are used: nobody gets them again.
    pub(crate) fn advance_seq(&mut self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.base.environment.edit_seq = self.base.environment.edit_seq.saturating_add(count);
    }

    /// Adds edits to the list, lets go of what they supersede, and tells readers. Their rows are the
    /// caller's.
    pub(crate) async fn add(
        &mut self,
        tx: &mut Transaction,
        by: &Mutation,
        edits: &[StagedEdit],
    ) -> Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let superseded = self.workspace.add(edits);
        for batch in superseded.chunks(BATCH) {
            staged_edit::Entity::delete_many()
                .filter(staged_edit::Column::Id.is_in(batch.iter().map(|id| id.as_uuid())))
                .exec(&tx.db)
                .await
                .map_err(failed("let go of staged edits"))?;
        }
        let edits = edits.iter().map(StagedEdit::hidden).collect();
        tx.emit(self.environment(), Event::Staged { by: by.actor.user, edits, superseded });
        Ok(())
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

    /// Notes how many changes people see now, the last number given, and that it is another one.
    pub(crate) async fn update_counts(&mut self, tx: &Transaction) -> Result<()> {
        let count = self.run_blocking(|workspace| workspace.changes().len());
        let row = &mut self.base.environment;
        row.pending = i64::try_from(count).unwrap_or(i64::MAX);
        row.version += 1;
        environment::Entity::update_many()
            .col_expr(environment::Column::Pending, Expr::value(row.pending))
            .col_expr(environment::Column::EditSeq, Expr::value(row.edit_seq))
            .col_expr(environment::Column::Version, Expr::value(row.version))
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
pub(crate) async fn discard(
    tx: &Transaction,
    environment: EnvironmentId,
    edits: &[ChangeId],
) -> Result<()> {
    for batch in edits.chunks(BATCH) {
        staged_edit::Entity::update_many()
            .col_expr(staged_edit::Column::DiscardedAt, Expr::value(tx.now.as_millis()))
            .filter(staged_edit::Column::Id.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("discard edits"))?;
    }
    forget_piles(tx, environment).await
}

/// Whoever stages and discards again and again fills no disk: of many discarded edits, those go that
/// were discarded first.
async fn forget_piles(tx: &Transaction, environment: EnvironmentId) -> Result<()> {
    /// So many are kept whatever they hold: as many as there may be at once are more.
    const FEW: usize = 1_000;
    /// What each of more takes, besides what it holds.
    const ROW: usize = 2_560;
    let doing = failed("forget discarded edits");
    let discarded = "FROM staged_edit WHERE environment_id = ? AND discarded_at IS NOT NULL";
    let id: sea_orm::Value = environment.as_uuid().into();
    let many = format!("SELECT 1 {discarded} LIMIT 1 OFFSET {FEW}");
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, many, [id.clone()]);
    if tx.db.query_one_raw(query).await.map_err(&doing)?.is_none() {
        return Ok(());
    }
    let sql = format!(
        "DELETE FROM staged_edit WHERE id IN (SELECT id FROM (\
         SELECT id, sum({ROW} + coalesce(length(content), 0)) \
         OVER (ORDER BY discarded_at DESC, seq DESC) AS total {discarded}) WHERE total > ?)"
    );
    let most = i64::try_from(2 * MAX_STAGED_BYTES).unwrap_or(i64::MAX);
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [id, most.into()]);
    tx.db.execute_raw(query).await.map_err(&doing)?;
    Ok(())
}

/// Edits stand on the list (again), with this number and upon this revision.
pub(crate) async fn reinstate(tx: &Transaction, edits: &[StagedEdit]) -> Result<()> {
    for batch in edits.chunks(BATCH) {
        let rows = vec!["(?, ?, ?)"; batch.len()].join(", ");
        let sql = format!(
            "UPDATE staged_edit SET discarded_at = NULL, seq = back.column2, base = back.column3 \
             FROM (VALUES {rows}) AS back WHERE staged_edit.id = back.column1"
        );
        let values = batch.iter().flat_map(|edit| {
            [edit.id.as_uuid().into(), signed(edit.seq).into(), signed(edit.base.0).into()]
        });
        let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        tx.db.execute_raw(query).await.map_err(failed("bring edits back"))?;
    }
    Ok(())
}
