//! The list of projects, with what their cards show.

use super::row::read;
use crate::{
    error::failed,
    page,
    row::{enum_from_text, unsigned},
    table::{member, project},
};
use domain::{
    Result, UserId,
    page::{Page, Paged},
    project::ProjectSummary,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, Statement,
    sea_query::{Expr, Query},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a project's card counts.
#[derive(Clone, Copy, Default)]
struct Counts {
    services: u64,
    running: u64,
    failing: u64,
    pending: u64,
}

pub(super) async fn load(
    db: &DatabaseTransaction,
    visible_to: Option<UserId>,
    name: Option<&str>,
    page: Page,
) -> Result<Paged<ProjectSummary>> {
    let mut query = project::Entity::find();
    if let Some(user) = visible_to {
        let own = Query::select()
            .column(member::Column::ProjectId)
            .from(member::Entity)
            .and_where(member::Column::AccountId.eq(user.as_uuid()))
            .to_owned();
        query = query.filter(project::Column::Id.in_subquery(own));
    }
    if let Some(part) = name.map(str::to_lowercase).filter(|part| !part.is_empty()) {
        query = query.filter(Expr::cust_with_values("instr(name_folded, ?) > 0", [part]));
    }
    let query = query.order_by_desc(project::Column::CreatedAt).order_by_desc(project::Column::Id);
    let (rows, total_count) = page::rows(db, query, page).await.map_err(failed("list projects"))?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let roles = roles(db, visible_to, &ids).await?;
    let counts = counts(db, &ids).await?;
    let data = rows
        .into_iter()
        .map(|row| {
            let id = row.id;
            let Counts { services, running, failing, pending } =
                counts.get(&id).copied().unwrap_or_default();
            Ok(ProjectSummary {
                project: read(row)?,
                role: roles.get(&id).map(|word| enum_from_text(word)).transpose()?,
                services,
                running,
                failing,
                pending,
            })
        })
        .collect::<Result<_>>()?;
    Ok(page.of(data, total_count))
}

async fn roles(
    db: &DatabaseTransaction,
    user: Option<UserId>,
    projects: &[Uuid],
) -> Result<BTreeMap<Uuid, String>> {
    let Some(user) = user else { return Ok(BTreeMap::new()) };
    let rows = member::Entity::find()
        .filter(member::Column::AccountId.eq(user.as_uuid()))
        .filter(member::Column::ProjectId.is_in(projects.iter().copied()))
        .all(db)
        .await
        .map_err(failed("look up roles"))?;
    Ok(rows.into_iter().map(|row| (row.project_id, row.role)).collect())
}

async fn counts(db: &DatabaseTransaction, projects: &[Uuid]) -> Result<BTreeMap<Uuid, Counts>> {
    let doing = failed("count services");
    if projects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let marks = vec!["?"; projects.len()].join(", ");
    // A service fails when what serves does; when nothing serves, if its last deployment has failed.
    let sql = format!(
        "SELECT e.project_id, sum(e.pending) AS pending, \
         coalesce(sum(n.services), 0) AS services, coalesce(sum(n.running), 0) AS running, \
         coalesce(sum(n.failing), 0) AS failing \
         FROM environment e LEFT JOIN (\
           SELECT s.environment_id, count(*) AS services, \
           sum(coalesce(s.condition = 'running', 0)) AS running, \
           sum(coalesce(s.condition IN ('crashed', 'degraded', 'missing'), 0) \
             OR (s.active IS NULL AND coalesce((\
               SELECT json_extract(d.state, '$.state') = 'failed' FROM deployment d \
               WHERE d.environment_id = s.environment_id AND d.service_id = s.service_id \
               ORDER BY d.generation DESC LIMIT 1), 0))) AS failing \
           FROM service_state s WHERE s.environment_id IN (\
             SELECT id FROM environment WHERE project_id IN ({marks})) \
           GROUP BY s.environment_id\
         ) n ON n.environment_id = e.id \
         WHERE e.project_id IN ({marks}) GROUP BY e.project_id"
    );
    let values = projects.iter().chain(projects).map(|id| (*id).into());
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let mut counts = BTreeMap::new();
    for row in db.query_all_raw(query).await.map_err(&doing)? {
        let count = |column: &str| row.try_get::<i64>("", column).map(unsigned).map_err(&doing);
        let project: Uuid = row.try_get("", "project_id").map_err(&doing)?;
        let found = Counts {
            services: count("services")?,
            running: count("running")?,
            failing: count("failing")?,
            pending: count("pending")?,
        };
        counts.insert(project, found);
    }
    Ok(counts)
}
