//! People with accounts: for admins.

use crate::{Secret, access::InstanceRole};
use serde::{Deserialize, Serialize};

/// Somebody to be given an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct CreateUser {
    // As typed, so that all that is wrong is said at once.
    pub email: Secret,
    pub name: Secret,
    /// 8 characters at least, 72 bytes at most.
    pub password: Secret,
    #[serde(default)]
    pub role: InstanceRole,
}
