//! How much memory a container gets that has no limit of its own.

use domain::Invalid;
use std::{fmt, str::FromStr};

/// How much memory a container gets that has no limit of its own. One of them alone cannot take the host
/// down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultMemory {
    /// So much of what the host has.
    Percent(u8),
    /// So many MB.
    Megabytes(u32),
}

/// The least that any program runs in.
const MIN_MEGABYTES: u32 = 16;
/// More than any host has: a pebibyte.
const MAX_MEGABYTES: u32 = 1 << 30;

impl Default for DefaultMemory {
    fn default() -> Self {
        Self::Percent(50)
    }
}

impl DefaultMemory {
    /// The limit in bytes on a host that has so many. `None` where nobody knows how many.
    pub(crate) fn bytes(self, host: i64) -> Option<i64> {
        let bytes = match self {
            Self::Percent(percent) => host / 100 * i64::from(percent),
            Self::Megabytes(megabytes) => i64::from(megabytes) << 20,
        };
        (bytes > 0).then_some(bytes)
    }
}

impl FromStr for DefaultMemory {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                "must be a share of the host's memory, such as `50%`, or MB, such as `2048`",
            )
        };
        match text.trim().strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
            None => match text.trim().parse() {
                Ok(megabytes @ MIN_MEGABYTES..=MAX_MEGABYTES) => Ok(Self::Megabytes(megabytes)),
                _ => Err(wrong()),
            },
        }
    }
}

impl fmt::Display for DefaultMemory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(out, "{percent}%"),
            Self::Megabytes(megabytes) => write!(out, "{megabytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_a_share_of_the_host_or_so_many_megabytes() {
        let bytes = |text: &str| text.parse::<DefaultMemory>().unwrap().bytes(8 << 30);
        assert_eq!(bytes("50%"), Some((8 << 30) / 100 * 50));
        assert_eq!(bytes("2048"), Some(2 << 30));
        assert_eq!(DefaultMemory::default().bytes(0), None, "an engine that does not say");
        for wrong in ["", "0%", "101%", "-1", "15", "2g", "50 percent"] {
            assert!(wrong.parse::<DefaultMemory>().is_err(), "{wrong}");
        }
        for right in ["50%", "2048"] {
            assert_eq!(right.parse::<DefaultMemory>().unwrap().to_string(), right);
        }
    }
}
