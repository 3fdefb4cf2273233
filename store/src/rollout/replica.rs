//! Rows of replicas.

use super::error::{Result, stale};
use crate::{
    deployment,
    error::failed,
    row::{json, parse},
    table::{self, replica},
    transaction::Transaction,
};
use domain::{
    Deployment, DeploymentId, EnvironmentId, ReplicaId, ServiceId, Timestamp,
    event::{ContainerChange, Event},
    rollout::{RestartHistory, RolloutError},
    runtime::ReplicaHandle,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};

/// A replica will be made: its row comes first.
pub(super) async fn add(
    tx: &Transaction,
    at: Timestamp,
    id: ReplicaId,
    deployment: DeploymentId,
    index: u16,
) -> Result<()> {
    let known = replica::Entity::find_by_id(id.as_uuid())
        .one(&tx.db)
        .await
        .map_err(failed("find a replica"))?;
    if known.is_some() {
        return Ok(());
    }
    let row = table::deployment::Entity::find_by_id(deployment.as_uuid())
        .one(&tx.db)
        .await
        .map_err(failed("find a deployment"))?;
    let Some(row) = row else { return stale(format!("deployment {deployment} is gone")) };
    let found = deployment::read(&tx.inner, row)?;
    if found.state.is_terminal() {
        return stale(format!("deployment {deployment} is over"));
    }
    let row = replica::Model {
        id: id.as_uuid(),
        environment_id: found.environment.as_uuid(),
        service_id: found.service.as_uuid(),
        deployment_id: deployment.as_uuid(),
        index: index.into(),
        address: String::new(),
        container: None,
        ledger: json(&RestartHistory::default())?,
        retired_at: None,
        created_at: at.as_millis(),
        released_at: None,
        buried: false,
        has_served: false,
    };
    replica::Entity::insert(row.into_active_model())
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("write a replica"))?;
    Ok(())
}

/// A replica's row, if it has not been released.
pub(super) async fn held(tx: &Transaction, id: ReplicaId) -> Result<replica::Model> {
    let row = replica::Entity::find_by_id(id.as_uuid())
        .filter(replica::Column::ReleasedAt.is_null())
        .one(&tx.db)
        .await
        .map_err(failed("find a replica"))?;
    match row {
        Some(row) => Ok(row),
        None => stale(format!("replica {id} is gone")),
    }
}

async fn set(
    tx: &Transaction,
    id: ReplicaId,
    values: Vec<(replica::Column, sea_orm::Value)>,
) -> Result<()> {
    let mut update = replica::Entity::update_many().filter(replica::Column::Id.eq(id.as_uuid()));
    for (column, value) in values {
        update = update.col_expr(column, Expr::value(value));
    }
    update.exec(&tx.db).await.map_err(failed("write a replica"))?;
    Ok(())
}

fn emit(
    tx: &mut Transaction,
    at: Timestamp,
    row: &replica::Model,
    container: ReplicaHandle,
    change: ContainerChange,
) {
    let event = Event::Container {
        service: ServiceId::new(row.service_id),
        deployment: DeploymentId::new(row.deployment_id),
        container,
        change,
    };
    tx.emit_at(EnvironmentId::new(row.environment_id), at, event);
}

/// The engine has a container for it; says for which deployment.
pub(super) async fn container_made(
    tx: &mut Transaction,
    at: Timestamp,
    id: ReplicaId,
    container: &ReplicaHandle,
) -> Result<DeploymentId> {
    let row = held(tx, id).await?;
    set(tx, id, vec![(replica::Column::Container, container.0.clone().into())]).await?;
    emit(tx, at, &row, container.clone(), ContainerChange::Created);
    Ok(DeploymentId::new(row.deployment_id))
}

/// The deployment serves from now on, or has got another container since: the name may lead to those
/// of its replicas that have one.
pub(super) async fn serve(tx: &Transaction, deployment: &Deployment) -> Result<()> {
    replica::Entity::update_many()
        .col_expr(replica::Column::HasServed, Expr::value(true))
        .filter(replica::Column::EnvironmentId.eq(deployment.environment.as_uuid()))
        .filter(replica::Column::ServiceId.eq(deployment.service.as_uuid()))
        .filter(replica::Column::DeploymentId.eq(deployment.id.as_uuid()))
        .filter(replica::Column::ReleasedAt.is_null())
        .filter(replica::Column::Container.is_not_null())
        .exec(&tx.db)
        .await
        .map_err(failed("write replicas"))?;
    Ok(())
}

/// Its container is gone without our doing.
pub(super) async fn container_lost(
    tx: &mut Transaction,
    at: Timestamp,
    id: ReplicaId,
    container: &ReplicaHandle,
) -> Result<()> {
    let row = held(tx, id).await?;
    if row.container.as_ref() != Some(&container.0) {
        return stale("the replica has another container");
    }
    let restarts = json(&RestartHistory::default())?;
    let values = vec![
        (replica::Column::Container, None::<String>.into()),
        (replica::Column::Ledger, restarts.into()),
    ];
    set(tx, id, values).await?;
    emit(tx, at, &row, container.clone(), ContainerChange::Deleted);
    Ok(())
}

/// Something was learned of its starts and ends.
pub(super) async fn set_restarts(
    tx: &Transaction,
    id: ReplicaId,
    restarts: &RestartHistory,
) -> Result<()> {
    let row = held(tx, id).await?;
    if parse::<RestartHistory>(&row.ledger)? == *restarts {
        return Ok(());
    }
    set(tx, id, vec![(replica::Column::Ledger, json(restarts)?.into())]).await
}

/// Nobody wants it any more.
pub(super) async fn retire(tx: &Transaction, id: ReplicaId, at: Timestamp) -> Result<()> {
    if held(tx, id).await?.retired_at.is_some() {
        return Ok(());
    }
    set(tx, id, vec![(replica::Column::RetiredAt, at.as_millis().into())]).await
}

/// Its container is gone for good. Nothing when there is no such row.
pub(super) async fn release(tx: &mut Transaction, id: ReplicaId, at: Timestamp) -> Result<()> {
    let row = match held(tx, id).await {
        Ok(row) => row,
        Err(RolloutError::Stale(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    set(tx, id, vec![(replica::Column::ReleasedAt, at.as_millis().into())]).await?;
    if let Some(container) = row.container.clone() {
        emit(tx, at, &row, ReplicaHandle(container), ContainerChange::Deleted);
    }
    Ok(())
}
