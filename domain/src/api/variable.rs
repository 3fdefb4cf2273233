//! Variables, listed without values.

use crate::{Address, Secret, VariableKey, template::Reference};
use serde::{Deserialize, Serialize};

/// A variable, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct VariableItem {
    /// Its key names it within its scope.
    pub key: VariableKey,
    pub address: Address,
    /// Where it is defined.
    pub scope: VariableScope,
    pub sealed: bool,
    /// Changes whenever the value is written anew.
    pub version: u64,
    /// To whom it refers.
    pub references: Vec<Reference>,
    /// What is staged for it.
    pub staged: Option<VariableStep>,
    /// Whether it comes from an earlier scope.
    pub inherited: bool,
}

/// Where a variable is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each names itself")]
pub enum VariableScope {
    Shared,
    Group,
    Service,
}

/// What a staged change does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each names itself")]
pub enum VariableStep {
    Create,
    Update,
    Delete,
}

/// A variable to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct CreateVariable {
    pub key: VariableKey,
    /// Any text, also an empty one; `${{service.KEY}}` refers.
    pub value: Secret,
    /// Write-only for ever.
    #[serde(default)]
    pub sealed: bool,
}

/// Another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct UpdateVariable {
    pub value: Secret,
    #[serde(default)]
    pub sealed: bool,
}
