//! How many of a service should run.

use crate::name::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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

impl fmt::Display for Replicas {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for Replicas {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let count: u16 =
            text.parse().map_err(|_| Invalid::new("must be a number from 0 to 100"))?;
        Self::try_from(count)
    }
}
