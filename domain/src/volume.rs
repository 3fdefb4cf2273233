//! Volumes.

use crate::Name;
use serde::{Deserialize, Serialize};

/// A volume. Its data is found by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Volume {
    /// What people call it.
    pub name: Name,
}
