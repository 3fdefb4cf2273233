//! Keys for scripts.

use crate::{Name, ProjectId, Secret, Set, Timestamp, access::KeyScope, account::ApiKey};
use serde::{Deserialize, Serialize};

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateKey {
    /// What it is for.
    pub description: Name,
    /// When it ends; never, if absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// What it may be used for; all but `admin`, if absent.
    #[serde(default = "usual")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeSet<KeyScope>))]
    pub scopes: Set<KeyScope>,
    /// The only project that it may be used for, if any.
    #[serde(default)]
    pub project: Option<ProjectId>,
}

fn usual() -> Set<KeyScope> {
    KeyScope::ALL.iter().copied().filter(|scope| *scope != KeyScope::Admin).collect()
}

/// A key just made. The token is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct CreatedKey {
    #[serde(flatten)]
    pub key: ApiKey,
    /// For `Authorization: Bearer`.
    pub token: Secret,
}
