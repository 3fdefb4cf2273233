//! Ports that a service listens on.

use crate::name::{Invalid, word_type};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Deref, str::FromStr};

/// A port that a service listens on, inside its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Port {
    /// 1 to 65535.
    #[cfg_attr(feature = "openapi", schema(value_type = u16))]
    pub number: PortNumber,
    /// TCP unless said otherwise.
    #[serde(default)]
    pub protocol: Protocol,
}

impl Port {
    /// A TCP port.
    #[must_use]
    pub const fn tcp(number: PortNumber) -> Self {
        Self { number, protocol: Protocol::Tcp }
    }
}

/// A port's number: never 0.
pub type PortNumber = std::num::NonZeroU16;

/// How a port is spoken to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Protocol {
    /// Streams.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

word_type!(Protocol { Tcp = "tcp", Udp = "udp" });

impl fmt::Display for Port {
    /// `80`, `53/udp`: the protocol only where it is not the usual one.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Tcp => self.number.fmt(out),
            Protocol::Udp => write!(out, "{}/{}", self.number, self.protocol),
        }
    }
}

impl FromStr for Port {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, Protocol::Tcp.as_str()));
        let number = number.parse().map_err(|_| {
            Invalid::new(format!("has “{text}”, but a port lies between 1 and 65535"))
        })?;
        let protocol = protocol.parse().map_err(|_| {
            Invalid::new(format!("has “{text}”, but a port is tcp or udp: 80, 53/udp"))
        })?;
        Ok(Self { number, protocol })
    }
}

/// The ports that a service listens on, the main one first. One that is listed twice keeps the
/// service from being applied ([`check`](crate::EnvironmentSpec::check)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ports(Vec<Port>);

impl Deref for Ports {
    type Target = [Port];

    fn deref(&self) -> &[Port] {
        &self.0
    }
}

impl From<Vec<Port>> for Ports {
    fn from(ports: Vec<Port>) -> Self {
        Self(ports)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports: Vec<String> = self.iter().map(ToString::to_string).collect();
        out.write_str(&ports.join(", "))
    }
}

/// Ports apart by commas or blanks: `80, 53/udp`.
impl FromStr for Ports {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut ports = Vec::new();
        for word in text.split([',', ' ', '\n']).filter(|word| !word.is_empty()) {
            let port: Port = word.parse()?;
            if ports.contains(&port) {
                return Err(Invalid::new(format!("names {port} twice")));
            }
            ports.push(port);
        }
        Ok(Self(ports))
    }
}
