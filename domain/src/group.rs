//! Groups of services.

use crate::{Map, Name, VariableKey, variable::Variable};
use serde::{Deserialize, Serialize};

/// A group of services, which share its variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// What people call it.
    pub name: Name,
    /// Variables that its services inherit.
    #[serde(default)]
    pub variables: Map<VariableKey, Variable>,
}
