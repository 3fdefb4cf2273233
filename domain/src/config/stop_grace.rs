//! How long a container may take to stop.

use crate::name::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// How long a container may take to stop once it has been asked, before it is killed.
///
/// Invariant: whole seconds, 1 to 3,600. Written as `30s` or `1m 30s`; a bare number means seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct StopGrace(u16);

impl StopGrace {
    /// As a length of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl fmt::Display for StopGrace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.duration()).fmt(out)
    }
}

impl FromStr for StopGrace {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("must be whole seconds up to an hour, such as 30s or 1m 30s");
        let time = match text.trim().parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => humantime::parse_duration(text).map_err(|_| wrong())?,
        };
        let seconds = u16::try_from(time.as_secs()).ok().filter(|it| (1..=3600).contains(it));
        seconds.filter(|_| time.subsec_nanos() == 0).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for StopGrace {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<StopGrace> for String {
    fn from(grace: StopGrace) -> Self {
        grace.to_string()
    }
}
