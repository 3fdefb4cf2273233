//! Reads an environment's desired state.

use crate::{
    blocking::run_blocking,
    error::failed,
    keyring,
    row::{text, unsigned},
    store::Inner,
    table::{
        address_version, environment, group_config, project, service_config, variable,
        volume_config,
    },
};
use domain::{
    Address, EnvironmentId, EnvironmentSpec, Error, Group, GroupId, Map, Resource, Result,
    RevisionNumber, Service, ServiceId, Volume, VolumeId,
    variable::{Value, Variable},
};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use std::sync::Arc;
use uuid::Uuid;

/// An environment and its project.
pub(crate) async fn find(
    db: &DatabaseTransaction,
    id: EnvironmentId,
) -> Result<(environment::Model, project::Model)> {
    let missing = || Error::NotFound(Resource::Environment);
    let environment = environment::Entity::find_by_id(id.as_uuid())
        .one(db)
        .await
        .map_err(failed("find an environment"))?
        .ok_or_else(missing)?;
    let project = project::Entity::find_by_id(environment.project_id)
        .one(db)
        .await
        .map_err(failed("find a project"))?
        .ok_or_else(missing)?;
    Ok((environment, project))
}

/// Which services there are in an environment, and which volumes, by name.
pub(crate) async fn contents(
    db: &DatabaseTransaction,
    id: EnvironmentId,
) -> Result<(Vec<ServiceId>, Vec<(Uuid, String)>)> {
    let doing = failed("read what is in an environment");
    let services: Vec<Uuid> = service_config::Entity::find()
        .select_only()
        .column(service_config::Column::ServiceId)
        .filter(service_config::Column::EnvironmentId.eq(id.as_uuid()))
        .into_tuple()
        .all(db)
        .await
        .map_err(&doing)?;
    let volumes = volume_config::Entity::find()
        .filter(volume_config::Column::EnvironmentId.eq(id.as_uuid()))
        .all(db)
        .await
        .map_err(&doing)?;
    let volumes = volumes.into_iter().map(|row| (row.volume_id, row.name)).collect();
    Ok((services.into_iter().map(ServiceId::new).collect(), volumes))
}

/// Reads an environment's desired state.
pub(crate) async fn load(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: &environment::Model,
    project: &project::Model,
) -> Result<EnvironmentSpec> {
    let doing = failed("read an environment's configuration");
    let id = environment.id;
    let mut spec = EnvironmentSpec::empty(text(project.name.clone())?);
    spec.revision = RevisionNumber(unsigned(environment.revision));

    let services = service_config::Entity::find()
        .filter(service_config::Column::EnvironmentId.eq(id))
        .all(db)
        .await
        .map_err(&doing)?;
    run_blocking(services.len(), || {
        services.iter().try_for_each(|row| {
            let service = read_service(inner, row)?;
            spec.services.insert(ServiceId::new(row.service_id), service.into());
            Ok::<_, Error>(())
        })
    })?;
    let groups = group_config::Entity::find()
        .filter(group_config::Column::EnvironmentId.eq(id))
        .all(db)
        .await
        .map_err(&doing)?;
    for row in groups {
        let group = Group { name: text(row.name)?, variables: Map::new() };
        spec.groups.insert(GroupId::new(row.group_id), group);
    }
    let volumes = volume_config::Entity::find()
        .filter(volume_config::Column::EnvironmentId.eq(id))
        .all(db)
        .await
        .map_err(&doing)?;
    for row in volumes {
        spec.volumes.insert(VolumeId::new(row.volume_id), Volume { name: text(row.name)? });
    }
    let variables = variable::Entity::find()
        .filter(variable::Column::EnvironmentId.eq(id))
        .all(db)
        .await
        .map_err(&doing)?;
    put_variables(inner, variables, &mut spec)?;
    let versions = address_version::Entity::find()
        .filter(address_version::Column::EnvironmentId.eq(id))
        .all(db)
        .await
        .map_err(&doing)?;
    let versions: Map<Address, RevisionNumber> = versions
        .into_iter()
        .map(|row| Ok((text(row.address)?, RevisionNumber(unsigned(row.revision)))))
        .collect::<Result<_>>()?;
    spec.versions = Arc::new(versions);
    Ok(spec)
}

/// What stands at an address and in it, in a configuration that holds nothing else: not more is
/// read and decrypted than that.
pub(crate) async fn load_part(
    inner: &Inner,
    db: &DatabaseTransaction,
    id: EnvironmentId,
    address: &Address,
) -> Result<EnvironmentSpec> {
    let doing = failed("read a part of an environment's configuration");
    let (environment, project) = find(db, id).await?;
    let mut spec = EnvironmentSpec::empty(text(project.name)?);
    spec.revision = RevisionNumber(unsigned(environment.revision));
    let whole = address.parent().unwrap_or_else(|| address.clone());
    let id = environment.id;
    match &whole {
        Address::Service(service) => {
            let row = service_config::Entity::find_by_id((id, service.as_uuid())).one(db).await;
            if let Some(row) = row.map_err(&doing)? {
                spec.services.insert(*service, read_service(inner, &row)?.into());
            }
        }
        Address::Group(group) => {
            let row = group_config::Entity::find_by_id((id, group.as_uuid())).one(db).await;
            if let Some(row) = row.map_err(&doing)? {
                let group_config = Group { name: text(row.name)?, variables: Map::new() };
                spec.groups.insert(*group, group_config);
            }
        }
        Address::Volume(volume) => {
            let row = volume_config::Entity::find_by_id((id, volume.as_uuid())).one(db).await;
            if let Some(row) = row.map_err(&doing)? {
                spec.volumes.insert(*volume, Volume { name: text(row.name)? });
            }
        }
        _ => (),
    }
    // All that lies in it, up to the character after the slash.
    let (from, below) = (format!("{whole}/variables/"), format!("{whole}/variables0"));
    let variables = variable::Entity::find()
        .filter(variable::Column::EnvironmentId.eq(id))
        .filter(
            Condition::any().add(variable::Column::Address.eq(whole.to_string())).add(
                Condition::all()
                    .add(variable::Column::Address.gte(from))
                    .add(variable::Column::Address.lt(below)),
            ),
        )
        .all(db)
        .await
        .map_err(&doing)?;
    put_variables(inner, variables, &mut spec)?;
    Ok(spec)
}

fn put_variables(
    inner: &Inner,
    rows: Vec<variable::Model>,
    spec: &mut EnvironmentSpec,
) -> Result<()> {
    run_blocking(rows.len(), || {
        rows.into_iter().try_for_each(|row| {
            let address: Address = text(row.address.clone())?;
            let variable = read_variable(inner, row)?;
            spec.put(&address, Some(domain::Content::Variable(variable)))
                .map_err(Error::internal("read a variable"))
        })
    })
}

fn read_service(inner: &Inner, row: &service_config::Model) -> Result<Service> {
    let key = format!("{}/{}", row.environment_id, row.service_id);
    let body = (inner.keyring)
        .decrypt(service_cell(&key), &row.body)
        .map_err(Error::internal("read a service's configuration"))?;
    serde_json::from_slice(&body).map_err(Error::internal("read a service's configuration"))
}

fn read_variable(inner: &Inner, row: variable::Model) -> Result<Variable> {
    let key = format!("{}/{}", row.environment_id, row.address);
    let value = (inner.keyring)
        .decrypt(variable_cell(&key), &row.value)
        .map_err(Error::internal("read a variable"))?;
    let template = serde_json::from_slice(&value).map_err(Error::internal("read a variable"))?;
    Ok(Variable {
        value: Value::Shown(template),
        sealed: row.sealed,
        version: unsigned(row.version),
    })
}

pub(super) fn service_cell(row: &str) -> keyring::Cell<'_> {
    keyring::Cell { table: "service_config", row, column: "body" }
}

pub(super) fn variable_cell(row: &str) -> keyring::Cell<'_> {
    keyring::Cell { table: "variable", row, column: "value" }
}
