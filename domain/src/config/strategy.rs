//! How a new deployment takes over.

use crate::name::word_type;
use serde::{Deserialize, Serialize};

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

word_type!(Strategy {
    Automatic = "automatic": "Automatic: stop first if a volume is mounted",
    StartFirst = "start_first": "Start first: the new one is ready before the old one stops",
    StopFirst = "stop_first": "Stop first: never two at once",
});
