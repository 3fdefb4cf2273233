//! Everything that should be, in a handful of reads however much it is.

use crate::{
    deployment,
    error::failed,
    row::{enum_from_text, parse, text, time},
    store::Inner,
    table,
};
use domain::{
    Deployment, DeploymentId, EnvironmentId, Limits, ProjectId, ReplicaId, Result, ServiceId, Set,
    Slug, Timestamp, VolumeId,
    rollout::{
        Desired, DesiredService, EnvironmentView, Ownership, RETENTION, ReplicaRow, ServiceKey,
        ServiceView, Subject, Tombstone,
    },
    runtime::ReplicaHandle,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QueryOrder, Statement,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Everything.
pub(super) async fn load(
    inner: &Inner,
    db: &DatabaseTransaction,
    ownership: Ownership,
    now: Timestamp,
) -> Result<Desired> {
    let environments = table::environment::Entity::find()
        .order_by_asc(table::environment::Column::Id)
        .all(db)
        .await
        .map_err(failed("read environments"))?
        .into_iter()
        .map(|row| EnvironmentView {
            id: EnvironmentId::new(row.id),
            project: ProjectId::new(row.project_id),
        })
        .collect();
    Ok(Desired {
        ownership,
        environments,
        services: services(inner, db, None, now).await?,
        tombstones: tombstones(db, None, now).await?,
    })
}

/// The same for one service.
pub(super) async fn load_one(
    inner: &Inner,
    db: &DatabaseTransaction,
    key: ServiceKey,
    now: Timestamp,
) -> Result<DesiredService> {
    Ok(DesiredService {
        service: services(inner, db, Some(key), now).await?.pop(),
        tombstones: tombstones(db, Some(key), now).await?,
    })
}

async fn services(
    inner: &Inner,
    db: &DatabaseTransaction,
    only: Option<ServiceKey>,
    now: Timestamp,
) -> Result<Vec<ServiceView>> {
    let mut views = bare_views(db, only).await?;
    add_replicas(db, only, now, &mut views).await?;
    add_volumes(db, only, &mut views).await?;
    let rows: Vec<Deployment> = deployments(db, only)
        .await?
        .into_iter()
        .map(|row| deployment::read(inner, row))
        .collect::<Result<_>>()?;
    for deployment in rows {
        let key = (deployment.environment.as_uuid(), deployment.service.as_uuid());
        if let Some(view) = views.get_mut(&key) {
            view.deployments.push(deployment);
        }
    }
    Ok(views.into_values().collect())
}

type Views = BTreeMap<(Uuid, Uuid), ServiceView>;

/// A clause for one service, or for all, with its values.
fn narrowed(only: Option<ServiceKey>, table: &str) -> (String, Vec<sea_orm::Value>) {
    match only {
        None => ("1 = 1".to_owned(), Vec::new()),
        Some(key) => (
            format!("{table}.environment_id = ? AND {table}.service_id = ?"),
            vec![key.environment.as_uuid().into(), key.service.as_uuid().into()],
        ),
    }
}

async fn bare_views(db: &DatabaseTransaction, only: Option<ServiceKey>) -> Result<Views> {
    let doing = failed("read services");
    let (clause, values) = narrowed(only, "c");
    let sql = format!(
        "SELECT c.environment_id, c.service_id, c.wanted, c.limits, s.slug, e.project_id, \
         t.active, t.condition, t.why \
         FROM service_config c JOIN service s ON s.id = c.service_id \
         JOIN environment e ON e.id = c.environment_id \
         LEFT JOIN service_state t \
         ON t.environment_id = c.environment_id AND t.service_id = c.service_id \
         WHERE {clause}"
    );
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let mut views = Views::new();
    for row in db.query_all_raw(query).await.map_err(&doing)? {
        let key: (Uuid, Uuid) = (
            row.try_get("", "environment_id").map_err(&doing)?,
            row.try_get("", "service_id").map_err(&doing)?,
        );
        let wanted: i32 = row.try_get("", "wanted").map_err(&doing)?;
        let limits: String = row.try_get("", "limits").map_err(&doing)?;
        let slug: String = row.try_get("", "slug").map_err(&doing)?;
        let project: Uuid = row.try_get("", "project_id").map_err(&doing)?;
        let active: Option<Uuid> = row.try_get("", "active").map_err(&doing)?;
        let condition: Option<String> = row.try_get("", "condition").map_err(&doing)?;
        let why: Option<String> = row.try_get("", "why").map_err(&doing)?;
        let view = ServiceView {
            id: ServiceId::new(key.1),
            project: ProjectId::new(project),
            environment: EnvironmentId::new(key.0),
            slug: text::<Slug>(slug)?,
            desired_count: u16::try_from(wanted).unwrap_or_default(),
            limits: parse::<Limits>(&limits)?,
            active: active.map(DeploymentId::new),
            deployments: Vec::new(),
            replicas: Vec::new(),
            released: Set::new(),
            volumes_made: Set::new(),
            condition: match condition {
                Some(word) => Some((enum_from_text(&word)?, why)),
                None => None,
            },
        };
        views.insert(key, view);
    }
    Ok(views)
}

async fn add_replicas(
    db: &DatabaseTransaction,
    only: Option<ServiceKey>,
    now: Timestamp,
    views: &mut Views,
) -> Result<()> {
    use table::replica::{Column, Entity};
    let retention_start = retention_start(now);
    let mut query = Entity::find().filter(
        Condition::any()
            .add(Column::ReleasedAt.is_null())
            .add(Column::ReleasedAt.gte(retention_start)),
    );
    if let Some(key) = only {
        query = query
            .filter(Column::EnvironmentId.eq(key.environment.as_uuid()))
            .filter(Column::ServiceId.eq(key.service.as_uuid()));
    }
    let rows = query.order_by_asc(Column::Id).all(db).await.map_err(failed("read replicas"))?;
    for row in rows {
        let Some(view) = views.get_mut(&(row.environment_id, row.service_id)) else { continue };
        if row.released_at.is_some() {
            view.released.insert(ReplicaId::new(row.id));
        } else {
            view.replicas.push(replica(row)?);
        }
    }
    Ok(())
}

/// Since when what is gone is still remembered.
fn retention_start(now: Timestamp) -> i64 {
    now.as_millis() - i64::try_from(RETENTION.as_millis()).unwrap_or(i64::MAX)
}

fn replica(row: table::replica::Model) -> Result<ReplicaRow> {
    Ok(ReplicaRow {
        id: ReplicaId::new(row.id),
        deployment: DeploymentId::new(row.deployment_id),
        index: u16::try_from(row.index).unwrap_or_default(),
        container: row.container.map(ReplicaHandle),
        restarts: parse(&row.ledger)?,
        retired_at: time(row.retired_at),
    })
}

async fn add_volumes(
    db: &DatabaseTransaction,
    only: Option<ServiceKey>,
    views: &mut Views,
) -> Result<()> {
    use table::volume_made::{Column, Entity};
    let mut query = Entity::find();
    if let Some(key) = only {
        query = query
            .filter(Column::EnvironmentId.eq(key.environment.as_uuid()))
            .filter(Column::ServiceId.eq(key.service.as_uuid()));
    }
    for row in query.all(db).await.map_err(failed("read volumes"))? {
        if let Some(view) = views.get_mut(&(row.environment_id, row.service_id)) {
            view.volumes_made.insert(VolumeId::new(row.volume_id));
        }
    }
    Ok(())
}

/// Those that serve, those on their way, and those that have replicas; by generation.
async fn deployments(
    db: &DatabaseTransaction,
    only: Option<ServiceKey>,
) -> Result<Vec<table::deployment::Model>> {
    // Each part is narrowed by itself: what one service asks for does not grow with the others.
    let (deployments, mut values) = narrowed(only, "deployment");
    let (states, more) = narrowed(only, "service_state");
    values.extend(more);
    let (replicas, more) = narrowed(only, "replica");
    values.extend(more);
    let sql = format!(
        "SELECT d.* FROM deployment d WHERE d.id IN (\
         SELECT id FROM deployment WHERE {deployments} AND over = 0 \
         UNION SELECT active FROM service_state WHERE {states} AND active IS NOT NULL \
         UNION SELECT deployment_id FROM replica WHERE {replicas} AND released_at IS NULL) \
         ORDER BY d.generation"
    );
    table::deployment::Entity::find()
        .from_raw_sql(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values))
        .all(db)
        .await
        .map_err(failed("read deployments"))
}

async fn tombstones(
    db: &DatabaseTransaction,
    only: Option<ServiceKey>,
    now: Timestamp,
) -> Result<Vec<Tombstone>> {
    use table::tombstone::{Column, Entity};
    let mut query = Entity::find().filter(
        Condition::any()
            .add(Column::DoneAt.is_null())
            .add(Column::DoneAt.gte(retention_start(now))),
    );
    if let Some(key) = only {
        query = query
            .filter(Column::EnvironmentId.eq(key.environment.as_uuid()))
            .filter(Column::ServiceId.eq(key.service.as_uuid()));
    }
    query
        .order_by_asc(Column::MadeAt)
        .order_by_asc(Column::Subject)
        .all(db)
        .await
        .map_err(failed("read tombstones"))?
        .into_iter()
        .map(|row| {
            Ok(Tombstone {
                subject: parse::<Subject>(&row.subject)?,
                containers: parse(&row.containers)?,
                made_at: Timestamp::from_millis(row.made_at),
                done_at: time(row.done_at),
            })
        })
        .collect()
}
