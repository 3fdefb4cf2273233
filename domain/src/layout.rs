//! Where things lie on the canvas. Not staged: nothing runs differently for it.

use crate::{
    Address, EnvironmentId, GroupId, Map, Result, ServiceId, VolumeId, access::Mutation,
    name::Invalid,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Something that lies on the canvas: `service/<id>`, `group/<id>`, `volume/<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(missing_docs, reason = "each names what it is")]
pub enum Node {
    Service(ServiceId),
    Group(GroupId),
    Volume(VolumeId),
}

impl Node {
    /// What lies on the canvas for this address: only whole things do.
    #[must_use]
    pub fn at(address: &Address) -> Option<Self> {
        match address {
            Address::Service(id) => Some(Self::Service(*id)),
            Address::Group(id) => Some(Self::Group(*id)),
            Address::Volume(id) => Some(Self::Volume(*id)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(id) => write!(out, "service/{id}"),
            Self::Group(id) => write!(out, "group/{id}"),
            Self::Volume(id) => write!(out, "volume/{id}"),
        }
    }
}

impl TryFrom<String> for Node {
    type Error = Invalid;

    fn try_from(raw: String) -> std::result::Result<Self, Invalid> {
        let wrong = || Invalid::new("must be a node such as service/<id>");
        let (kind, id) = raw.split_once('/').ok_or_else(wrong)?;
        match kind {
            "service" => id.parse().map(Self::Service).map_err(|_| wrong()),
            "group" => id.parse().map(Self::Group).map_err(|_| wrong()),
            "volume" => id.parse().map(Self::Volume).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl From<Node> for String {
    fn from(node: Node) -> Self {
        node.to_string()
    }
}

/// A place on the canvas, in its own units, from its top left corner.
///
/// Invariant: whole numbers, at most a million away from the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawPosition")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPosition {
    x: f64,
    y: f64,
}

impl Position {
    /// The nearest place on the canvas.
    ///
    /// # Errors
    /// When a coordinate is no number or more than a million away from the origin.
    pub fn new(x: f64, y: f64) -> std::result::Result<Self, Invalid> {
        let near = |value: f64| value.is_finite() && value.abs() <= 1_000_000.0;
        if !near(x) || !near(y) {
            return Err(Invalid::new("must lie within a million of the origin"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
        Ok(Self { x: x.round() as i32, y: y.round() as i32 })
    }
}

impl TryFrom<RawPosition> for Position {
    type Error = Invalid;

    fn try_from(raw: RawPosition) -> std::result::Result<Self, Invalid> {
        Self::new(raw.x, raw.y)
    }
}

/// Where everything lies; what is absent has not been placed and is laid out by the canvas.
pub type Layout = Map<Node, Position>;

/// Layouts. The last writer of a node's place wins.
#[async_trait]
pub trait Layouts: Send + Sync {
    /// Moves nodes, all in one write. Nodes that exist neither in the spec nor staged are left out.
    async fn place(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        places: &[(Node, Position)],
    ) -> Result<()>;
}

#[cfg(feature = "openapi")]
crate::name::text_schema!(Node);
