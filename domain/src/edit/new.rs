//! What is asked to be made.

use crate::{
    Check, Command, GroupId, IconUrl, Limits, Map, MountPath, Name, Port, Replicas, Secret,
    ServiceId, Slug, Source, Strategy, VariableKey, layout::Position,
};
use serde::{Deserialize, Serialize};

/// A service to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field is the one of `Service`")]
pub struct NewService {
    pub name: Name,
    /// Suggested by the name if absent.
    #[serde(default)]
    pub slug: Option<Slug>,
    #[serde(default)]
    pub icon: Option<IconUrl>,
    #[serde(default)]
    pub group: Option<GroupId>,
    #[serde(default)]
    pub source: Source,
    #[serde(default)]
    pub command: Option<Command>,
    #[serde(default)]
    pub ports: Vec<Port>,
    #[serde(default)]
    pub replicas: Replicas,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub check: Check,
    #[serde(default)]
    pub strategy: Strategy,
    #[serde(default)]
    pub variables: Map<VariableKey, NewVariable>,
    /// Where it lies on the canvas.
    #[serde(default)]
    pub position: Option<Position>,
}

/// A variable to be made, together with its service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewVariable {
    /// Its value, with references as text.
    pub value: Secret,
    /// Whether it is write-only.
    #[serde(default)]
    pub sealed: bool,
}

/// Where a volume shall appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMount {
    /// In which service.
    pub service: ServiceId,
    /// Where in it.
    pub path: MountPath,
}
