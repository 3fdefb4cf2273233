//! Something that is on or off.

use crate::name::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Whether something is so; off unless it is switched on. `true` or `false` on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = bool))]
pub struct Flag(pub bool);

impl Flag {
    /// The words, each with what it means.
    pub const CHOICES: &'static [(&'static str, &'static str)] =
        &[("false", "Off"), ("true", "On")];
}

impl fmt::Display for Flag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// `true`, `yes` and `on` are one, `false`, `no` and `off` the other.
impl FromStr for Flag {
    type Err = Invalid;

    fn from_str(word: &str) -> Result<Self, Invalid> {
        match word.trim() {
            "true" | "yes" | "on" => Ok(Self(true)),
            "false" | "no" | "off" => Ok(Self(false)),
            _ => Err(Invalid::new("must be `true` or `false`")),
        }
    }
}
