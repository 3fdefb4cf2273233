//! Requests to hosts that people type: registries, and later repositories, webhooks, icons, notifications.
//!
//! Whoever may type a host could make Easel ask what only its own machine reaches: the services of a private
//! network, the provider's metadata, Easel itself. So there is one door for such requests, with one rule:
//! only what the whole internet reaches, or what an admin has allowed.

mod kind;

pub use kind::AddressKind;

use crate::name::Invalid;
use async_trait::async_trait;
use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// Makes requests to hosts that people typed. A name is looked up once, every address that it leads to is
/// checked, and what was checked is what is dialled; redirects too.
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Whether an admin has allowed this very host, so that nothing of it needs to be looked at.
    fn trusts(&self, url: &str) -> bool;

    /// Whether somebody else may be told to ask this address: an engine, a browser. Weaker than asking
    /// oneself, because they look the name up once more.
    async fn admit(&self, url: &str) -> Result<(), OutboundError>;

    /// Where a host is, if it may be asked.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutboundError>;

    /// What this address answers to GET. Follows a few redirects, each through the same door; reads as
    /// much of the body as `limit` says, and not one byte more.
    async fn get(&self, url: &str, limit: usize) -> Result<OutboundAnswer, OutboundError>;
}

/// What was answered. Foreign text: it is for a program to read, never for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How it wants callers to prove who they are: `WWW-Authenticate`.
    pub challenges: Vec<String>,
    /// The beginning of its body.
    pub body: Vec<u8>,
}

/// Why a request was not made, or came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It may not be asked.
    #[error("{host} is {kind}, which only an admin may allow")]
    Refused {
        /// The host, as it was typed or as a redirect named it.
        host: String,
        /// What it is.
        kind: AddressKind,
    },
    /// No address can be made of it.
    #[error("{0} is no address that can be asked")]
    Invalid(String),
    /// Its name leads nowhere.
    #[error("the name {0} leads nowhere")]
    Unknown(String),
    /// It was not reached, or broke off, or took too long.
    #[error("{0} does not answer")]
    Silent(String),
    /// It redirects without end.
    #[error("{0} redirects too often")]
    Redirects(String),
}

/// What an admin has allowed beside the public internet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundPolicy(Vec<AllowedHost>);

impl OutboundPolicy {
    /// Whether the host is allowed by its name, wherever that leads.
    #[must_use]
    pub fn allows_name(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|allowed| match allowed {
            AllowedHost::Name { host: name, port: only } => {
                name.eq_ignore_ascii_case(host.trim_end_matches('.'))
                    && only.is_none_or(|only| only == port)
            }
            AllowedHost::Network(_) => false,
        })
    }

    /// Whether the host is allowed as it is typed: by its name, or by an address that is one.
    #[must_use]
    pub fn trusts(&self, host: &str, port: u16) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.allows_name(bare, port)
            || bare.parse().is_ok_and(|address: IpAddr| self.allows_address(address))
    }

    fn allows_address(&self, address: IpAddr) -> bool {
        let plain = kind::plain(address);
        self.0.iter().any(|allowed| match allowed {
            AllowedHost::Network(network) => network.contains(&address) || network.contains(&plain),
            AllowedHost::Name { .. } => false,
        })
    }

    /// Whether an address of this kind may be asked. Only an adapter can tell that it is the host's
    /// [own](AddressKind::Own).
    ///
    /// # Errors
    /// With the kind.
    pub fn check(&self, address: IpAddr, kind: AddressKind) -> Result<(), AddressKind> {
        match kind {
            AddressKind::Public => Ok(()),
            _ if self.allows_address(address) => Ok(()),
            kind => Err(kind),
        }
    }
}

impl FromIterator<AllowedHost> for OutboundPolicy {
    fn from_iter<T: IntoIterator<Item = AllowedHost>>(allowed: T) -> Self {
        Self(allowed.into_iter().collect())
    }
}

/// A host or a network that an admin has allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedHost {
    /// A host by its name, at one port or at any.
    Name {
        /// Its name.
        host: String,
        /// The only port, if one was named.
        port: Option<u16>,
    },
    /// All addresses of a network, or one.
    Network(IpNet),
}

impl FromStr for AllowedHost {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                "must be a host such as `registry.lan` or `registry.lan:5000`, an address, or a \
                 network such as `10.0.0.0/8`",
            )
        };
        let text = text.trim();
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Network(IpNet::from(address)));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
        };
        if !host.split('.').all(is_label) || is_number(host) || port == Some(0) {
            return Err(wrong());
        }
        Ok(Self::Name { host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { host, port: Some(port) } => write!(out, "{host}:{port}"),
            Self::Name { host, port: None } => out.write_str(host),
            Self::Network(network) => write!(out, "{network}"),
        }
    }
}

/// Whether a host is an address in one of the many ways in which some programs read numbers: `127.1`,
/// `0x7f000001`, `2130706433`, `0177.0.0.1`. Those that everybody reads alike are no such thing.
#[must_use]
pub fn is_number(host: &str) -> bool {
    let bare = host.trim_end_matches('.');
    if bare.parse::<IpAddr>().is_ok() {
        return false;
    }
    let last = bare.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
