//! What the page is told, and which clicks are passed on to a card's content.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{outlets::MenuRequest, stage::Stage};
use crate::canvas::{geometry::Position, gesture::Effect};

/// How often others hear of a drag or a cursor, in milliseconds.
const TELL_EVERY: f64 = 33.0;

/// What a click is passed on to.
const INTERACTIVE: &str = "a[href], button, [data-click]";

/// After a change: a frame is asked for, and the page hears what has happened.
pub(super) fn settle(stage: &Rc<RefCell<Stage>>) {
    stage.borrow_mut().schedule();
    tell(stage, None);
}

/// Tells the page, with nothing borrowed: it may answer at once.
pub(super) fn tell(stage: &Rc<RefCell<Stage>>, frame: Option<f64>) {
    let (outlets, effects, mounts, moving, pointed) = {
        let mut stage = stage.borrow_mut();
        let stage = &mut *stage;
        let mut effects = stage.engine.effects();
        effects.retain(|effect| match effect {
            Effect::Moving(moving) => {
                stage.moving = Some(moving.clone());
                false
            }
            Effect::Focus(id) => {
                stage.focus = Some(*id);
                false
            }
            Effect::Click { .. }
            | Effect::Select(_)
            | Effect::Selection(_)
            | Effect::Open(_)
            | Effect::Moved(_)
            | Effect::Menu { .. } => true,
        });
        if effects.iter().any(|effect| matches!(effect, Effect::Moved(_))) {
            stage.moving = None;
        }
        let mounts = std::mem::take(&mut stage.has_mounts_to_tell).then(|| stage.hosts.list());
        let is_time = frame.is_some_and(|now| now - stage.told >= TELL_EVERY);
        let (moving, pointed) = if is_time {
            stage.told = frame.unwrap_or_default();
            (stage.moving.take(), stage.pointed.take())
        } else {
            (None, None)
        };
        (stage.outlets.clone(), effects, mounts, moving, pointed)
    };

    if let Some(mounts) = mounts {
        outlets.on_mounts.emit(mounts);
    }
    if let Some(moving) = moving {
        outlets.on_moving.emit(moving);
    }
    if let Some(at) = pointed {
        outlets.on_point.emit(at);
    }
    for effect in effects {
        match effect {
            Effect::Click { at, card, adds } => {
                if card.is_none() || adds || !pass_on(stage, at) {
                    stage.borrow_mut().engine.choose(card, adds);
                    settle(stage);
                }
            }
            Effect::Select(card) => outlets.on_select.emit(card),
            Effect::Selection(cards) => outlets.on_selection.emit(cards),
            Effect::Open(card) => outlets.on_open.emit(card),
            Effect::Moved(moved) => outlets.on_moved.emit(moved),
            Effect::Menu { at, map, card } => {
                outlets.on_menu.emit(MenuRequest { at, map, card });
            }
            Effect::Moving(_) | Effect::Focus(_) => (),
        }
    }
}

/// Passes a click on to the interactive part of a card under it; whether there was one.
fn pass_on(stage: &Rc<RefCell<Stage>>, at: Position) -> bool {
    let found = {
        let stage = stage.borrow();
        let corner = stage.root.get_bounding_client_rect();
        let Some(document) = stage.window.document() else { return false };
        #[expect(clippy::cast_possible_truncation, reason = "screens are small")]
        let under =
            document.elements_from_point((at.x + corner.x()) as f32, (at.y + corner.y()) as f32);
        under.iter().find_map(|element| {
            let part = element.dyn_into::<Element>().ok()?.closest(INTERACTIVE).ok()??;
            part.closest(".canvas-host").ok()??;
            part.dyn_into::<HtmlElement>().ok()
        })
    };
    match found {
        Some(element) => {
            element.click();
            true
        }
        None => false,
    }
}
