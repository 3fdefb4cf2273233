//! Groups.

use crate::{GroupId, Name, ServiceId};
use serde::{Deserialize, Serialize};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct GroupItem {
    pub id: GroupId,
    pub name: Name,
    /// Who lies in it.
    pub services: Vec<ServiceId>,
    /// Whether it only exists as a staged change so far.
    pub staged: bool,
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct CreateGroup {
    pub name: Name,
    /// Who shall lie in it.
    #[serde(default)]
    pub services: Vec<ServiceId>,
}
