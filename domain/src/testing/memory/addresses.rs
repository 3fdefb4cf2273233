//! Subnets and addresses in memory.

use super::Memory;
use crate::{
    EnvironmentId, ReplicaId,
    network::{AddressError, Addresses, Choose},
};
use async_trait::async_trait;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

type Result<T> = std::result::Result<T, AddressError>;

#[async_trait]
impl Addresses for Memory {
    async fn subnet(&self, environment: EnvironmentId, choose: &Choose<'_>) -> Result<Ipv4Net> {
        self.transact(None, |tx| tx.tables.rollouts.give_subnet(environment, choose))
    }

    async fn address(&self, replica: ReplicaId) -> Result<Ipv4Addr> {
        self.transact(None, |tx| tx.tables.rollouts.give_address(replica, tx.now))
    }
}
