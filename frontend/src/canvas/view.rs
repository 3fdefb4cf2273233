//! The one place where the canvas meets the document: events mark, frames write.

mod bitmap;
mod hosts;
mod input;
mod lines;
mod peers;
mod stage;

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement};
use yew::Callback;

use self::stage::Stage;
use super::{
    board::Moved,
    engine::Engine,
    geometry::Position,
    gesture::Effect,
    scene::{CardId, Scene},
};

/// How often others hear of a drag or a cursor, in milliseconds.
const TELL_EVERY: f64 = 33.0;

/// Where the canvas reports to.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Outlets {
    pub(super) on_select: Callback<Option<CardId>>,
    pub(super) on_selection: Callback<Vec<CardId>>,
    pub(super) on_open: Callback<CardId>,
    pub(super) on_moving: Callback<Vec<Moved>>,
    pub(super) on_moved: Callback<Vec<Moved>>,
    pub(super) on_menu: Callback<super::MenuRequest>,
    pub(super) on_point: Callback<Position>,
    pub(super) on_mounts: Callback<Vec<(CardId, Element)>>,
}

/// A canvas in the document. Its listeners end with it.
pub(super) struct View {
    stage: Rc<RefCell<Stage>>,
    _listeners: Vec<EventListener>,
    _resize: Option<ResizeWatch>,
}

struct ResizeWatch {
    observer: web_sys::ResizeObserver,
    _callback: Closure<dyn FnMut()>,
}

impl Drop for ResizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// A way to reach a stage that may be gone.
#[derive(Clone, Default)]
pub(super) struct Reach(RefCell<Option<Weak<RefCell<Stage>>>>);

impl Reach {
    pub(super) fn engine(&self, change: impl FnOnce(&mut Engine)) {
        self.stage(|stage| change(&mut stage.engine));
    }

    pub(super) fn point(&self, key: &str, name: &str, pigment: u8, at: Position) {
        self.stage(|stage| stage.peers.point(key, name, pigment, at));
    }

    pub(super) fn leave(&self, key: &str) {
        self.stage(|stage| stage.peers.leave(key));
    }

    pub(super) fn focused(&self) -> Option<CardId> {
        let stage = self.0.borrow().as_ref().and_then(Weak::upgrade)?;
        let stage = stage.try_borrow().ok()?;
        let here = stage.window.document()?.active_element()?;
        stage.hosts.card(&here)
    }

    fn stage(&self, change: impl FnOnce(&mut Stage)) {
        let stage = self.0.borrow().as_ref().and_then(Weak::upgrade);
        if let Some(stage) = stage {
            change(&mut stage.borrow_mut());
            settle(&stage);
        }
    }
}

impl View {
    /// Builds the canvas's layers within `root` and begins to listen.
    pub(super) fn new(root: &HtmlElement, outlets: Outlets, reach: &Reach) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let stage = Rc::new(RefCell::new(Stage::build(window, &document, root, outlets)?));

        let again = Rc::downgrade(&stage);
        let tick = Closure::new(move |now: f64| {
            if let Some(stage) = again.upgrade() {
                stage.borrow_mut().write(now);
                tell(&stage, Some(now));
            }
        });
        stage.borrow_mut().tick = Some(tick);

        let listeners = input::listen(root, &stage);
        let resize = watch_size(root, &stage);
        reach.0.replace(Some(Rc::downgrade(&stage)));
        Some(Self { stage, _listeners: listeners, _resize: resize })
    }

    pub(super) fn load(&self, scene: &Scene) {
        {
            let mut stage = self.stage.borrow_mut();
            stage.measure();
            stage.engine.load(scene);
            stage.fit_first();
        }
        settle(&self.stage);
    }

    pub(super) fn set_outlets(&self, outlets: Outlets) {
        self.stage.borrow_mut().outlets = outlets;
    }

    pub(super) fn set_selected(&self, card: Option<CardId>) {
        self.stage.borrow_mut().engine.set_selected(card);
        settle(&self.stage);
    }
}

/// After a change: a frame is asked for, and the page hears what has happened.
fn settle(stage: &Rc<RefCell<Stage>>) {
    stage.borrow_mut().schedule();
    tell(stage, None);
}

/// Tells the page, with nothing borrowed: it may answer at once.
fn tell(stage: &Rc<RefCell<Stage>>, frame: Option<f64>) {
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
                if card.is_none() || adds || !input::pass_on(stage, at) {
                    stage.borrow_mut().engine.choose(card, adds);
                    settle(stage);
                }
            }
            Effect::Select(card) => outlets.on_select.emit(card),
            Effect::Selection(cards) => outlets.on_selection.emit(cards),
            Effect::Open(card) => outlets.on_open.emit(card),
            Effect::Moved(moved) => outlets.on_moved.emit(moved),
            Effect::Menu { at, map, card } => {
                outlets.on_menu.emit(super::MenuRequest { at, map, card });
            }
            Effect::Moving(_) | Effect::Focus(_) => (),
        }
    }
}

fn watch_size(root: &HtmlElement, stage: &Rc<RefCell<Stage>>) -> Option<ResizeWatch> {
    let stage = Rc::downgrade(stage);
    let callback = Closure::<dyn FnMut()>::new(move || {
        if let Some(stage) = stage.upgrade() {
            {
                let mut stage = stage.borrow_mut();
                stage.measure();
                stage.fit_first();
            }
            settle(&stage);
        }
    });
    let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
    observer.observe(root);
    Some(ResizeWatch { observer, _callback: callback })
}
