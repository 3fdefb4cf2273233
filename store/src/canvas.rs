//! Everything that a canvas shows, in one read.

use crate::{
    Store, deployment,
    error::failed,
    event, layout,
    loaded::{LoadedEnvironment, LoadedWorkspace},
    project,
    row::text,
    staging,
    table::account,
    transaction::BATCH,
};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Map, Name, Result, ServiceId, UserId,
    canvas::{Snapshot, Snapshots},
    change::StagedEdit,
    deployments::ServiceState,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use std::collections::BTreeSet;
use uuid::Uuid;

#[async_trait]
impl Snapshots for Store {
    async fn snapshot(&self, environment: EnvironmentId) -> Result<Snapshot> {
        let db = self.read().await?;
        let LoadedWorkspace { base, workspace } =
            staging::load(&self.inner, &db, environment).await?;
        let LoadedEnvironment { project, environment: row, .. } = base;
        let edits: Vec<StagedEdit> = workspace.edits.iter().map(StagedEdit::hidden).collect();
        let states: Map<ServiceId, ServiceState> = deployment::load_states(&db, environment, None)
            .await?
            .into_iter()
            .map(|state| (state.service, state))
            .collect();
        let people = people(&db, &edits, &states).await?;
        Ok(Snapshot {
            epoch: event::epoch(&db).await?,
            number: event::last_number(&db, environment).await?.unwrap_or_default(),
            project: project::read(project)?,
            environment: project::read_environment(row)?,
            spec: workspace.spec.hidden(),
            edits,
            states,
            layout: layout::load(&db, environment).await?,
            people,
            deleted: false,
        })
    }
}

async fn people(
    db: &DatabaseTransaction,
    edits: &[StagedEdit],
    states: &Map<ServiceId, ServiceState>,
) -> Result<Map<UserId, Name>> {
    let authors = states.values().flat_map(|state| state.active.iter().chain(&state.newest));
    let ids: BTreeSet<UserId> = (edits.iter().map(|edit| edit.author))
        .chain(authors.filter_map(|deployment| deployment.author))
        .collect();
    let ids: Vec<Uuid> = ids.into_iter().map(UserId::as_uuid).collect();
    let mut people = Map::new();
    for batch in ids.chunks(BATCH) {
        let rows = account::Entity::find()
            .filter(account::Column::Id.is_in(batch.iter().copied()))
            .all(db)
            .await
            .map_err(failed("read names of people"))?;
        for row in rows {
            people.insert(UserId::new(row.id), text(row.name)?);
        }
    }
    Ok(people)
}
