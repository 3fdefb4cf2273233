//! Writes an environment's desired state: what differs, and nothing else.

use super::load::{LoadedEnvironment, service_cell, variable_cell};
use crate::{
    error::{failed, is_taken},
    row::{json, signed},
    table::{
        address_version, environment, group_config, left_behind, project, service, service_config,
        variable, volume_config,
    },
    transaction::{BATCH, Transaction},
    upsert::upsert,
};
use domain::{
    Address, EnvironmentSpec, Error, Map, Result, Service, ServiceId, Source, VolumeId,
    variable::{Value, Variable},
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
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

    let names = |spec: &EnvironmentSpec| -> Map<_, _> {
        spec.groups.iter().map(|(id, group)| (*id, group.name.clone())).collect()
    };
    let groups = Difference::of(&names(before), &names(after));
    let rows = groups.changed.into_iter().map(|(id, name)| group_config::Model {
        environment_id: environment,
        group_id: id.as_uuid(),
        name: name.into(),
    });
    upsert(tx, rows, [group_config::Column::EnvironmentId, group_config::Column::GroupId]).await?;
    group_config::Entity::delete_many()
        .filter(group_config::Column::EnvironmentId.eq(environment))
        .filter(group_config::Column::GroupId.is_in(groups.gone.iter().map(|id| id.as_uuid())))
        .exec(&tx.db)
        .await
        .map_err(failed("write groups"))?;

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

async fn save_services(
    tx: &Transaction,
    base: &LoadedEnvironment,
    after: &EnvironmentSpec,
) -> Result<()> {
    let environment = base.environment.id;
    let bare = |spec: &EnvironmentSpec| -> Map<ServiceId, Service> {
        let without = |service: &Service| Service { variables: Map::new(), ..service.clone() };
        spec.services.iter().map(|(id, service)| (*id, without(service))).collect()
    };
    let services = Difference::of(&bare(&base.spec), &bare(after));
    remove_services(tx, environment, &services.gone).await?;
    let mut rows = Vec::new();
    let mut born = Vec::new();
    for (id, service) in &services.changed {
        let key = format!("{environment}/{}", id.as_uuid());
        let body = serde_json::to_vec(service).map_err(Error::internal("write a service"))?;
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
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<_> = gone.iter().map(|id| id.as_uuid()).collect();
    service_config::Entity::delete_many()
        .filter(service_config::Column::EnvironmentId.eq(environment))
        .filter(service_config::Column::ServiceId.is_in(gone.clone()))
        .exec(&tx.db)
        .await
        .map_err(failed("remove services"))?;
    let elsewhere = Query::select()
        .column(service_config::Column::ServiceId)
        .from(service_config::Entity)
        .to_owned();
    service::Entity::delete_many()
        .filter(service::Column::Id.is_in(gone))
        .filter(Expr::col(service::Column::Id).not_in_subquery(elsewhere))
        .exec(&tx.db)
        .await
        .map_err(failed("remove services"))?;
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
    let volumes = Difference::of(&base.spec.volumes, &after.volumes);
    let found_again: Vec<_> = volumes.changed.keys().map(|id| id.as_uuid()).collect();
    if !found_again.is_empty() {
        left_behind::Entity::delete_many()
            .filter(left_behind::Column::VolumeId.is_in(found_again))
            .exec(&tx.db)
            .await
            .map_err(failed("write volumes"))?;
    }
    let rows = volumes.changed.into_iter().map(|(id, volume)| volume_config::Model {
        environment_id: environment,
        volume_id: id.as_uuid(),
        name: volume.name.into(),
    });
    upsert(tx, rows, [volume_config::Column::EnvironmentId, volume_config::Column::VolumeId])
        .await?;
    record_orphaned_volumes(tx, base, &volumes.gone).await?;
    volume_config::Entity::delete_many()
        .filter(volume_config::Column::EnvironmentId.eq(environment))
        .filter(volume_config::Column::VolumeId.is_in(volumes.gone.iter().map(|id| id.as_uuid())))
        .exec(&tx.db)
        .await
        .map_err(failed("write volumes"))?;
    Ok(())
}

/// Notes volumes whose data stays in the engine although nothing refers to it any more.
pub(crate) async fn record_orphaned_volumes(
    tx: &Transaction,
    base: &LoadedEnvironment,
    gone: &[VolumeId],
) -> Result<()> {
    let rows = gone.iter().filter_map(|id| {
        let volume = base.spec.volumes.get(id)?;
        Some(left_behind::Model {
            volume_id: id.as_uuid(),
            project_id: base.project.id,
            environment_id: base.environment.id,
            name: volume.name.as_str().to_owned(),
            at: tx.now.as_millis(),
        })
    });
    upsert(tx, rows, [left_behind::Column::VolumeId]).await
}

async fn save_variables(
    tx: &Transaction,
    environment: Uuid,
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
) -> Result<()> {
    let variables = Difference::of(&all_variables(before), &all_variables(after));
    let mut rows = Vec::new();
    for (address, variable) in &variables.changed {
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
    let versions = Difference::of(&before.versions, &after.versions);
    let rows = versions.changed.into_iter().map(|(address, revision)| address_version::Model {
        environment_id: environment,
        address: address.into(),
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

fn all_variables(spec: &EnvironmentSpec) -> Map<Address, Variable> {
    let shared = (spec.variables.iter())
        .map(|(key, variable)| (Address::Variable(key.clone()), variable.clone()));
    let grouped = spec.groups.iter().flat_map(|(id, group)| {
        (group.variables.iter())
            .map(|(key, variable)| (Address::GroupVariable(*id, key.clone()), variable.clone()))
    });
    let own = spec.services.iter().flat_map(|(id, service)| {
        (service.variables.iter())
            .map(|(key, variable)| (Address::ServiceVariable(*id, key.clone()), variable.clone()))
    });
    shared.chain(grouped).chain(own).collect()
}

/// What is new or other, and what is gone.
struct Difference<K, V> {
    changed: Map<K, V>,
    gone: Vec<K>,
}

impl<K: Clone + Ord, V: Clone + PartialEq> Difference<K, V> {
    fn of(before: &Map<K, V>, after: &Map<K, V>) -> Self {
        Self {
            changed: (after.iter())
                .filter(|(key, value)| before.get(key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            gone: before.keys().filter(|key| !after.contains_key(key)).cloned().collect(),
        }
    }
}
