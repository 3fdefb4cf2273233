//! Deleted services and environments: their rows go, tombstones name what may be removed.

use crate::{
    error::failed,
    row::{json, parse, unsigned},
    table::{deployment, generation, replica, service_state, tombstone},
    transaction::{BATCH, Transaction},
    upsert::upsert,
};
use domain::{
    EnvironmentId, ProjectId, Result, ServiceId, resolve::EnvironmentRef, rollout::Subject,
    runtime::ReplicaHandle,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Buries services: writes a tombstone for each, with the containers that are known.
pub(crate) async fn write_tombstones(
    tx: &Transaction,
    place: EnvironmentRef,
    services: &[ServiceId],
) -> Result<()> {
    for batch in services.chunks(BATCH) {
        bury(tx, place, batch).await?;
    }
    Ok(())
}

/// No more services than fit into one statement.
async fn bury(tx: &Transaction, place: EnvironmentRef, services: &[ServiceId]) -> Result<()> {
    let environment = place.environment.as_uuid();
    let ids: Vec<Uuid> = services.iter().map(|service| service.as_uuid()).collect();
    let generations: BTreeMap<Uuid, u64> = generation::Entity::find()
        .filter(generation::Column::EnvironmentId.eq(environment))
        .filter(generation::Column::ServiceId.is_in(ids.clone()))
        .all(&tx.db)
        .await
        .map_err(failed("count deployments"))?
        .into_iter()
        .map(|row| (row.service_id, unsigned(row.last)))
        .collect();
    let mut containers: BTreeMap<Uuid, Vec<ReplicaHandle>> = BTreeMap::new();
    let replicas = replica::Entity::find()
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::ServiceId.is_in(ids.clone()))
        .filter(replica::Column::Container.is_not_null())
        .all(&tx.db)
        .await
        .map_err(failed("read replicas"))?;
    for row in replicas.into_iter().filter(|row| row.released_at.is_none() || row.buried) {
        let known = containers.entry(row.service_id).or_default();
        known.extend(row.container.map(ReplicaHandle));
    }
    let mut rows = Vec::new();
    for service in services {
        let subject = Subject::Service {
            project: place.project,
            environment: place.environment,
            service: *service,
            generation: generations.get(&service.as_uuid()).copied().unwrap_or_default(),
        };
        let known = containers.remove(&service.as_uuid()).unwrap_or_default();
        rows.push(tombstone_row(tx, subject, place.environment, Some(*service), &known)?);
    }
    upsert(tx, rows, [tombstone::Column::Subject]).await?;

    // The address stays with the container until the container is known to be gone.
    replica::Entity::update_many()
        .col_expr(replica::Column::ReleasedAt, Expr::value(tx.now.as_millis()))
        .col_expr(replica::Column::Buried, Expr::value(true))
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::ServiceId.is_in(ids.clone()))
        .filter(replica::Column::ReleasedAt.is_null())
        .exec(&tx.db)
        .await
        .map_err(failed("release replicas"))?;
    deployment::Entity::delete_many()
        .filter(deployment::Column::EnvironmentId.eq(environment))
        .filter(deployment::Column::ServiceId.is_in(ids.clone()))
        .exec(&tx.db)
        .await
        .map_err(failed("remove deployments"))?;
    service_state::Entity::delete_many()
        .filter(service_state::Column::EnvironmentId.eq(environment))
        .filter(service_state::Column::ServiceId.is_in(ids))
        .exec(&tx.db)
        .await
        .map_err(failed("remove services"))?;
    Ok(())
}

/// Buries an environment: what the engine keeps for it. Its services have been buried before.
pub(crate) async fn write_environment_tombstone(
    tx: &Transaction,
    project: ProjectId,
    environment: EnvironmentId,
) -> Result<()> {
    let subject = Subject::Environment { project, environment };
    let row = tombstone_row(tx, subject, environment, None, &[])?;
    upsert(tx, [row], [tombstone::Column::Subject]).await
}

fn tombstone_row(
    tx: &Transaction,
    subject: Subject,
    environment: EnvironmentId,
    service: Option<ServiceId>,
    containers: &[ReplicaHandle],
) -> Result<tombstone::Model> {
    Ok(tombstone::Model {
        subject: json(&subject)?,
        environment_id: environment.as_uuid(),
        service_id: service.map(ServiceId::as_uuid),
        containers: json(containers)?,
        made_at: tx.now.as_millis(),
        done_at: None,
    })
}

/// Nothing of the subject is left: its addresses begin to rest. `false`: there is no such stone.
pub(super) async fn done(tx: &Transaction, subject: &Subject, at: i64) -> Result<bool> {
    let Some(row) = tombstone::Entity::find_by_id(json(subject)?)
        .one(&tx.db)
        .await
        .map_err(failed("find a tombstone"))?
    else {
        return Ok(false);
    };
    let _: Vec<ReplicaHandle> = parse(&row.containers)?;
    if row.done_at.is_some() {
        return Ok(true);
    }
    tombstone::Entity::update_many()
        .col_expr(tombstone::Column::DoneAt, Expr::value(at))
        .filter(tombstone::Column::Subject.eq(row.subject))
        .exec(&tx.db)
        .await
        .map_err(failed("write a tombstone"))?;
    if let Some(service) = row.service_id {
        replica::Entity::update_many()
            .col_expr(replica::Column::ReleasedAt, Expr::value(at))
            .col_expr(replica::Column::Buried, Expr::value(false))
            .filter(replica::Column::EnvironmentId.eq(row.environment_id))
            .filter(replica::Column::ServiceId.eq(service))
            .filter(replica::Column::Buried.eq(true))
            .exec(&tx.db)
            .await
            .map_err(failed("hold addresses"))?;
    }
    Ok(true)
}
