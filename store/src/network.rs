//! Subnets of environments, and addresses of replicas.

use crate::{
    Store,
    error::failed,
    table::{environment, replica},
};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Error, ReplicaId, Timestamp,
    network::{AddressError, Addresses, Choose, free_address},
};
use ipnet::Ipv4Net;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use std::net::Ipv4Addr;
use uuid::Uuid;

type Result<T> = std::result::Result<T, AddressError>;

#[async_trait]
impl Addresses for Store {
    async fn subnet(&self, environment: EnvironmentId, choose: &Choose<'_>) -> Result<Ipv4Net> {
        // Most ask again for what they have: that waits for no writer.
        if let Some(subnet) = subnet_of(&self.read().await?, environment.as_uuid()).await? {
            return Ok(subnet);
        }
        let tx = self.begin().await?;
        if let Some(subnet) = subnet_of(&tx.db, environment.as_uuid()).await? {
            return Ok(subnet);
        }
        let others = subnets(&tx.db).await?;
        let subnet = choose(&others).ok_or(AddressError::NoSubnet)?;
        if others.iter().any(|other| other.contains(&subnet) || subnet.contains(other)) {
            return Err(AddressError::Taken(subnet));
        }
        environment::Entity::update_many()
            .col_expr(environment::Column::Subnet, Expr::value(subnet.to_string()))
            .filter(environment::Column::Id.eq(environment.as_uuid()))
            .exec(&tx.db)
            .await
            .map_err(failed("write a subnet"))?;
        tx.commit().await?;
        Ok(subnet)
    }

    async fn address(&self, replica: ReplicaId) -> Result<Ipv4Addr> {
        let held = held(&self.read().await?, replica).await?;
        if !held.address.is_empty() {
            return parse(&held.address);
        }
        let tx = self.begin().await?;
        let held = self::held(&tx.db, replica).await?;
        if !held.address.is_empty() {
            return parse(&held.address);
        }
        let subnet = subnet_of(&tx.db, held.environment_id).await?.ok_or_else(|| {
            let environment = EnvironmentId::new(held.environment_id);
            AddressError::Gone(format!("the subnet of environment {environment}"))
        })?;
        let used = used(&tx.db, held.environment_id).await?;
        let address = free_address(subnet, used, tx.now).ok_or(AddressError::NoAddress(subnet))?;
        replica::Entity::update_many()
            .col_expr(replica::Column::Address, Expr::value(address.to_string()))
            .filter(replica::Column::Id.eq(held.id))
            .exec(&tx.db)
            .await
            .map_err(failed("write an address"))?;
        tx.commit().await?;
        Ok(address)
    }
}

fn parse<T>(text: &str) -> Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    Ok(text.parse().map_err(Error::internal("read an address"))?)
}

/// The environment's subnet, if it has one.
async fn subnet_of(db: &DatabaseTransaction, environment: Uuid) -> Result<Option<Ipv4Net>> {
    let row = environment::Entity::find_by_id(environment)
        .one(db)
        .await
        .map_err(failed("find an environment"))?;
    let gone = || AddressError::Gone(format!("environment {}", EnvironmentId::new(environment)));
    row.ok_or_else(gone)?.subnet.as_deref().map(parse).transpose()
}

/// Those of all environments.
async fn subnets(db: &DatabaseTransaction) -> Result<Vec<Ipv4Net>> {
    let subnets: Vec<String> = environment::Entity::find()
        .select_only()
        .column(environment::Column::Subnet)
        .filter(environment::Column::Subnet.is_not_null())
        .into_tuple()
        .all(db)
        .await
        .map_err(failed("read subnets"))?;
    subnets.iter().map(|subnet| parse(subnet)).collect()
}

/// A replica's row, if it has not been released or deleted.
async fn held(db: &DatabaseTransaction, id: ReplicaId) -> Result<replica::Model> {
    let row = replica::Entity::find_by_id(id.as_uuid())
        .filter(replica::Column::ReleasedAt.is_null())
        .one(db)
        .await
        .map_err(failed("find a replica"))?;
    row.ok_or_else(|| AddressError::Gone(format!("replica {id}")))
}

/// When the addresses of an environment were released, or that they are in use; each once.
async fn used(
    db: &DatabaseTransaction,
    environment: Uuid,
) -> Result<Vec<(Ipv4Addr, Option<Timestamp>)>> {
    let rows: Vec<(String, Option<i64>, i64)> = replica::Entity::find()
        .select_only()
        .column(replica::Column::Address)
        .column_as(replica::Column::ReleasedAt.max(), "released")
        .column_as(Expr::cust("SUM(released_at IS NULL OR buried)"), "holders")
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::Address.ne(""))
        .group_by(replica::Column::Address)
        .into_tuple()
        .all(db)
        .await
        .map_err(failed("read addresses"))?;
    rows.into_iter()
        .map(|(address, released, holders)| {
            let released = released.filter(|_| holders == 0).map(Timestamp::from_millis);
            Ok((parse(&address)?, released))
        })
        .collect()
}
