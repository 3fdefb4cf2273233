//! Points in time. The domain never reads a clock: it is told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{fmt, time::Duration};

/// A point in time, in UTC, with millisecond resolution. RFC 3339 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Milliseconds since the Unix epoch; what rows hold. Out-of-range values become the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(
            u64::try_from(self.as_millis() - earlier.as_millis()).unwrap_or_default(),
        )
    }

    /// This, `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_millis(
            self.as_millis()
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // By itself, chrono would also read other ways to write a time.
        let time = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(time.to_utc().into())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_millis(time.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Timestamp> {
        serde_json::from_value(text.into()).ok()
    }

    #[test]
    fn a_time_reads_as_it_was_written_and_of_any_offset() {
        let time = Timestamp::from_millis(1_767_225_600_123);
        let written = serde_json::to_value(time).ok();
        assert_eq!(written, Some("2026-01-01T00:00:00.123Z".into()));
        assert_eq!(read("2026-01-01T00:00:00.123Z"), Some(time));
        assert_eq!(read("2026-01-01T02:00:00.123999+02:00"), Some(time));
    }

    #[test]
    fn what_is_no_rfc_3339_time_is_refused() {
        for text in ["", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "+2026"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
