//! A door that leads nowhere, and goes by the same rule.

use crate::{
    Map,
    outbound::{AddressKind, Outbound, OutboundAnswer, OutboundError, OutboundPolicy},
};
use async_trait::async_trait;
use std::net::{IpAddr, SocketAddr};

/// Knows a few names and what they answer, and refuses what the rule refuses.
#[derive(Clone, Debug, Default)]
pub struct FakeOutbound {
    /// What an admin has allowed.
    pub policy: OutboundPolicy,
    /// Where names lead.
    pub names: Map<String, Vec<IpAddr>>,
    /// What URLs answer.
    pub answers: Map<String, OutboundAnswer>,
}

impl FakeOutbound {
    /// A door for what is allowed by these words, and for what the whole internet reaches.
    ///
    /// # Panics
    /// When one of them is no host.
    #[must_use]
    pub fn allowing(hosts: &[&str]) -> Self {
        let allowed = hosts.iter().map(|host| host.parse().expect("the test's host is one"));
        Self { policy: allowed.collect(), ..Self::default() }
    }
}

/// Host and port.
fn taken_apart(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, port.parse().ok()?)),
        _ => Some((authority, usual)),
    }
}

#[async_trait]
impl Outbound for FakeOutbound {
    fn trusts(&self, url: &str) -> bool {
        taken_apart(url).is_some_and(|(host, port)| self.policy.trusts(host, port))
    }

    async fn admit(&self, url: &str) -> Result<(), OutboundError> {
        if self.trusts(url) {
            return Ok(());
        }
        let (host, port) =
            taken_apart(url).ok_or_else(|| OutboundError::Invalid(url.to_owned()))?;
        self.resolve(host, port).await.map(drop)
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutboundError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.names.get(host).cloned().unwrap_or_default(),
        };
        if addresses.is_empty() {
            return Err(OutboundError::Unknown(host.to_owned()));
        }
        for &address in &addresses {
            self.policy
                .check(address, AddressKind::of(address))
                .map_err(|kind| OutboundError::Refused { host: host.to_owned(), kind })?;
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn get(&self, url: &str, _: usize) -> Result<OutboundAnswer, OutboundError> {
        self.admit(url).await?;
        self.answers.get(url).cloned().ok_or_else(|| OutboundError::Silent(url.to_owned()))
    }
}
