//! The one place where the canvas meets the document: events mark, frames write.

mod bitmap;
mod hosts;
mod input;
mod lines;
mod outlets;
mod peers;
mod stage;
mod tell;

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

pub use self::outlets::MenuRequest;
pub(super) use self::outlets::Outlets;
use self::{
    stage::Stage,
    tell::{settle, tell},
};
use super::{
    engine::Engine,
    geometry::Position,
    scene::{CardId, Scene},
};

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
