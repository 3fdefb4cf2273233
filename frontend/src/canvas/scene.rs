//! What there is to draw: handed in by the page, compared by pointer, never changed in place.

use std::rc::Rc;

use super::geometry::Area;

/// Names a thing on the map, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardId(pub u128);

/// Everything on the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Later ones lie above earlier ones of their layer.
    pub cards: Vec<Card>,
    pub edges: Vec<Edge>,
}

/// A thing on the map: where it is, and what the map must know to draw it from afar.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    pub id: CardId,
    pub area: Area,
    /// Read out to those who cannot see it, and written on its slab when zoomed out.
    pub label: Rc<str>,
    pub layer: Layer,
    pub tone: Tone,
    /// The group that takes this card along when it moves.
    pub parent: Option<CardId>,
    /// Whether the corner can be dragged to make it larger.
    pub is_resizable: bool,
}

impl Card {
    #[must_use]
    pub fn new(id: CardId, area: Area, label: impl Into<Rc<str>>) -> Self {
        Self {
            id,
            area,
            label: label.into(),
            layer: Layer::Card,
            tone: Tone::Calm,
            parent: None,
            is_resizable: false,
        }
    }
}

/// What lies above what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Under the edges: groups.
    Background,
    #[default]
    Card,
}

/// The pigment of a card's slab when zoomed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Calm,
    Live,
    Progress,
    Staged,
    Failed,
}

/// A line from the card that needs to the card that is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub from: CardId,
    pub to: CardId,
    /// Shown while one of its ends is pointed at: the names of the variables.
    pub label: Rc<str>,
    pub kind: EdgeKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeKind {
    #[default]
    Quiet,
    /// Exists only in staged changes.
    Staged,
    /// Refers to what is not there.
    Broken,
}
