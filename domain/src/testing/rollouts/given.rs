//! Which subnet the fake has given to whom, and which address.

use super::{FakeRollouts, tables::RolloutTables};
use crate::{
    EnvironmentId, ReplicaId, Timestamp,
    network::{AddressError, Addresses, Choose, Holder, rotation},
};
use async_trait::async_trait;
use ipnet::Ipv4Net;
use std::{collections::BTreeSet, net::Ipv4Addr};

type Result<T> = std::result::Result<T, AddressError>;

impl RolloutTables {
    /// The environment's subnet, which is written down if it is new.
    pub(in crate::testing) fn give_subnet(
        &mut self,
        environment: EnvironmentId,
        choose: &Choose<'_>,
    ) -> Result<Ipv4Net> {
        if !self.environments.contains_key(&environment) {
            return Err(AddressError::Gone(format!("environment {environment}")));
        }
        if let Some(subnet) = self.given.subnets.get(&environment) {
            return Ok(*subnet);
        }
        let others: Vec<Ipv4Net> = self.given.subnets.values().copied().collect();
        let subnet = choose(&others).ok_or(AddressError::NoSubnet)?;
        if others.iter().any(|other| other.contains(&subnet) || subnet.contains(other)) {
            return Err(AddressError::Taken(subnet));
        }
        self.given.subnets.insert(environment, subnet);
        Ok(subnet)
    }

    /// The replica's address, which is written down if it is new.
    pub(in crate::testing) fn give_address(
        &mut self,
        replica: ReplicaId,
        now: Timestamp,
    ) -> Result<Ipv4Addr> {
        let gone = || AddressError::Gone(format!("replica {replica}"));
        let held = self.replicas.get(&replica).ok_or_else(gone)?;
        let is_buried = !self.deployments.contains_key(&held.row.deployment);
        if held.released_at.is_some() || is_buried {
            return Err(gone());
        }
        if let Some(address) = self.given.addresses.get(&replica) {
            return Ok(*address);
        }
        let environment = held.service.environment;
        let Some(subnet) = self.given.subnets.get(&environment).copied() else {
            return Err(AddressError::Gone(format!("the subnet of environment {environment}")));
        };
        let mut held: BTreeSet<Ipv4Addr> = BTreeSet::new();
        let mut there: BTreeSet<Ipv4Addr> = BTreeSet::new();
        for (id, it) in self.replicas.iter().filter(|(_, it)| it.service.environment == environment)
        {
            let Some(address) = self.given.addresses.get(id) else { continue };
            let holder = it.holder();
            held.extend(holder.holds(now).then_some(*address));
            there.extend((holder == Holder::There).then_some(*address));
        }
        let last = self.given.last.get(&environment).copied();
        let Some(address) = rotation(subnet, last).find(|address| !held.contains(address)) else {
            return Err(AddressError::NoAddress { subnet, resting: held.len() - there.len() });
        };
        self.given.addresses.insert(replica, address);
        self.given.last.insert(environment, address);
        Ok(address)
    }
}

#[async_trait]
impl Addresses for FakeRollouts {
    async fn subnet(&self, environment: EnvironmentId, choose: &Choose<'_>) -> Result<Ipv4Net> {
        self.write(self.clock.now(), &[], |tables| tables.give_subnet(environment, choose)).await
    }

    async fn address(&self, replica: ReplicaId) -> Result<Ipv4Addr> {
        let now = self.clock.now();
        self.write(now, &[], |tables| tables.give_address(replica, now)).await
    }
}
