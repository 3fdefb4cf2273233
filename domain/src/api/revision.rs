//! Revisions.

use crate::{Map, Name, UserId, change::StagedChange, changes::Revision};
use serde::{Deserialize, Serialize};

/// A revision with what it changed, values hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct RevisionDetail {
    #[serde(flatten)]
    pub revision: Revision,
    pub data: Vec<StagedChange>,
    /// Names of its author and contributors.
    pub people: Map<UserId, Name>,
}
