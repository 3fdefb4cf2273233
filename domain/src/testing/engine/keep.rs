//! Addresses that the simulated engine's adapter keeps, as the one for Docker does.

use super::{Endpoint, Keeper, SimEngine, call::Result};
use crate::{EnvironmentId, ReplicaId, network::AddressError};
use ipnet::Ipv4Net;

impl SimEngine {
    /// Sees to it that the environment has a subnet.
    pub(super) async fn keep_subnet(&self, environment: EnvironmentId) -> Result<()> {
        let Some(Keeper { addresses, pool }) = &self.inner.keeper else { return Ok(()) };
        let foreign = self.lock().state.foreign_networks.clone();
        let choose = |others: &[Ipv4Net]| pool.free_subnet(&[foreign.as_slice(), others].concat());
        match addresses.subnet(environment, &choose).await {
            Ok(_) => Ok(()),
            Err(AddressError::NoSubnet) => Err(pool.exhausted()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where a replica is to answer; `None`: where the engine likes.
    pub(super) async fn keep_endpoint(&self, replica: ReplicaId) -> Result<Option<Endpoint>> {
        match &self.inner.keeper {
            Some(keeper) => Ok(Some(Endpoint::Kept(keeper.addresses.address(replica).await?))),
            None => Ok(None),
        }
    }
}
