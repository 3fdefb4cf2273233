//! Where the canvas reports to.

use web_sys::Element;
use yew::Callback;

use crate::canvas::{geometry::Position, scene::CardId, scene_store::Moved};

/// A menu is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MenuRequest {
    /// In pixels from the canvas's corner.
    pub at: Position,
    pub map: Position,
    pub card: Option<CardId>,
}

/// Where the canvas reports to.
#[derive(Clone, Default, PartialEq)]
pub(in crate::canvas) struct Callbacks {
    pub(in crate::canvas) on_select: Callback<Option<CardId>>,
    pub(in crate::canvas) on_selection: Callback<Vec<CardId>>,
    pub(in crate::canvas) on_open: Callback<CardId>,
    pub(in crate::canvas) on_moving: Callback<Vec<Moved>>,
    pub(in crate::canvas) on_moved: Callback<Vec<Moved>>,
    pub(in crate::canvas) on_menu: Callback<MenuRequest>,
    pub(in crate::canvas) on_point: Callback<Position>,
    pub(in crate::canvas) on_mounts: Callback<Vec<(CardId, Element)>>,
}
