//! What the page is told, and which clicks are passed on to a card's content.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{callbacks::MenuRequest, renderer::Renderer};
use crate::canvas::{geometry::Position, gesture::Effect};

/// How often others hear of a drag or a cursor, in milliseconds.
const TELL_EVERY: f64 = 33.0;

/// What a click is passed on to.
const INTERACTIVE: &str = "a[href], button, [data-click]";

/// After a change: a frame is asked for, and the page hears what has happened.
pub(super) fn settle(renderer: &Rc<RefCell<Renderer>>) {
    renderer.borrow_mut().schedule();
    report_effects(renderer, None);
}

/// Tells the page, with nothing borrowed: it may answer at once.
pub(super) fn report_effects(renderer: &Rc<RefCell<Renderer>>, frame: Option<f64>) {
    let (callbacks, effects, mounts, moving, pointed) = {
        let mut renderer = renderer.borrow_mut();
        let renderer = &mut *renderer;
        let mut effects = renderer.engine.effects();
        effects.retain(|effect| match effect {
            Effect::Moving(moving) => {
                renderer.moving = Some(moving.clone());
                false
            }
            Effect::Focus(id) => {
                renderer.focus = Some(*id);
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
            renderer.moving = None;
        }
        let mounts =
            std::mem::take(&mut renderer.has_mounts_to_tell).then(|| renderer.hosts.list());
        let is_time = frame.is_some_and(|now| now - renderer.told >= TELL_EVERY);
        let (moving, pointed) = if is_time {
            renderer.told = frame.unwrap_or_default();
            (renderer.moving.take(), renderer.pointed.take())
        } else {
            (None, None)
        };
        (renderer.callbacks.clone(), effects, mounts, moving, pointed)
    };

    if let Some(mounts) = mounts {
        callbacks.on_mounts.emit(mounts);
    }
    if let Some(moving) = moving {
        callbacks.on_moving.emit(moving);
    }
    if let Some(at) = pointed {
        callbacks.on_point.emit(at);
    }
    for effect in effects {
        match effect {
            Effect::Click { at, card, adds } => {
                if card.is_none() || adds || !pass_on(renderer, at) {
                    renderer.borrow_mut().engine.choose(card, adds);
                    settle(renderer);
                }
            }
            Effect::Select(card) => callbacks.on_select.emit(card),
            Effect::Selection(cards) => callbacks.on_selection.emit(cards),
            Effect::Open(card) => callbacks.on_open.emit(card),
            Effect::Moved(moved) => callbacks.on_moved.emit(moved),
            Effect::Menu { at, map, card } => {
                callbacks.on_menu.emit(MenuRequest { at, map, card });
            }
            Effect::Moving(_) | Effect::Focus(_) => (),
        }
    }
}

/// Passes a click on to the interactive part of a card under it; whether there was one.
fn pass_on(renderer: &Rc<RefCell<Renderer>>, at: Position) -> bool {
    let found = {
        let renderer = renderer.borrow();
        let corner = renderer.root.get_bounding_client_rect();
        let Some(document) = renderer.window.document() else { return false };
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
