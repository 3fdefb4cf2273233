//! Subnets of environments, and addresses of replicas.

use crate::{
    Store,
    error::failed,
    table::{environment, replica},
    transaction::Transaction,
};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Error, ReplicaId, Timestamp,
    network::{ADDRESS_HOLD, AddressError, Addresses, Choose, rotation},
};
use ipnet::Ipv4Net;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use std::{collections::BTreeSet, net::Ipv4Addr};
use uuid::Uuid;

type Result<T> = std::result::Result<T, AddressError>;

/// How many addresses are looked at by one query.
const AT_ONCE: usize = 128;

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
        let address = free_address(self, &tx, held.environment_id, subnet).await?;
        replica::Entity::update_many()
            .col_expr(replica::Column::Address, Expr::value(address.to_string()))
            .filter(replica::Column::Id.eq(held.id))
            .exec(&tx.db)
            .await
            .map_err(failed("write an address"))?;
        tx.commit().await?;
        self.inner.last_addresses().insert(held.environment_id, address.to_bits());
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

/// The next address of the environment that nobody holds.
///
/// Looked for from the one that was given last, so many at a time: whoever asks next goes on from there,
/// and the rows of those that are held are not read.
async fn free_address(
    store: &Store,
    tx: &Transaction,
    environment: Uuid,
    subnet: Ipv4Net,
) -> Result<Ipv4Addr> {
    let known = store.inner.last_addresses().get(&environment).copied().map(Ipv4Addr::from_bits);
    let last = match known {
        Some(last) => Some(last),
        None => newest(&tx.db, environment).await?,
    };
    let mut rotation = rotation(subnet, last);
    loop {
        let next: Vec<Ipv4Addr> = rotation.by_ref().take(AT_ONCE).collect();
        if next.is_empty() {
            let resting = resting(&tx.db, environment, tx.now).await?;
            return Err(AddressError::NoAddress { subnet, resting });
        }
        let held = held_of(&tx.db, environment, &next, tx.now).await?;
        if let Some(free) = next.into_iter().find(|address| !held.contains(&address.to_string())) {
            return Ok(free);
        }
    }
}

/// The address that was given last, as far as rows tell.
async fn newest(db: &DatabaseTransaction, environment: Uuid) -> Result<Option<Ipv4Addr>> {
    let newest: Option<String> = replica::Entity::find()
        .select_only()
        .column(replica::Column::Address)
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::Address.ne(""))
        .order_by_desc(replica::Column::CreatedAt)
        .order_by_desc(replica::Column::Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await
        .map_err(failed("read addresses"))?;
    newest.as_deref().map(parse).transpose()
}

/// Rows that hold their address: of replicas that are there, or served until a moment ago. As
/// [`Holder`](domain::network::Holder) says.
fn holds(now: Timestamp) -> Condition {
    let a_moment_ago =
        now.as_millis() - i64::try_from(ADDRESS_HOLD.as_millis()).unwrap_or(i64::MAX);
    Condition::any()
        .add(replica::Column::ReleasedAt.is_null())
        .add(replica::Column::Buried.eq(true))
        .add(
            Condition::all()
                .add(replica::Column::HasServed.eq(true))
                .add(replica::Column::ReleasedAt.gte(a_moment_ago)),
        )
}

/// Those of these addresses that are held.
async fn held_of(
    db: &DatabaseTransaction,
    environment: Uuid,
    addresses: &[Ipv4Addr],
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    let held: Vec<String> = replica::Entity::find()
        .select_only()
        .column(replica::Column::Address)
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::Address.is_in(addresses.iter().map(Ipv4Addr::to_string)))
        .filter(holds(now))
        .into_tuple()
        .all(db)
        .await
        .map_err(failed("read addresses"))?;
    Ok(held.into_iter().collect())
}

/// How many addresses are held by replicas that are gone, and by none that is there.
async fn resting(db: &DatabaseTransaction, environment: Uuid, now: Timestamp) -> Result<usize> {
    let rows: Vec<(String, bool)> = replica::Entity::find()
        .select_only()
        .column(replica::Column::Address)
        .column_as(Expr::cust("MAX(released_at IS NULL OR buried)"), "is_there")
        .filter(replica::Column::EnvironmentId.eq(environment))
        .filter(replica::Column::Address.ne(""))
        .filter(holds(now))
        .group_by(replica::Column::Address)
        .into_tuple()
        .all(db)
        .await
        .map_err(failed("read addresses"))?;
    Ok(rows.into_iter().filter(|(_, is_there)| !is_there).count())
}
