//! Staged changes, revisions and the desired state in memory.

use super::{Memory, Transaction, paged, tables::StoredEnvironment};
use crate::{
    Address, ChangeId, EnvironmentId, Error, Message, Resource, Result, RevisionNumber, ServiceId,
    Timestamp,
    access::Mutation,
    apply::{ApplyPlan, plan},
    change::{StagedChange, StagedEdit},
    changes::{
        Applied, Changes, Discarded, Keep, Revealed, Revision, Selection, Staging, UNDO_WINDOW,
    },
    deployment::Cause,
    edit::{Edit, StageContext, StagingPlan, stage},
    event::Event,
    layout::{Node, Position},
    page::{Page, Paged},
    resolve::EnvironmentRef,
    supersede::add_edits,
    workspace::Workspace,
};
use async_trait::async_trait;

impl StoredEnvironment {
    pub(super) fn place(&self) -> EnvironmentRef {
        EnvironmentRef { project: self.environment.project, environment: self.environment.id }
    }
}

impl Transaction<'_> {
    fn stage_context(&self, held: &StoredEnvironment) -> StageContext {
        StageContext {
            author: self.author(),
            at: self.now,
            next_seq: held.next_seq,
            sees_values: self.by.is_some_and(|by| by.actor.sees_values()),
        }
    }

    /// Keeps edits as staged.
    fn keep(&mut self, environment: EnvironmentId, rows: StagingPlan) -> Result<Staging> {
        let staging = Staging::of(&rows);
        let held = self.tables.environment_mut(environment)?;
        held.next_seq += rows.edits.len() as u64;
        let superseded = add_edits(&mut held.edits, &rows.edits);
        self.staged(environment, &rows.edits, superseded);
        self.place_nodes(environment, &rows.places)?;
        Ok(staging)
    }

    fn staged(
        &mut self,
        environment: EnvironmentId,
        edits: &[StagedEdit],
        superseded: Vec<ChangeId>,
    ) {
        if edits.is_empty() {
            return;
        }
        let edits = edits.iter().map(StagedEdit::hidden).collect();
        let by = self.author();
        self.emit(environment, Event::Staged { by, edits, superseded });
    }

    /// Puts nodes where they shall lie.
    pub(super) fn place_nodes(
        &mut self,
        environment: EnvironmentId,
        places: &[(Node, Position)],
    ) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        self.tables.environment_mut(environment)?.layout.extend(places.iter().copied());
        let event = Event::Placed { by: self.author(), places: places.to_vec() };
        self.emit(environment, event);
        Ok(())
    }

    /// Takes edits off the list. They can be brought back for a while.
    fn drop_edits(&mut self, environment: EnvironmentId, gone: &[ChangeId]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let now = self.now;
        let held = self.tables.environment_mut(environment)?;
        let (dropped, kept): (Vec<_>, Vec<_>) =
            held.edits.drain(..).partition(|edit| gone.contains(&edit.id));
        held.edits = kept;
        held.discarded.extend(dropped.into_iter().map(|edit| (now, edit)));
        let event = Event::Discarded { by: self.author(), edits: gone.to_vec() };
        self.emit(environment, event);
        Ok(())
    }

    /// Carries a plan out.
    fn execute(
        &mut self,
        environment: EnvironmentId,
        plan: ApplyPlan,
        message: Message,
        repeated: Option<ServiceId>,
    ) -> Result<Applied> {
        let (author, at) = (self.author(), self.now);
        let held = self.tables.environment_mut(environment)?;
        let project = held.environment.project;
        let revision = (!plan.changes.is_empty()).then(|| Revision {
            number: plan.spec.revision,
            author,
            message: message.clone(),
            at,
            changes: plan.changes.len() as u64,
        });
        plan.settle(&mut held.edits);
        held.spec = plan.spec;
        let name = held.spec.project_name.clone();
        if let Some(revision) = &revision {
            let changes: Vec<StagedChange> =
                plan.changes.iter().map(StagedChange::hidden).collect();
            held.revisions.push((revision.clone(), changes.clone()));
            let known = &mut self.tables.project_mut(project)?.project;
            if known.name != name {
                known.name = name;
                known.updated_at = at;
            }
            let (revision, edits, rebased) = (revision.clone(), plan.done, plan.rebased);
            self.emit(environment, Event::Applied { revision, changes, edits, rebased });
        }
        self.roll_out(environment, &plan.deleted)?;
        let mut deployments = Vec::new();
        for (service, config) in plan.deploy {
            let cause = if repeated == Some(service) { Cause::Redeploy } else { Cause::Apply };
            let made = self.deploy(environment, service, config, cause, message.clone())?;
            deployments.push((service, made));
        }
        Ok(Applied {
            revision,
            applied_count: plan.changes.len() as u64,
            created: plan.created,
            deleted: plan.deleted,
            deployments,
            changed: plan.changed,
        })
    }
}

fn list(addresses: impl Iterator<Item = impl ToString>) -> String {
    let addresses: Vec<String> = addresses.map(|address| address.to_string()).collect();
    addresses.join(", ")
}

#[async_trait]
impl Changes for Memory {
    async fn workspace(&self, environment: EnvironmentId) -> Result<Workspace> {
        self.read(|tables, _| Ok(tables.environment(environment)?.workspace()))
    }

    async fn stage(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
    ) -> Result<Staging> {
        self.mutate(by, "changes.stage", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let project = held.environment.project;
            let rows = stage(&held.workspace(), edits, tx.stage_context(held), tx.ids)?;
            let staging = tx.keep(environment, rows)?;
            tx.audit("changes.stage", Some(project), list(staging.addresses.iter()));
            Ok(staging)
        })
    }

    async fn discard(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        changes: &[ChangeId],
        seen: Option<&[ChangeId]>,
    ) -> Result<Discarded> {
        self.mutate(by, "changes.discard", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let project = held.environment.project;
            let edits = held.workspace().discarding(changes, seen)?;
            tx.drop_edits(environment, &edits)?;
            tx.audit("changes.discard", Some(project), list(edits.iter()));
            Ok(Discarded { edits })
        })
    }

    async fn restore(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: &[ChangeId],
    ) -> Result<Staging> {
        self.mutate(by, "changes.restore", environment, |tx| {
            let now = tx.now;
            let held = tx.tables.environment_mut(environment)?;
            let project = held.environment.project;
            held.discarded.retain(|(at, _): &(Timestamp, _)| now.since(*at) <= UNDO_WINDOW);
            let (back, rest): (Vec<_>, Vec<_>) =
                (held.discarded.drain(..)).partition(|(_, edit)| edits.contains(&edit.id));
            held.discarded = rest;
            if back.len() < edits.len() {
                return Err(Error::NotFound(Resource::Change));
            }
            let back = back.into_iter().map(|(_, edit)| edit).collect();
            let rows = held.workspace().restoring(back, held.next_seq)?;
            let staging = tx.keep(environment, rows)?;
            tx.audit("changes.restore", Some(project), list(staging.addresses.iter()));
            Ok(staging)
        })
    }

    async fn settle(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        change: ChangeId,
        keep: Keep,
    ) -> Result<()> {
        self.mutate(by, "changes.settle", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let project = held.environment.project;
            let settled = held.workspace().settling(change, keep)?;
            tx.drop_edits(environment, &settled.discarded)?;
            let held = tx.tables.environment_mut(environment)?;
            let stays = |id| settled.staged.iter().any(|edit| edit.id == id);
            held.discarded.retain(|(_, edit)| !stays(edit.id));
            let superseded = add_edits(&mut held.edits, &settled.staged);
            tx.staged(environment, &settled.staged, superseded);
            tx.audit("changes.settle", Some(project), change);
            Ok(())
        })
    }

    async fn apply(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        selection: Selection,
        message: Message,
    ) -> Result<Applied> {
        self.mutate(by, "changes.apply", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let place = held.place();
            let plan = plan(place, &held.workspace(), &selection)?;
            if plan.changes.is_empty() {
                return Ok(Applied::default());
            }
            let target = list(plan.changes.iter().map(|change| &change.address));
            let applied = tx.execute(environment, plan, message, None)?;
            tx.audit("changes.apply", Some(place.project), target);
            Ok(applied)
        })
    }

    async fn write(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
        message: Message,
        redeploy: Option<ServiceId>,
    ) -> Result<(Staging, Applied)> {
        self.mutate(by, "changes.write", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let place = held.place();
            let writing =
                held.workspace().writing(place, edits, tx.stage_context(held), tx.ids, redeploy)?;
            let rows = writing.rows;
            tx.tables.environment_mut(environment)?.next_seq += rows.edits.len() as u64;
            let staging = Staging::of(&rows);
            let applied = tx.execute(environment, writing.plan, message, writing.repeated)?;
            tx.place_nodes(environment, &rows.places)?;
            tx.audit("changes.write", Some(place.project), list(staging.addresses.iter()));
            Ok((staging, applied))
        })
    }

    async fn reveal(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Revealed> {
        // A key would make the store remember values.
        self.transact(Some(by), |tx| {
            let held = tx.tables.environment(environment)?;
            let project = held.environment.project;
            let revealed = held.workspace().revealing(address)?;
            tx.audit("changes.reveal", Some(project), address);
            Ok(revealed)
        })
    }

    async fn revisions(&self, environment: EnvironmentId, page: Page) -> Result<Paged<Revision>> {
        self.read(|tables, _| {
            let held = tables.environment(environment)?;
            let all: Vec<_> = held.revisions.iter().map(|(revision, _)| revision.clone()).collect();
            Ok(paged(&all, page))
        })
    }

    async fn revision(
        &self,
        environment: EnvironmentId,
        number: RevisionNumber,
    ) -> Result<(Revision, Vec<StagedChange>)> {
        self.read(|tables, _| tables.revision(environment, number).cloned())
    }
}
