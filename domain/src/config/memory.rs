//! Sizes of memory, as people write them.

use crate::name::Invalid;
use std::{fmt, str::FromStr};

/// A size of memory, in whole MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemorySize(u32);

impl MemorySize {
    /// So many MiB.
    #[must_use]
    pub const fn of_mebibytes(mebibytes: u32) -> Self {
        Self(mebibytes)
    }

    /// In MiB.
    #[must_use]
    pub const fn mebibytes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} MiB", self.0)
    }
}

/// `512`, `512 MiB`, `512m`, `2 GiB`, `2g`: a bare number means MiB.
impl FromStr for MemorySize {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("must be a size such as 512 MiB or 2 GiB");
        let text = text.trim();
        let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let factor = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "m" | "mb" | "mib" => 1,
            "g" | "gb" | "gib" => 1024,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}
