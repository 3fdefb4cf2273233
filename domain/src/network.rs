//! Private addresses, for adapters whose engine leaves it to them who answers where.
//!
//! Only such an adapter, the store and their wiring know this file. Everybody else asks the engine where
//! a replica answers, and believes it.

use crate::{EnvironmentId, Error, ReplicaId, Timestamp, runtime::RuntimeError};
use async_trait::async_trait;
use ipnet::Ipv4Net;
use std::{net::Ipv4Addr, time::Duration};

/// How long an address stays with a replica that has served and is gone, so that it means one replica
/// only to whoever was led to it.
pub const ADDRESS_HOLD: Duration = Duration::from_secs(10 * 60);

/// Which subnet is whose environment's, and which address whose replica's.
///
/// Each method is one transaction, and may be repeated: what was given once is given again. So an
/// adapter asks before each call to its engine, and one whose answer was lost meets the same address.
///
/// **Invariant:** nothing that was given is changed or taken back here. An address goes back when the
/// replica's row does, which is written by [`Rollouts`](crate::rollout::Rollouts) alone. Therefore no
/// call needs a [`Fence`](crate::rollout::Fence): whoever was overtaken can at most give what a row
/// that exists has not been given yet, and whoever rules now is given the same.
#[async_trait]
pub trait Addresses: Send + Sync {
    /// The environment's subnet: the one it has, or else what `choose` makes of those that all
    /// others have. It is the environment's as long as that exists.
    async fn subnet(
        &self,
        environment: EnvironmentId,
        choose: &Choose<'_>,
    ) -> Result<Ipv4Net, AddressError>;

    /// The replica's address in its environment's subnet: the one it has, or else the first of the
    /// [`rotation`] that nobody [holds](Holder::holds). A walk of bounded length, however many replicas
    /// there are.
    async fn address(&self, replica: ReplicaId) -> Result<Ipv4Addr, AddressError>;
}

/// What chooses a subnet: from those that are taken, one that is not; `None` when none is left.
pub type Choose<'a> = dyn Fn(&[Ipv4Net]) -> Option<Ipv4Net> + Send + Sync + 'a;

/// What can go wrong, sorted by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Look again: there is no such row (any more), or its environment has no subnet yet.
    #[error("{0}")]
    Gone(String),
    /// A person must act: nothing was left to choose.
    #[error("no subnet is left")]
    NoSubnet,
    /// Choose again: another environment has some of these addresses.
    #[error("another environment has addresses of {0}")]
    Taken(Ipv4Net),
    /// Wait: all addresses of this subnet are held.
    #[error("no address of {subnet} is free")]
    NoAddress {
        /// Which subnet.
        subnet: Ipv4Net,
        /// How many of them by replicas that are gone.
        resting: usize,
    },
    /// Back off, then try again.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<AddressError> for RuntimeError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Gone(what) => Self::Gone(what),
            AddressError::Taken(_) => Self::Busy(error.to_string()),
            AddressError::NoSubnet => Self::NoRoom(error.to_string()),
            AddressError::NoAddress { subnet, resting } => {
                Self::NoAddress(no_address(subnet, resting))
            }
            AddressError::Other(error) => Self::Storage(error.to_string()),
        }
    }
}

/// That no address is free, why, and what helps.
fn no_address(subnet: Ipv4Net, resting: usize) -> String {
    let all = places(subnet);
    let (there, minutes) = (all.saturating_sub(resting), ADDRESS_HOLD.as_secs() / 60);
    let resting = match resting {
        0 => String::new(),
        _ => format!(", {resting} by replicas that served until less than {minutes} minutes ago"),
    };
    format!(
        "all {all} addresses of its environment are taken: {there} by replicas that are there{resting}; \
         it goes on by itself as soon as one is free. Fewer replicas help, or another environment for \
         some of the services; new environments are larger with a smaller --network-size"
    )
}

/// Where subnets are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// All of them lie in it.
    pub range: Ipv4Net,
    /// How many leading bits the addresses of one have in common.
    pub size: u8,
}

impl Default for Pool {
    /// 1,024 environments of 1,021 replicas each.
    fn default() -> Self {
        Self { range: Ipv4Net::new_assert(Ipv4Addr::new(10, 208, 0, 0), 12), size: 22 }
    }
}

impl Pool {
    /// The first subnet that overlaps with nothing taken. A default route takes nothing.
    #[must_use]
    pub fn free_subnet(&self, taken: &[Ipv4Net]) -> Option<Ipv4Net> {
        let overlap = |one: &Ipv4Net, other: &Ipv4Net| one.contains(other) || other.contains(one);
        let is_taken = |subnet: &Ipv4Net| {
            taken.iter().any(|other| other.prefix_len() > 0 && overlap(subnet, other))
        };
        self.range.subnets(self.size).ok()?.find(|subnet| !is_taken(subnet))
    }

    /// That nothing is left, and what to do.
    #[must_use]
    pub fn exhausted(&self) -> RuntimeError {
        RuntimeError::NoRoom(format!(
            "no free network of the size /{} is left in {}; remove an environment, or configure a \
             wider range",
            self.size, self.range
        ))
    }
}

/// The address that an environment's way out has; no replica gets it.
#[must_use]
pub fn gateway(subnet: Ipv4Net) -> Option<Ipv4Addr> {
    subnet.hosts().next()
}

/// How many replicas have an address in it.
fn places(subnet: Ipv4Net) -> usize {
    subnet.hosts().count().saturating_sub(1)
}

/// Addresses in the order in which they are given away: those after the one that was given last, and
/// from the beginning again. So an address comes again as late as can be.
pub fn rotation(subnet: Ipv4Net, last: Option<Ipv4Addr>) -> impl Iterator<Item = Ipv4Addr> {
    let after = last.filter(|last| subnet.contains(last)).unwrap_or(subnet.network());
    let hosts = move || subnet.hosts().skip(1);
    let later = hosts().filter(move |address| *address > after);
    later.chain(hosts().take_while(move |address| *address <= after))
}

/// What is known of somebody who has an address, or had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// It is there, or nobody knows better.
    There,
    /// It is gone.
    Gone {
        /// Since when.
        since: Timestamp,
        /// Whether a name may ever have led to it: what nobody was led to, nobody remembers.
        has_served: bool,
    },
}

impl Holder {
    /// Whether nobody else may have the address yet.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::There => true,
            Self::Gone { since, has_served } => has_served && now.since(since) <= ADDRESS_HOLD,
        }
    }
}
