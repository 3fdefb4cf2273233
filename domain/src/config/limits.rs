//! What a replica may use of its host.

use crate::{config::MemorySize, name::Invalid};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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

impl fmt::Display for Limits {
    /// `256 MiB, 0.5 CPU, 512 CPU shares`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            self.memory_mb.map(|size| MemorySize::of_mebibytes(size).to_string()),
            self.cpu_millis.map(|millis| format!("{} CPU", cores(millis))),
            self.cpu_shares.map(|shares| format!("{shares} CPU shares")),
        ]
        .into_iter()
        .flatten()
        .collect();
        out.write_str(if parts.is_empty() { "no limits" } else { "" })?;
        out.write_str(&parts.join(", "))
    }
}

impl FromStr for Limits {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut raw = RawLimits { memory_mb: None, cpu_millis: None, cpu_shares: None };
        for part in text.split(',').map(str::trim).filter(|part| *part != "no limits") {
            if let Some(shares) = part.strip_suffix("CPU shares") {
                raw.cpu_shares = Some(read_shares(shares.trim())?);
            } else if let Some(cores) = part.strip_suffix("CPU") {
                raw.cpu_millis = Some(read_cores(cores.trim())?);
            } else {
                raw.memory_mb = Some(part.parse::<MemorySize>()?.mebibytes());
            }
        }
        Self::try_from(raw)
    }
}

/// The three limits, each as one types it.
impl Limits {
    /// CPU time in cores: `0.5`.
    #[must_use]
    pub fn cpu(&self) -> Option<String> {
        self.cpu_millis.map(cores)
    }

    /// These, with another limit of memory; `None` for none.
    ///
    /// # Errors
    /// When the text is no size, or the size is out of range.
    pub fn with_memory(self, text: Option<&str>) -> Result<Self, Invalid> {
        let size = text.map(str::parse::<MemorySize>).transpose()?;
        Self::new(size.map(MemorySize::mebibytes), self.cpu_millis, self.cpu_shares)
            .map_err(|_| Invalid::new("must be between 6 MiB and 1 TiB"))
    }

    /// These, with another limit of CPU time, in cores.
    ///
    /// # Errors
    /// When the text is no number, or the number is out of range.
    pub fn with_cpu(self, text: Option<&str>) -> Result<Self, Invalid> {
        let millis = text.map(read_cores).transpose()?;
        Self::new(self.memory_mb, millis, self.cpu_shares)
            .map_err(|_| Invalid::new("must be a number from 0.01 to 1000, such as 0.5"))
    }

    /// These, with another CPU weight.
    ///
    /// # Errors
    /// When the text is no number, or the number is out of range.
    pub fn with_cpu_shares(self, text: Option<&str>) -> Result<Self, Invalid> {
        let shares = text.map(read_shares).transpose()?;
        Self::new(self.memory_mb, self.cpu_millis, shares)
            .map_err(|_| Invalid::new("must be a whole number from 2 to 262144"))
    }
}

fn cores(millis: u32) -> String {
    (f64::from(millis) / 1000.0).to_string()
}

/// Cores with a point or a comma, as thousandths of one.
fn read_cores(text: &str) -> Result<u32, Invalid> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let cores =
        text.replace(',', ".").parse::<f64>().ok().filter(|cores| is_plain && *cores <= 1e6);
    let cores = cores.ok_or_else(|| Invalid::new("must be a number of cores, such as 0.5"))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "neither negative nor beyond a million"
    )]
    Ok((cores * 1000.0).round() as u32)
}

fn read_shares(text: &str) -> Result<u32, Invalid> {
    text.parse().map_err(|_| Invalid::new("must be a whole number from 2 to 262144"))
}
