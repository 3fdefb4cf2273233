//! Reads the audit, which [`Transaction`](crate::transaction::Transaction) writes.

use crate::{Store, error::failed, page, row::unsigned, table::audit};
use async_trait::async_trait;
use domain::{
    ProjectId, Result, Timestamp, UserId,
    audit::{Audit, AuditEntry},
    page::{Page, Paged},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

#[async_trait]
impl Audit for Store {
    async fn entries(&self, project: Option<ProjectId>, page: Page) -> Result<Paged<AuditEntry>> {
        let db = self.read().await?;
        let mut query = audit::Entity::find();
        if let Some(project) = project {
            query = query.filter(audit::Column::ProjectId.eq(project.as_uuid()));
        }
        let query = query.order_by_desc(audit::Column::Number);
        let (rows, total_count) =
            page::rows(&db, query, page).await.map_err(failed("read the audit"))?;
        let data = rows.into_iter().map(entry).collect();
        Ok(page.of(data, total_count))
    }
}

fn entry(row: audit::Model) -> AuditEntry {
    AuditEntry {
        number: unsigned(row.number),
        at: Timestamp::from_millis(row.at),
        actor: row.actor.map(UserId::new),
        via: row.via,
        action: row.action,
        project: row.project_id.map(ProjectId::new),
        target: row.target,
        request: row.request,
        source: row.source,
    }
}
