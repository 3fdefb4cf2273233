//! Which project has been given which image: its deployments tell.

use crate::{
    Store,
    error::failed,
    row::parse,
    table::{deployment, environment},
};
use async_trait::async_trait;
use domain::{
    ProjectId, Result,
    runtime::{PinnedImage, PulledImages},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Query};

#[async_trait]
impl PulledImages for Store {
    async fn has(&self, project: ProjectId, repository: &str, id: &str) -> Result<bool> {
        let environments = Query::select()
            .column(environment::Column::Id)
            .from(environment::Entity)
            .and_where(environment::Column::ProjectId.eq(project.as_uuid()))
            .to_owned();
        // The text only narrows it down: what counts is what is read of it.
        let rows: Vec<Option<String>> = deployment::Entity::find()
            .select_only()
            .column(deployment::Column::Pinned)
            .distinct()
            .filter(deployment::Column::EnvironmentId.in_subquery(environments))
            .filter(deployment::Column::Pinned.contains(id))
            .into_tuple()
            .all(&self.read().await?)
            .await
            .map_err(failed("look up the images of a project"))?;
        for pinned in rows.into_iter().flatten() {
            if parse::<PinnedImage>(&pinned)?.is(repository, id) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
