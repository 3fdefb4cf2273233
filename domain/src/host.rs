//! The host that Easel runs on.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Tells what the host has and what is in use.
#[async_trait]
pub trait Host: Send + Sync {
    /// What is known at this moment. What cannot be read is empty or zero.
    async fn facts(&self) -> HostFacts;
}

/// What the host has, and what is in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostFacts {
    /// Its name.
    pub name: String,
    /// Its operating system, such as `Debian GNU/Linux 12`.
    pub operating_system: String,
    /// Kernel version.
    pub kernel: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// Seconds since it was started.
    pub uptime_seconds: u64,
    /// Cores.
    pub cpus: u32,
    /// Percent of all cores together, since the last time anybody asked.
    pub cpu_percent: f64,
    /// Load over 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// Memory, in bytes.
    pub memory: Space,
    /// Swap, in bytes.
    pub swap: Space,
    /// The file systems that matter: the root's, and the one that holds Easel's data.
    pub disks: Vec<DiskFacts>,
}

/// A file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiskFacts {
    /// Where it is mounted.
    pub mount: String,
    /// Its kind, such as `ext4`.
    pub file_system: String,
    /// Its size, in bytes.
    pub space: Space,
    /// Whether Easel's own data lies on it.
    pub holds_data: bool,
}

/// How much there is, and how much of it is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Space {
    /// In all.
    pub total_bytes: u64,
    /// In use.
    pub used_bytes: u64,
}
