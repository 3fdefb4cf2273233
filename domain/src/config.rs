//! The parts of a service's configuration that are plain values.

use crate::{image::ImageRef, name::Invalid};
use serde::{Deserialize, Serialize};

/// Where a service's image comes from. Git sources and uploads will be further variants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Source {
    /// Nothing yet: the service exists on the canvas and does not run.
    #[default]
    Empty,
    /// An image, from a registry or from the engine's own store.
    Image {
        /// Which one.
        image: ImageRef,
        /// When to ask the registry.
        #[serde(default)]
        pull: PullPolicy,
    },
}

impl Source {
    /// The image, when there is one.
    #[must_use]
    pub fn image(&self) -> Option<&ImageRef> {
        match self {
            Self::Image { image, .. } => Some(image),
            Self::Empty => None,
        }
    }
}

/// When the registry is asked for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PullPolicy {
    /// When the engine does not have it.
    #[default]
    Missing,
    /// For every deployment.
    Always,
    /// Not at all: the engine must have it.
    Never,
}

/// A command as a list of arguments. No shell ever reads it.
///
/// Invariant: 1 to 256 arguments without NUL, 32 KiB in all, the first not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Vec<String>))]
pub struct Command(Vec<String>);

impl Command {
    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.0
    }

    /// Splits a typed line into arguments; quotes group, nothing is expanded.
    ///
    /// # Errors
    /// When a quote is not closed or no argument is left.
    pub fn parse(line: &str) -> Result<Self, Invalid> {
        let words = shell_words::split(line)
            .map_err(|_| Invalid::new("has a quote that is never closed"))?;
        Self::try_from(words)
    }

    /// The line that [`parse`](Self::parse) would split into these arguments.
    #[must_use]
    pub fn to_line(&self) -> String {
        shell_words::join(&self.0)
    }
}

impl TryFrom<Vec<String>> for Command {
    type Error = Invalid;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(String::is_empty) {
            return Err(Invalid::new("must name a program"));
        }
        if words.len() > 256 || words.iter().map(String::len).sum::<usize>() > 32 * 1024 {
            return Err(Invalid::new("must be at most 256 arguments and 32 KiB in all"));
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err(Invalid::new("must not contain a NUL character"));
        }
        Ok(Self(words))
    }
}

impl From<Command> for Vec<String> {
    fn from(command: Command) -> Self {
        command.0
    }
}

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

/// How many replicas of a service should run.
///
/// Invariant: at most 100. Zero stops the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u16))]
pub struct Replicas(u16);

impl Replicas {
    /// One: what a service has unless told otherwise.
    pub const ONE: Self = Self(1);

    /// The number.
    #[must_use]
    pub const fn count(self) -> u16 {
        self.0
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<u16> for Replicas {
    type Error = Invalid;

    fn try_from(count: u16) -> Result<Self, Self::Error> {
        if count > 100 { Err(Invalid::new("must be at most 100")) } else { Ok(Self(count)) }
    }
}

impl From<Replicas> for u16 {
    fn from(replicas: Replicas) -> Self {
        replicas.0
    }
}

/// What a replica may use of its host. Nothing given means no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawLimits", into = "RawLimits")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Limits))]
pub struct Limits {
    memory_mb: Option<u32>,
    cpu_millis: Option<u32>,
    cpu_shares: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    #[serde(default)]
    memory_mb: Option<u32>,
    #[serde(default)]
    cpu_millis: Option<u32>,
    #[serde(default)]
    cpu_shares: Option<u32>,
}

impl Limits {
    /// Limits by memory (MiB), CPU time (thousandths of a core) and CPU weight.
    ///
    /// # Errors
    /// Memory below 6 MiB (the engine's least) or above 1 TiB, CPU below 10 or above 1,000,000
    /// thousandths, weight outside 2 to 262,144.
    pub fn new(
        memory_mb: Option<u32>,
        cpu_millis: Option<u32>,
        cpu_shares: Option<u32>,
    ) -> Result<Self, Invalid> {
        let outside = |value: Option<u32>, least: u32, most: u32| {
            value.is_some_and(|value| !(least..=most).contains(&value))
        };
        if outside(memory_mb, 6, 1024 * 1024) {
            return Err(Invalid::new("needs memory_mb between 6 and 1048576"));
        }
        if outside(cpu_millis, 10, 1_000_000) {
            return Err(Invalid::new("needs cpu_millis between 10 and 1000000"));
        }
        if outside(cpu_shares, 2, 262_144) {
            return Err(Invalid::new("needs cpu_shares between 2 and 262144"));
        }
        Ok(Self { memory_mb, cpu_millis, cpu_shares })
    }

    /// Memory in MiB.
    #[must_use]
    pub const fn memory_mb(&self) -> Option<u32> {
        self.memory_mb
    }

    /// CPU time, in thousandths of one core.
    #[must_use]
    pub const fn cpu_millis(&self) -> Option<u32> {
        self.cpu_millis
    }

    /// CPU weight against other containers; the engine's default is 1024.
    #[must_use]
    pub const fn cpu_shares(&self) -> Option<u32> {
        self.cpu_shares
    }
}

impl TryFrom<RawLimits> for Limits {
    type Error = Invalid;

    fn try_from(raw: RawLimits) -> Result<Self, Self::Error> {
        Self::new(raw.memory_mb, raw.cpu_millis, raw.cpu_shares)
    }
}

impl From<Limits> for RawLimits {
    fn from(limits: Limits) -> Self {
        Self {
            memory_mb: limits.memory_mb,
            cpu_millis: limits.cpu_millis,
            cpu_shares: limits.cpu_shares,
        }
    }
}

/// How a new deployment takes over from the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Strategy {
    /// `stop_first` when a volume is mounted, else `start_first`.
    #[default]
    Automatic,
    /// The new one is ready before the old one stops.
    StartFirst,
    /// The old one stops before the new one starts: one writer at a time.
    StopFirst,
}
