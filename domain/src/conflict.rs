//! What was changed by somebody else meanwhile.

use crate::{Address, ChangeId, Content};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An address that has moved since a change to it was staged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// Which change.
    pub change: ChangeId,
    /// Where.
    pub address: Address,
    /// The same, in names that people know.
    #[serde(default)]
    pub title: String,
    /// What the change would put there.
    pub mine: Option<Content>,
    /// What has been put there meanwhile.
    pub theirs: Option<Content>,
}

/// Conflicts, together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflicts(pub Vec<Conflict>);

impl Conflicts {
    /// The same, without the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Vec<Conflict> {
        let hide = |content: &Option<Content>| content.as_ref().map(Content::hidden);
        let all = self.0.iter().cloned();
        all.map(|one| Conflict { mine: hide(&one.mine), theirs: hide(&one.theirs), ..one })
            .collect()
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<&str> = self.0.iter().map(|conflict| conflict.title.as_str()).collect();
        write!(
            out,
            "somebody else has changed this meanwhile: {}; keep yours or take theirs, then apply again",
            places.join(", ")
        )
    }
}
