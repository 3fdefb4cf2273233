//! What a change does to what runs.

use serde::{Deserialize, Serialize};

/// What a change does to running containers, from least to most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// Limits of running containers change in place.
    Update,
    /// Replicas come or go; the others run on.
    Scale,
    /// A new deployment takes over.
    Redeploy,
}
