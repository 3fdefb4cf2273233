//! Private networks.

use crate::{EnvironmentId, ProjectId};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// An environment's private network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Whose project.
    pub project: ProjectId,
    /// Whose network.
    pub environment: EnvironmentId,
    /// Its addresses.
    pub subnet: Subnet,
}

/// The networks that an engine has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// This instance's.
    pub ours: Vec<ObservedNetwork>,
    /// Address ranges of networks that are not ours, as `(first address, prefix length)`.
    pub foreign: Vec<(Ipv4Addr, u8)>,
}

/// A network of ours, as the engine has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Whose network.
    pub environment: EnvironmentId,
    /// Its addresses.
    pub subnet: Option<Subnet>,
}

/// A /24 of private addresses: `.1` is the gateway, `.2` to `.254` are for replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subnet(Ipv4Addr);

impl Subnet {
    /// The /24 that holds this address.
    #[must_use]
    pub fn containing(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        Self(Ipv4Addr::new(a, b, c, 0))
    }

    /// Its first address.
    #[must_use]
    pub const fn base(self) -> Ipv4Addr {
        self.0
    }

    /// The address with this last number.
    #[must_use]
    pub fn host(self, last: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.0.octets();
        Ipv4Addr::new(a, b, c, last)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/24", self.0)
    }
}
