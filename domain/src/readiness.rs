//! How one tells that a replica is ready for work.

use crate::{
    config::{Command, PortNumber},
    name::Invalid,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// A readiness check, and its pace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// What is asked.
    #[serde(default)]
    pub probe: Probe,
    /// How often, how long, how many times.
    #[serde(default)]
    pub pace: CheckTiming,
}

/// What is asked of a replica. Probes dial the address that the engine reports, never a typed host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Probe {
    /// The first TCP port answers; without one, the replica stays up for ten seconds.
    #[default]
    Automatic,
    /// The port accepts a connection.
    Tcp {
        /// Which port.
        #[cfg_attr(feature = "openapi", schema(value_type = u16))]
        port: PortNumber,
    },
    /// A GET answers with a status from 200 to 399.
    Http {
        /// Which port.
        #[cfg_attr(feature = "openapi", schema(value_type = u16))]
        port: PortNumber,
        /// Path and query, such as `/health`.
        path: HttpPath,
    },
    /// A command inside the container exits with 0.
    Command {
        /// The command.
        command: Command,
    },
}

/// `automatic`, `tcp:PORT`, `http:PORT/PATH` or `command:LINE`.
impl fmt::Display for Probe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic => out.write_str("automatic"),
            Self::Tcp { port } => write!(out, "tcp:{port}"),
            Self::Http { port, path } => write!(out, "http:{port}{path}"),
            Self::Command { command } => write!(out, "command:{command}"),
        }
    }
}

impl FromStr for Probe {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let port = |port: &str| {
            port.parse().map_err(|_| Invalid::new("needs a port from 1 to 65535, as in tcp:5432"))
        };
        match text.split_once(':') {
            None if matches!(text, "automatic" | "auto") => Ok(Self::Automatic),
            Some(("tcp", number)) => Ok(Self::Tcp { port: port(number)? }),
            Some(("http", rest)) => {
                let (number, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let path = if path.is_empty() { "/" } else { path };
                Ok(Self::Http { port: port(number)?, path: path.parse()? })
            }
            Some(("command", line)) => Ok(Self::Command { command: line.parse()? }),
            _ => Err(Invalid::new("must be automatic, tcp:PORT, http:PORT/PATH or command:LINE")),
        }
    }
}

/// What is asked. The pace is not said.
impl fmt::Display for HealthCheck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.probe.fmt(out)
    }
}

/// At the usual pace.
impl FromStr for HealthCheck {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Ok(Self { probe: text.parse()?, pace: CheckTiming::default() })
    }
}

/// The path of a readiness request.
///
/// Invariant: begins with `/`, at most 2,048 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct HttpPath(String);
crate::name::text_type!(HttpPath);

impl TryFrom<String> for HttpPath {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let is_path = raw.starts_with('/')
            && raw.len() <= 2048
            && raw.bytes().all(|byte| byte.is_ascii_graphic());
        if is_path { Ok(Self(raw)) } else { Err(Invalid::new("must be a path such as /health")) }
    }
}

/// How often a check runs and what counts. All times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCheckTiming", into = "RawCheckTiming")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckTiming))]
pub struct CheckTiming {
    start_period: u32,
    interval: u32,
    timeout: u32,
    healthy_after: u32,
    unhealthy_after: u32,
    deadline: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCheckTiming {
    start_period: u32,
    interval: u32,
    timeout: u32,
    healthy_after: u32,
    unhealthy_after: u32,
    deadline: u32,
}

impl Default for RawCheckTiming {
    fn default() -> Self {
        CheckTiming::default().into()
    }
}

impl Default for CheckTiming {
    fn default() -> Self {
        Self {
            start_period: 0,
            interval: 2,
            timeout: 5,
            healthy_after: 1,
            unhealthy_after: 3,
            deadline: 300,
        }
    }
}

impl CheckTiming {
    /// Failures before this has passed since the start do not count.
    #[must_use]
    pub const fn start_period(&self) -> Duration {
        Duration::from_secs(self.start_period as u64)
    }

    /// Time between two asks.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(self.interval as u64)
    }

    /// How long one ask may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout as u64)
    }

    /// Answers in a row until a replica is ready.
    #[must_use]
    pub const fn healthy_after(&self) -> u32 {
        self.healthy_after
    }

    /// Failures in a row until a ready replica is not.
    #[must_use]
    pub const fn unhealthy_after(&self) -> u32 {
        self.unhealthy_after
    }

    /// How long a deployment may take to become ready before it has failed.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline as u64)
    }

    /// The same pace with another start period and deadline, in seconds.
    ///
    /// # Errors
    /// When one of them is out of range.
    pub fn within(self, start_period: u32, deadline: u32) -> Result<Self, Invalid> {
        Self::try_from(RawCheckTiming { start_period, deadline, ..self.into() })
    }
}

impl TryFrom<RawCheckTiming> for CheckTiming {
    type Error = Invalid;

    fn try_from(raw: RawCheckTiming) -> Result<Self, Self::Error> {
        let rules = [
            (raw.start_period <= 3600, "needs start_period of at most 3600 s"),
            ((1..=3600).contains(&raw.interval), "needs interval between 1 and 3600 s"),
            ((1..=300).contains(&raw.timeout), "needs timeout between 1 and 300 s"),
            ((1..=100).contains(&raw.healthy_after), "needs healthy_after between 1 and 100"),
            ((1..=100).contains(&raw.unhealthy_after), "needs unhealthy_after between 1 and 100"),
            ((5..=3600).contains(&raw.deadline), "needs deadline between 5 and 3600 s"),
        ];
        match rules.iter().find(|(kept, _)| !kept) {
            Some((_, rule)) => Err(Invalid::new(*rule)),
            None => Ok(Self {
                start_period: raw.start_period,
                interval: raw.interval,
                timeout: raw.timeout,
                healthy_after: raw.healthy_after,
                unhealthy_after: raw.unhealthy_after,
                deadline: raw.deadline,
            }),
        }
    }
}

impl From<CheckTiming> for RawCheckTiming {
    fn from(pace: CheckTiming) -> Self {
        Self {
            start_period: pace.start_period,
            interval: pace.interval,
            timeout: pace.timeout,
            healthy_after: pace.healthy_after,
            unhealthy_after: pace.unhealthy_after,
            deadline: pace.deadline,
        }
    }
}
