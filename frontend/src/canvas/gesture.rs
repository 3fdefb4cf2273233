//! What a hand is doing: from pressing to letting go.

use super::{
    geometry::{Area, Position},
    scene::CardId,
    scene_store::Moved,
};

/// One pointer event, in pixels from the canvas's corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    pub id: i32,
    pub at: Position,
    pub button: Button,
    pub is_touch: bool,
    pub keys: Keys,
    /// Milliseconds since some moment.
    pub time: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Button {
    #[default]
    Primary,
    Middle,
    Secondary,
}

/// The keys held meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    pub shift: bool,
    /// Control, or command on a Mac.
    pub control: bool,
    pub alt: bool,
    pub space: bool,
}

/// How far a pointer may tremble before a press becomes a drag.
const SLOP: f64 = 4.0;
const SLOP_TOUCH: f64 = 9.0;

/// What is going on.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gesture {
    #[default]
    Idle,
    /// Held down, not moved yet.
    Pressed {
        pointer: Pointer,
        target: Target,
    },
    Panning {
        last: Position,
    },
    Pinching {
        middle: Position,
        spread: f64,
    },
    /// Cards follow the pointer; `origins` is where they came from.
    Dragging {
        start: Position,
        origins: Vec<Moved>,
    },
    Resizing {
        start: Position,
        origin: Moved,
    },
    /// A box is drawn; what it meets becomes selected.
    Boxing {
        start: Position,
        end: Position,
        before: Vec<CardId>,
    },
}

/// What lay under the pointer when it was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Background,
    Card(CardId),
    /// A group's inside: a click chooses it, a drag is the ground's.
    Inside(CardId),
    /// The corner that makes a card larger.
    Corner(CardId),
}

impl Gesture {
    /// Whether the pointer has moved far enough to mean it.
    #[must_use]
    pub fn is_past_slop(pressed: &Pointer, now: Position) -> bool {
        let slop = if pressed.is_touch { SLOP_TOUCH } else { SLOP };
        pressed.at.distance(now) > slop
    }

    /// The cards that are under way.
    #[must_use]
    pub fn dragged(&self) -> Vec<CardId> {
        match self {
            Self::Dragging { origins, .. } => origins.iter().map(|moved| moved.id).collect(),
            Self::Resizing { origin, .. } => vec![origin.id],
            Self::Idle
            | Self::Pressed { .. }
            | Self::Panning { .. }
            | Self::Pinching { .. }
            | Self::Boxing { .. } => Vec::new(),
        }
    }

    /// The selection box, in map units.
    #[must_use]
    pub fn selection_box(&self) -> Option<Area> {
        if let Self::Boxing { start, end, .. } = self {
            Some(Area::between(*start, *end))
        } else {
            None
        }
    }
}

/// What the page has to hear about.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A click, to be passed on to what is interactive under it; else it chooses the card.
    Click {
        at: Position,
        card: Option<CardId>,
        adds: bool,
    },
    /// The card whose panel is open, as it were.
    Select(Option<CardId>),
    /// All that are selected.
    Selection(Vec<CardId>),
    Open(CardId),
    /// Under way: to show others.
    Moving(Vec<Moved>),
    /// Let go: to be stored.
    Moved(Vec<Moved>),
    /// The keyboard has gone to this card.
    Focus(CardId),
    Menu {
        at: Position,
        map: Position,
        card: Option<CardId>,
    },
}
