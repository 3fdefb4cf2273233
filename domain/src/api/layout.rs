//! Where things lie on the canvas.

use crate::{
    Map,
    layout::{Node, Position},
};
use serde::{Deserialize, Serialize};

/// Where nodes shall lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Places {
    /// By node: `service/<id>`, `group/<id>`, `volume/<id>`.
    #[cfg_attr(feature = "openapi", schema(value_type = Map<String, Position>))]
    pub places: Map<Node, Position>,
}
