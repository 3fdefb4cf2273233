//! Who belongs to a project.

use crate::{Email, access::ProjectRole};
use serde::{Deserialize, Serialize};

/// Who shall be a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct NewMember {
    /// The e-mail of somebody with an account.
    pub email: Email,
    pub role: ProjectRole,
}

/// What a member shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct NewRole {
    pub role: ProjectRole,
}
