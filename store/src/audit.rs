//! Reads the audit, which [`Transaction`](crate::transaction::Transaction) writes, and what was refused.

use crate::{
    Store, chain,
    error::failed,
    page,
    row::{enum_from_text, enum_text, signed, unsigned},
    table::audit,
    transaction::Concern,
};
use async_trait::async_trait;
use domain::{
    ApiKeyId, ProjectId, Result, Timestamp, UserId,
    audit::{Audit, AuditCheck, AuditEntry, AuditOutcome, Refusal},
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
        let data = rows.into_iter().map(entry).collect::<Result<_>>()?;
        Ok(page.of(data, total_count))
    }

    async fn record_refused(&self, refusal: &Refusal) -> Result<()> {
        let tx = self.begin_for(Concern::People).await?;
        let row = audit::Model {
            actor: refusal.actor.map(UserId::as_uuid),
            via: refusal.via.clone(),
            key_id: refusal.key.map(ApiKeyId::as_uuid),
            action: refusal.action.clone(),
            outcome: enum_text(&AuditOutcome::Refused)?,
            project_id: refusal.project.map(ProjectId::as_uuid),
            target: refusal.target.clone(),
            count: signed(refusal.count),
            request: refusal.request.clone(),
            source: refusal.source.clone(),
            ..chain::blank(tx.now.as_millis())
        };
        chain::append(&tx.db, &tx.inner.keyring, row).await?;
        tx.commit().await
    }

    async fn verify(&self) -> Result<AuditCheck> {
        let db = self.read().await?;
        chain::verify(&db, &self.inner.keyring).await
    }
}

fn entry(row: audit::Model) -> Result<AuditEntry> {
    Ok(AuditEntry {
        number: unsigned(row.number),
        at: Timestamp::from_millis(row.at),
        actor: row.actor.map(UserId::new),
        via: row.via,
        key: row.key_id.map(ApiKeyId::new),
        action: row.action,
        outcome: enum_from_text(&row.outcome)?,
        project: row.project_id.map(ProjectId::new),
        target: row.target,
        before: row.before,
        after: row.after,
        count: unsigned(row.count),
        request: row.request,
        source: row.source,
    })
}
