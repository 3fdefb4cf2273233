//! The size of a container's shared memory.

use crate::{config::MemorySize, name::Invalid};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The size of `/dev/shm` in each container, which counts as its memory.
///
/// Invariant: 1 MiB to 1 TiB. Written as `256 MiB`; a bare number means MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ShmSize(MemorySize);

impl ShmSize {
    /// In MiB.
    #[must_use]
    pub const fn mebibytes(self) -> u32 {
        self.0.mebibytes()
    }
}

impl fmt::Display for ShmSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for ShmSize {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let size: MemorySize = text.parse()?;
        if (1..=1024 * 1024).contains(&size.mebibytes()) {
            Ok(Self(size))
        } else {
            Err(Invalid::new("must be between 1 MiB and 1 TiB"))
        }
    }
}

impl TryFrom<String> for ShmSize {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ShmSize> for String {
    fn from(size: ShmSize) -> Self {
        size.to_string()
    }
}
