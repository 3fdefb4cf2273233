//! Staged changes, revisions and the desired state.

use crate::{
    Store,
    apply::{self, AppliedIds},
    decide::{Decided, Request},
    error::failed,
    layout,
    loaded::LoadedWorkspace,
    page, revision, spec, staging,
    table::{self, staged_edit},
    transaction::{BATCH, Concern, Transaction},
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
use std::collections::BTreeSet;

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
        let (action, concerns) = ("changes.stage", Concern::People);
        let content = (environment, &edits);
        let request = Request { by, environment, action, content, concerns };
        let (now, ids) = (self.inner.clock.now(), &*self.inner.ids);
        let decided = self.decide(request, |loaded| {
            let context = loaded.stage_context(now, by);
            loaded.run_blocking(|workspace| stage(workspace, edits.clone(), context, ids))
        });
        let (mut tx, mut loaded, rows) = match decided.await? {
            Decided::Now(tx, loaded, rows) => (tx, loaded, rows),
            Decided::Before(tx, ids) => return replay(&tx, environment, ids).await,
        };
        staging::insert(&tx, environment, &rows.edits).await?;
        loaded.advance_seq(rows.edits.len());
        loaded.add(&mut tx, by, &rows.edits).await?;
        layout::write(&mut tx, by, environment, &rows.places).await?;
        let staging = Staging::of(&rows);
        finish(&mut tx, by, action, *loaded, list(&staging.addresses)).await?;
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
        let (action, concerns) = ("changes.discard", Concern::People);
        let content = (environment, changes, seen);
        let request = Request { by, environment, action, content, concerns };
        let decided = self.decide(request, |loaded| {
            loaded.run_blocking(|workspace| workspace.discarding(changes, seen))
        });
        let (mut tx, mut loaded, edits) = match decided.await? {
            Decided::Now(tx, loaded, edits) => (tx, loaded, edits),
            Decided::Before(_, edits) => return Ok(Discarded { edits }),
        };
        let places = addresses_of(&loaded, &edits);
        staging::discard(&tx, environment, &edits).await?;
        loaded.drop_edits(&mut tx, by, &edits);
        finish(&mut tx, by, action, *loaded, list(&places)).await?;
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
        let (action, concerns) = ("changes.restore", Concern::People);
        let request = Request { by, environment, action, content: (environment, edits), concerns };
        let (mut tx, mut loaded, ()) = match self.decide(request, |_| Ok(())).await? {
            Decided::Now(tx, loaded, decided) => (tx, loaded, decided),
            Decided::Before(tx, ids) => return replay(&tx, environment, ids).await,
        };
        // Few, and only known here: they may have been discarded a moment ago.
        let discarded = discarded(&tx, environment, edits).await?;
        let next = loaded.next_seq();
        let rows = loaded.run_blocking(|workspace| workspace.restoring(discarded, next))?;
        staging::reinstate(&tx, &rows.edits).await?;
        loaded.advance_seq(rows.edits.len());
        loaded.add(&mut tx, by, &rows.edits).await?;
        let staging = Staging::of(&rows);
        finish(&mut tx, by, action, *loaded, list(&staging.addresses)).await?;
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
        let (action, concerns) = ("changes.settle", Concern::People);
        let content = (environment, change, keep);
        let request = Request { by, environment, action, content, concerns };
        let decided = self.decide(request, |loaded| {
            loaded.run_blocking(|workspace| workspace.settling(change, keep))
        });
        let (mut tx, mut loaded, settled) = match decided.await? {
            Decided::Now(tx, loaded, settled) => (tx, loaded, settled),
            Decided::Before(_, ()) => return Ok(()),
        };
        let places = addresses_of(&loaded, &settled.discarded);
        staging::discard(&tx, environment, &settled.discarded).await?;
        staging::reinstate(&tx, &settled.staged).await?;
        loaded.drop_edits(&mut tx, by, &settled.discarded);
        loaded.add(&mut tx, by, &settled.staged).await?;
        finish(&mut tx, by, action, *loaded, list(&places)).await?;
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
        let (action, concerns) = ("changes.apply", Concern::Rollouts);
        let content = (environment, &selection, &message);
        let request = Request { by, environment, action, content, concerns };
        let decided = self.decide::<_, AppliedIds>(request, |loaded| {
            loaded.run_blocking(|workspace| plan(loaded.place(), workspace, &selection))
        });
        let (mut tx, mut loaded, plan) = match decided.await? {
            Decided::Now(tx, loaded, plan) => (tx, loaded, plan),
            Decided::Before(tx, ids) => return ids.replay(&tx.db, environment).await,
        };
        if plan.changes.is_empty() {
            return Ok(Applied::default());
        }
        let places: Vec<_> = plan.changes.iter().map(|change| change.address.clone()).collect();
        let applied = apply::execute(&mut tx, by, &mut loaded, plan, message, None).await?;
        finish(&mut tx, by, action, *loaded, list(&places)).await?;
        tx.store_answer(by, &AppliedIds::of(&applied)).await?;
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
        let (action, concerns) = ("changes.write", Concern::Rollouts);
        let content = (environment, &edits, &message, redeploy);
        let request = Request { by, environment, action, content, concerns };
        let (now, ids) = (self.inner.clock.now(), &*self.inner.ids);
        let decided = self.decide::<_, (StagedIds, AppliedIds)>(request, |loaded| {
            let (place, context) = (loaded.place(), loaded.stage_context(now, by));
            loaded.run_blocking(|workspace| {
                workspace.writing(place, edits.clone(), context, ids, redeploy)
            })
        });
        let (mut tx, mut loaded, writing) = match decided.await? {
            Decided::Now(tx, loaded, writing) => (tx, loaded, writing),
            Decided::Before(tx, (staged, applied)) => {
                let applied = applied.replay(&tx.db, environment).await?;
                return Ok((replay(&tx, environment, staged).await?, applied));
            }
        };
        let staging = Staging::of(&writing.rows);
        loaded.advance_seq(writing.rows.edits.len());
        let (plan, repeated) = (writing.plan, writing.repeated);
        let applied = apply::execute(&mut tx, by, &mut loaded, plan, message, repeated).await?;
        layout::write(&mut tx, by, environment, &writing.rows.places).await?;
        finish(&mut tx, by, action, *loaded, list(&staging.addresses)).await?;
        tx.store_answer(by, &(StagedIds::of(&staging), AppliedIds::of(&applied))).await?;
        tx.commit().await?;
        Ok((staging, applied))
    }

    async fn reveal(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Revealed> {
        let loaded = self.look_at(environment).await?;
        let revealed = loaded.run_blocking(|workspace| workspace.revealing(address))?;
        let tx = self.begin_for(Concern::People).await?;
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

/// The answer of a request that has come again; what is to be mended is looked up anew.
async fn replay(
    tx: &Transaction,
    environment: EnvironmentId,
    StagedIds { addresses, edits }: StagedIds,
) -> Result<Staging> {
    let loaded = staging::load(&tx.inner, &tx.db, environment).await?;
    let warnings =
        loaded.run_blocking(|workspace| workspace.staged().new_problems(&workspace.spec));
    Ok(Staging { addresses, edits, warnings })
}

/// What every mutation ends with: counts, who did it, and what the environment has become.
async fn finish(
    tx: &mut Transaction,
    by: &Mutation,
    action: &str,
    mut loaded: LoadedWorkspace,
    target: String,
) -> Result<()> {
    loaded.update_counts(tx).await?;
    tx.audit(by, action, Some(loaded.place().project), target).await?;
    tx.written = Some(loaded);
    Ok(())
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
    let edits: BTreeSet<_> = edits.iter().collect();
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
    let wanted: BTreeSet<_> = wanted.iter().map(|id| id.as_uuid()).collect();
    let mut rows = Vec::new();
    for batch in wanted.iter().copied().collect::<Vec<_>>().chunks(BATCH) {
        let found = staged_edit::Entity::find()
            .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(staged_edit::Column::Id.is_in(batch.iter().copied()))
            .filter(staged_edit::Column::DiscardedAt.gte(oldest))
            .all(&tx.db)
            .await
            .map_err(failed("find discarded edits"))?;
        rows.extend(found);
    }
    if rows.len() < wanted.len() {
        return Err(Error::NotFound(Resource::Change));
    }
    rows.sort_by_key(|row| row.seq);
    rows.into_iter().map(|row| staging::read(&tx.inner, row)).collect()
}
