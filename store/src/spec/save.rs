//! Writes an environment's desired state: what differs, and nothing else.

use super::{
    difference::{Difference, VariableDifference},
    load::{service_cell, variable_cell},
};
use crate::{
    error::{failed, is_taken},
    loaded::LoadedEnvironment,
    row::{json, signed},
    table::{
        address_version, environment, group_config, left_behind, project, service, service_config,
        variable, volume_config,
    },
    transaction::{BATCH, Transaction},
    upsert::upsert,
};
use domain::{
    EnvironmentSpec, Error, Map, Result, RevisionNumber, Service, ServiceId, Source, Volume,
    variable::Value,
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use std::sync::Arc;
use uuid::Uuid;

/// Writes what differs, and nothing else.
pub(crate) async fn save(
    tx: &Transaction,
    base: &LoadedEnvironment,
    after: &EnvironmentSpec,
) -> Result<()> {
    let before = &base.spec;
    let environment = base.environment.id;
    save_services(tx, base, after).await?;
    save_groups(tx, environment, before, after).await?;
    save_volumes(tx, base, after).await?;
    save_variables(tx, environment, before, after).await?;
    save_versions(tx, environment, before, after).await?;

    if before.project_name != after.project_name {
        project::Entity::update_many()
            .col_expr(project::Column::Name, Expr::value(after.project_name.as_str()))
            .col_expr(
                project::Column::NameFolded,
                Expr::value(after.project_name.as_str().to_lowercase()),
            )
            .col_expr(project::Column::UpdatedAt, Expr::value(tx.now.as_millis()))
            .filter(project::Column::Id.eq(base.project.id))
            .exec(&tx.db)
            .await
            .map_err(failed("rename a project"))?;
    }
    environment::Entity::update_many()
        .col_expr(environment::Column::Revision, Expr::value(signed(after.revision.0)))
        .filter(environment::Column::Id.eq(environment))
        .exec(&tx.db)
        .await
        .map_err(failed("write a revision's number"))?;
    Ok(())
}

async fn save_groups(
    tx: &Transaction,
    environment: Uuid,
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
) -> Result<()> {
    let groups = Difference::of(&before.groups, &after.groups, |one, other| one.name == other.name);
    let rows = groups.changed.into_iter().map(|(id, group)| group_config::Model {
        environment_id: environment,
        group_id: id.as_uuid(),
        name: group.name.clone().into(),
    });
    upsert(tx, rows, [group_config::Column::EnvironmentId, group_config::Column::GroupId]).await?;
    for batch in groups.gone.chunks(BATCH) {
        group_config::Entity::delete_many()
            .filter(group_config::Column::EnvironmentId.eq(environment))
            .filter(group_config::Column::GroupId.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("write groups"))?;
    }
    Ok(())
}

async fn save_services(
    tx: &Transaction,
    base: &LoadedEnvironment,
    after: &EnvironmentSpec,
) -> Result<()> {
    let environment = base.environment.id;
    let bare = |service: &Service| Service { variables: Map::new(), ..service.clone() };
    let services = Difference::of(&base.spec.services, &after.services, |one, other| {
        one.is_same(other) || bare(one) == bare(other)
    });
    let gone: Vec<ServiceId> = services.gone.into_iter().copied().collect();
    remove_services(tx, environment, &gone).await?;
    let mut rows = Vec::new();
    let mut born = Vec::new();
    for (id, service) in services.changed {
        let key = format!("{environment}/{}", id.as_uuid());
        let body =
            serde_json::to_vec(&bare(service)).map_err(Error::internal("write a service"))?;
        rows.push(service_config::Model {
            environment_id: environment,
            service_id: id.as_uuid(),
            wanted: wanted(service),
            limits: json(&service.limits)?,
            body: tx.encrypt(service_cell(&key), &body),
        });
        if !base.spec.services.contains_key(id) {
            born.push(service::Model {
                id: id.as_uuid(),
                project_id: base.project.id,
                slug: service.slug.as_str().to_owned(),
                created_at: tx.now.as_millis(),
            });
        }
    }
    for batch in born.chunks(BATCH) {
        let rows = batch.iter().cloned().map(IntoActiveModel::into_active_model);
        // Another environment may have it already.
        let inserted = service::Entity::insert_many(rows)
            .on_conflict(OnConflict::column(service::Column::Id).do_nothing().to_owned())
            .exec_without_returning(&tx.db)
            .await;
        inserted.map(drop).or_else(|error| match error {
            DbErr::RecordNotInserted => Ok(()),
            error if is_taken(&error) => Err(Error::Exists(
                "another service of this project has that slug; choose another one".to_owned(),
            )),
            error => Err(failed("make a service")(error)),
        })?;
    }
    upsert(tx, rows, [service_config::Column::EnvironmentId, service_config::Column::ServiceId])
        .await?;
    Ok(())
}

/// They go first: what takes their place may have their slug.
async fn remove_services(tx: &Transaction, environment: Uuid, gone: &[ServiceId]) -> Result<()> {
    for batch in gone.chunks(BATCH) {
        let gone: Vec<_> = batch.iter().map(|id| id.as_uuid()).collect();
        service_config::Entity::delete_many()
            .filter(service_config::Column::EnvironmentId.eq(environment))
            .filter(service_config::Column::ServiceId.is_in(gone.clone()))
            .exec(&tx.db)
            .await
            .map_err(failed("remove services"))?;
        // Another environment may still have it.
        let elsewhere = Query::select()
            .column(service_config::Column::ServiceId)
            .from(service_config::Entity)
            .and_where(service_config::Column::ServiceId.is_in(gone.clone()))
            .to_owned();
        service::Entity::delete_many()
            .filter(service::Column::Id.is_in(gone))
            .filter(Expr::col(service::Column::Id).not_in_subquery(elsewhere))
            .exec(&tx.db)
            .await
            .map_err(failed("remove services"))?;
    }
    Ok(())
}

/// How many replicas should run: none while there is nothing to run.
fn wanted(service: &Service) -> i32 {
    match service.source {
        Source::Empty => 0,
        Source::Image { .. } => service.replicas.count().into(),
    }
}

async fn save_volumes(
    tx: &Transaction,
    base: &LoadedEnvironment,
    after: &EnvironmentSpec,
) -> Result<()> {
    let environment = base.environment.id;
    let volumes = Difference::of(&base.spec.volumes, &after.volumes, Volume::eq);
    let found_again: Vec<_> = volumes.changed.iter().map(|(id, _)| id.as_uuid()).collect();
    for batch in found_again.chunks(BATCH) {
        left_behind::Entity::delete_many()
            .filter(left_behind::Column::VolumeId.is_in(batch.iter().copied()))
            .exec(&tx.db)
            .await
            .map_err(failed("write volumes"))?;
    }
    let rows = volumes.changed.into_iter().map(|(id, volume)| volume_config::Model {
        environment_id: environment,
        volume_id: id.as_uuid(),
        name: volume.name.clone().into(),
    });
    upsert(tx, rows, [volume_config::Column::EnvironmentId, volume_config::Column::VolumeId])
        .await?;
    let gone = volumes.gone.iter().filter_map(|id| {
        base.spec.volumes.get(id).map(|volume| (id.as_uuid(), volume.name.as_str().to_owned()))
    });
    record_orphaned_volumes(tx, &base.environment, gone.collect()).await?;
    for batch in volumes.gone.chunks(BATCH) {
        volume_config::Entity::delete_many()
            .filter(volume_config::Column::EnvironmentId.eq(environment))
            .filter(volume_config::Column::VolumeId.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("write volumes"))?;
    }
    Ok(())
}

/// Notes volumes whose data stays in the engine although nothing refers to it any more.
pub(crate) async fn record_orphaned_volumes(
    tx: &Transaction,
    environment: &environment::Model,
    gone: Vec<(Uuid, String)>,
) -> Result<()> {
    let rows = gone.into_iter().map(|(volume_id, name)| left_behind::Model {
        volume_id,
        project_id: environment.project_id,
        environment_id: environment.id,
        name,
        at: tx.now.as_millis(),
    });
    upsert(tx, rows, [left_behind::Column::VolumeId]).await
}

async fn save_variables(
    tx: &Transaction,
    environment: Uuid,
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
) -> Result<()> {
    let variables = VariableDifference::of(before, after);
    let mut rows = Vec::new();
    for (address, variable) in variables.changed {
        let Value::Shown(template) = &variable.value else {
            let hidden = "a hidden value cannot be stored";
            return Err(Error::internal("write a variable")(hidden));
        };
        let key = format!("{environment}/{address}");
        let value = serde_json::to_vec(template).map_err(Error::internal("write a variable"))?;
        rows.push(variable::Model {
            environment_id: environment,
            address: address.to_string(),
            value: tx.encrypt(variable_cell(&key), &value),
            sealed: variable.sealed,
            version: signed(variable.version),
        });
    }
    upsert(tx, rows, [variable::Column::EnvironmentId, variable::Column::Address]).await?;
    for batch in variables.gone.chunks(BATCH) {
        variable::Entity::delete_many()
            .filter(variable::Column::EnvironmentId.eq(environment))
            .filter(variable::Column::Address.is_in(batch.iter().map(ToString::to_string)))
            .exec(&tx.db)
            .await
            .map_err(failed("remove variables"))?;
    }
    Ok(())
}

async fn save_versions(
    tx: &Transaction,
    environment: Uuid,
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
) -> Result<()> {
    if Arc::ptr_eq(&before.versions, &after.versions) {
        return Ok(());
    }
    let versions = Difference::of(&before.versions, &after.versions, RevisionNumber::eq);
    let rows = versions.changed.into_iter().map(|(address, revision)| address_version::Model {
        environment_id: environment,
        address: address.to_string(),
        revision: signed(revision.0),
    });
    upsert(tx, rows, [address_version::Column::EnvironmentId, address_version::Column::Address])
        .await?;
    for batch in versions.gone.chunks(BATCH) {
        address_version::Entity::delete_many()
            .filter(address_version::Column::EnvironmentId.eq(environment))
            .filter(address_version::Column::Address.is_in(batch.iter().map(ToString::to_string)))
            .exec(&tx.db)
            .await
            .map_err(failed("write versions"))?;
    }
    Ok(())
}
