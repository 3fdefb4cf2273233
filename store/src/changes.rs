//! Staged changes, revisions and the desired state.

use crate::{
    Store, apply,
    error::failed,
    layout, page, revision, spec,
    staging::{self, LoadedWorkspace},
    table::{self, staged_edit},
    transaction::Transaction,
};
use async_trait::async_trait;
use domain::{
    Address, ChangeId, EnvironmentId, Error, Message, Resource, Result, RevisionNumber, ServiceId,
    access::Mutation,
    apply::plan,
    change::{StagedChange, StagedEdit},
    changes::{
        Applied, Changes, Discarded, Keep, Revealed, Revision, Selection, Staging, UNDO_WINDOW,
    },
    edit::{Edit, stage},
    page::{Page, Paged},
    workspace::{LoadedService, Workspace},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};

/// What a repeated staging is answered from.
#[derive(Serialize, Deserialize)]
struct StagedIds {
    addresses: Vec<Address>,
    edits: Vec<ChangeId>,
}

impl StagedIds {
    fn of(staging: &Staging) -> Self {
        Self { addresses: staging.addresses.clone(), edits: staging.edits.clone() }
    }

    /// The same answer; what is to be mended is looked up anew.
    fn replay(self, loaded: &LoadedWorkspace) -> Staging {
        let warnings =
            loaded.run_blocking(|workspace| workspace.staged().new_problems(&workspace.spec));
        Staging { addresses: self.addresses, edits: self.edits, warnings }
    }
}

#[async_trait]
impl Changes for Store {
    async fn workspace(&self, environment: EnvironmentId) -> Result<Workspace> {
        let db = self.read().await?;
        Ok(staging::load(&self.inner, &db, environment).await?.workspace)
    }

    async fn service(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<LoadedService> {
        let db = self.read().await?;
        let address = Address::Service(service);
        let spec = spec::load_part(&self.inner, &db, environment, &address).await?;
        if spec.services.contains_key(&service) {
            return Workspace { spec, edits: Vec::new() }.load_service(service);
        }
        // What is only staged consists of edits that may be anywhere.
        let loaded = staging::load(&self.inner, &db, environment).await?;
        loaded.run_blocking(|workspace| workspace.load_service(service))
    }

    async fn change_at(
        &self,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Option<StagedChange>> {
        let db = self.read().await?;
        let part = staging::load_part(&self.inner, &db, environment, address).await?;
        Ok(part.change_at(address).map(|change| change.hidden()))
    }

    async fn stage(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
    ) -> Result<Staging> {
        let mut tx = self.begin().await?;
        let content = (environment, &edits);
        let again = tx.find_answer::<StagedIds>(by, "changes.stage", &content).await?;
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        if let Some(ids) = again {
            return Ok(ids.replay(&loaded));
        }
        let (stage_context, ids) = (loaded.stage_context(&tx, by), &*tx.inner.ids);
        let rows = loaded.run_blocking(|workspace| stage(workspace, edits, stage_context, ids))?;
        staging::insert(&tx, environment, &rows.edits).await?;
        loaded.advance_seq(rows.edits.len());
        loaded.add(&mut tx, by, &rows.edits);
        layout::write(&mut tx, by, environment, &rows.places).await?;
        let staging = Staging::of(&rows);
        finish(&tx, by, "changes.stage", &loaded, list(&staging.addresses)).await?;
        tx.store_answer(by, &StagedIds::of(&staging)).await?;
        tx.commit().await?;
        Ok(staging)
    }

    async fn discard(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        changes: &[ChangeId],
        seen: Option<&[ChangeId]>,
    ) -> Result<Discarded> {
        let mut tx = self.begin().await?;
        let content = (environment, changes, seen);
        if let Some(edits) = tx.find_answer(by, "changes.discard", &content).await? {
            return Ok(Discarded { edits });
        }
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let edits = loaded.run_blocking(|workspace| workspace.discarding(changes, seen))?;
        let places = addresses_of(&loaded, &edits);
        staging::discard(&tx, &edits).await?;
        loaded.drop_edits(&mut tx, by, &edits);
        finish(&tx, by, "changes.discard", &loaded, list(&places)).await?;
        tx.store_answer(by, &edits).await?;
        tx.commit().await?;
        Ok(Discarded { edits })
    }

    async fn restore(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: &[ChangeId],
    ) -> Result<Staging> {
        let mut tx = self.begin().await?;
        let content = (environment, edits);
        let again = tx.find_answer::<StagedIds>(by, "changes.restore", &content).await?;
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        if let Some(ids) = again {
            return Ok(ids.replay(&loaded));
        }
        let discarded = discarded(&tx, environment, edits).await?;
        let next = loaded.next_seq();
        let rows = loaded.run_blocking(|workspace| workspace.restoring(discarded, next))?;
        staging::reinstate(&tx, &rows.edits).await?;
        loaded.advance_seq(rows.edits.len());
        loaded.add(&mut tx, by, &rows.edits);
        let staging = Staging::of(&rows);
        finish(&tx, by, "changes.restore", &loaded, list(&staging.addresses)).await?;
        tx.store_answer(by, &StagedIds::of(&staging)).await?;
        tx.commit().await?;
        Ok(staging)
    }

    async fn settle(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        change: ChangeId,
        keep: Keep,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let content = (environment, change, keep);
        if tx.find_answer::<()>(by, "changes.settle", &content).await?.is_some() {
            return Ok(());
        }
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let settled = loaded.run_blocking(|workspace| workspace.settling(change, keep))?;
        let places = addresses_of(&loaded, &settled.discarded);
        staging::discard(&tx, &settled.discarded).await?;
        staging::reinstate(&tx, &settled.staged).await?;
        loaded.drop_edits(&mut tx, by, &settled.discarded);
        loaded.add(&mut tx, by, &settled.staged);
        finish(&tx, by, "changes.settle", &loaded, list(&places)).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }

    async fn apply(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        selection: Selection,
        message: Message,
    ) -> Result<Applied> {
        let mut tx = self.begin().await?;
        let content = (environment, &selection, &message);
        if let Some(ids) =
            tx.find_answer::<apply::AppliedIds>(by, "changes.apply", &content).await?
        {
            return ids.replay(&tx.db, environment).await;
        }
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let place = loaded.place();
        let plan = loaded.run_blocking(|workspace| plan(place, workspace, &selection))?;
        if plan.changes.is_empty() {
            return Ok(Applied::default());
        }
        let places: Vec<_> = plan.changes.iter().map(|change| change.address.clone()).collect();
        let applied = apply::execute(&mut tx, by, &mut loaded, plan, message, None).await?;
        finish(&tx, by, "changes.apply", &loaded, list(&places)).await?;
        tx.store_answer(by, &apply::AppliedIds::of(&applied)).await?;
        tx.commit().await?;
        Ok(applied)
    }

    async fn write(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
        message: Message,
        redeploy: Option<ServiceId>,
    ) -> Result<(Staging, Applied)> {
        let mut tx = self.begin().await?;
        let content = (environment, &edits, &message, redeploy);
        let again =
            tx.find_answer::<(StagedIds, apply::AppliedIds)>(by, "changes.write", &content).await?;
        let mut loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        if let Some((staged, applied)) = again {
            let applied = applied.replay(&tx.db, environment).await?;
            return Ok((staged.replay(&loaded), applied));
        }
        let (place, stage_context, ids) =
            (loaded.place(), loaded.stage_context(&tx, by), &*tx.inner.ids);
        let writing = loaded.run_blocking(|workspace| {
            workspace.writing(place, edits, stage_context, ids, redeploy)
        })?;
        let staging = Staging::of(&writing.rows);
        loaded.advance_seq(writing.rows.edits.len());
        let (plan, repeated) = (writing.plan, writing.repeated);
        let applied = apply::execute(&mut tx, by, &mut loaded, plan, message, repeated).await?;
        layout::write(&mut tx, by, environment, &writing.rows.places).await?;
        finish(&tx, by, "changes.write", &loaded, list(&staging.addresses)).await?;
        tx.store_answer(by, &(StagedIds::of(&staging), apply::AppliedIds::of(&applied))).await?;
        tx.commit().await?;
        Ok((staging, applied))
    }

    async fn reveal(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Revealed> {
        let tx = self.begin().await?;
        let loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let revealed = loaded.run_blocking(|workspace| workspace.revealing(address))?;
        let project = loaded.place().project;
        tx.audit(by, "changes.reveal", Some(project), address.to_string()).await?;
        tx.commit().await?;
        Ok(revealed)
    }

    async fn revisions(&self, environment: EnvironmentId, page: Page) -> Result<Paged<Revision>> {
        let db = self.read().await?;
        spec::find(&db, environment).await?;
        let query = table::revision::Entity::find()
            .filter(table::revision::Column::EnvironmentId.eq(environment.as_uuid()));
        let query = query.order_by_desc(table::revision::Column::Number);
        let (rows, total_count) =
            page::rows(&db, query, page).await.map_err(failed("list revisions"))?;
        let data = rows.iter().map(revision::read).collect::<Result<_>>()?;
        Ok(page.of(data, total_count))
    }

    async fn revision(
        &self,
        environment: EnvironmentId,
        number: RevisionNumber,
    ) -> Result<(Revision, Vec<StagedChange>)> {
        let db = self.read().await?;
        spec::find(&db, environment).await?;
        let row = revision::find(&db, environment, number).await?;
        let changes = revision::read_changes(&self.inner, &row)?;
        Ok((revision::read(&row)?, changes.iter().map(StagedChange::hidden).collect()))
    }
}

/// What every mutation ends with: counts, and who did it.
async fn finish(
    tx: &Transaction,
    by: &Mutation,
    action: &str,
    loaded: &LoadedWorkspace,
    target: String,
) -> Result<()> {
    loaded.update_counts(tx).await?;
    tx.audit(by, action, Some(loaded.place().project), target).await
}

/// A list for the audit: of places, never of values.
fn list(addresses: &[Address]) -> String {
    const MOST: usize = 50;
    let mut shown: Vec<String> = addresses.iter().take(MOST).map(ToString::to_string).collect();
    if addresses.len() > MOST {
        shown.push(format!("and {} more", addresses.len() - MOST));
    }
    shown.join(", ")
}

fn addresses_of(loaded: &LoadedWorkspace, edits: &[ChangeId]) -> Vec<Address> {
    (loaded.workspace.edits.iter())
        .filter(|edit| edits.contains(&edit.id))
        .map(|edit| edit.address.clone())
        .collect()
}

/// Edits that were discarded within the last day. All of them, or `NotFound`.
async fn discarded(
    tx: &Transaction,
    environment: EnvironmentId,
    wanted: &[ChangeId],
) -> Result<Vec<StagedEdit>> {
    let oldest = tx.now.as_millis() - i64::try_from(UNDO_WINDOW.as_millis()).unwrap_or(i64::MAX);
    let rows = staged_edit::Entity::find()
        .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
        .filter(staged_edit::Column::Id.is_in(wanted.iter().map(|id| id.as_uuid())))
        .filter(staged_edit::Column::DiscardedAt.gte(oldest))
        .order_by_asc(staged_edit::Column::Seq)
        .all(&tx.db)
        .await
        .map_err(failed("find discarded edits"))?;
    if wanted.iter().any(|id| rows.iter().all(|row| row.id != id.as_uuid())) {
        return Err(Error::NotFound(Resource::Change));
    }
    rows.into_iter().map(|row| staging::read(&tx.inner, row)).collect()
}
