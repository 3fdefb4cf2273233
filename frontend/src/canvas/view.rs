//! The one place where the canvas meets the document: events mark, frames write.

mod bitmap;
mod callbacks;
mod hosts;
mod input;
mod lines;
mod peers;
mod renderer;
mod report_effects;

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

pub(super) use self::callbacks::Callbacks;
pub use self::callbacks::MenuRequest;
use self::{
    renderer::Renderer,
    report_effects::{report_effects, settle},
};
use super::{
    engine::Engine,
    geometry::Position,
    scene::{CardId, Scene},
};

/// A canvas in the document. Its listeners end with it.
pub(super) struct View {
    renderer: Rc<RefCell<Renderer>>,
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
pub(super) struct RendererRef(RefCell<Option<Weak<RefCell<Renderer>>>>);

impl RendererRef {
    pub(super) fn engine(&self, change: impl FnOnce(&mut Engine)) {
        self.renderer(|renderer| change(&mut renderer.engine));
    }

    pub(super) fn point(&self, key: &str, name: &str, colour: u8, at: Position) {
        self.renderer(|renderer| renderer.peers.point(key, name, colour, at));
    }

    pub(super) fn leave(&self, key: &str) {
        self.renderer(|renderer| renderer.peers.leave(key));
    }

    pub(super) fn focused(&self) -> Option<CardId> {
        let renderer = self.0.borrow().as_ref().and_then(Weak::upgrade)?;
        let renderer = renderer.try_borrow().ok()?;
        let here = renderer.window.document()?.active_element()?;
        renderer.hosts.card(&here)
    }

    fn renderer(&self, change: impl FnOnce(&mut Renderer)) {
        let renderer = self.0.borrow().as_ref().and_then(Weak::upgrade);
        if let Some(renderer) = renderer {
            change(&mut renderer.borrow_mut());
            settle(&renderer);
        }
    }
}

impl View {
    /// Builds the canvas's layers within `root` and begins to listen.
    pub(super) fn new(
        root: &HtmlElement,
        callbacks: Callbacks,
        reach: &RendererRef,
    ) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let renderer = Rc::new(RefCell::new(Renderer::build(window, &document, root, callbacks)?));

        let again = Rc::downgrade(&renderer);
        let tick = Closure::new(move |now: f64| {
            if let Some(renderer) = again.upgrade() {
                renderer.borrow_mut().write(now);
                report_effects(&renderer, Some(now));
            }
        });
        renderer.borrow_mut().tick = Some(tick);

        let listeners = input::listen(root, &renderer);
        let resize = watch_size(root, &renderer);
        reach.0.replace(Some(Rc::downgrade(&renderer)));
        Some(Self { renderer, _listeners: listeners, _resize: resize })
    }

    pub(super) fn load(&self, scene: &Scene) {
        {
            let mut renderer = self.renderer.borrow_mut();
            renderer.measure();
            renderer.engine.load(scene);
            renderer.fit_first();
        }
        settle(&self.renderer);
    }

    pub(super) fn set_callbacks(&self, callbacks: Callbacks) {
        self.renderer.borrow_mut().callbacks = callbacks;
    }

    pub(super) fn set_selected(&self, card: Option<CardId>) {
        self.renderer.borrow_mut().engine.set_selected(card);
        settle(&self.renderer);
    }
}

fn watch_size(root: &HtmlElement, renderer: &Rc<RefCell<Renderer>>) -> Option<ResizeWatch> {
    let renderer = Rc::downgrade(renderer);
    let callback = Closure::<dyn FnMut()>::new(move || {
        if let Some(renderer) = renderer.upgrade() {
            {
                let mut renderer = renderer.borrow_mut();
                renderer.measure();
                renderer.fit_first();
            }
            settle(&renderer);
        }
    });
    let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
    observer.observe(root);
    Some(ResizeWatch { observer, _callback: callback })
}
