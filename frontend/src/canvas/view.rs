//! The one place where the canvas meets the document: events mark, frames write.

mod bitmap;
mod hosts;
mod input;
mod lines;
mod peers;

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, Element, HtmlElement, Window};
use yew::Callback;

use self::{
    bitmap::Painter,
    hosts::{Hosts, Layers},
    lines::Lines,
    peers::Peers,
};
use super::{
    board::Moved,
    buffer::Buffer,
    camera::{Camera, Size},
    engine::{Engine, Frame, Hover},
    geometry::Position,
    gesture::{Effect, Gesture},
    scene::{CardId, Scene},
};

/// How often others hear of a drag or a cursor, in milliseconds.
const TELL_EVERY: f64 = 33.0;
/// When a zoom has settled, text is drawn sharp again.
const SETTLE: f64 = 160.0;
/// The ground's dots lie this far apart at life size.
const DOTS: f64 = 24.0;

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

/// Everything behind one canvas.
struct Stage {
    window: Window,
    root: HtmlElement,
    grid: HtmlElement,
    port: HtmlElement,
    upper: HtmlElement,
    selection_box: HtmlElement,
    probe: HtmlElement,
    engine: Engine,
    hosts: Hosts,
    lines: Lines,
    painter: Painter,
    peers: Peers,
    outlets: Outlets,
    buffer: Buffer,
    tick: Option<Closure<dyn FnMut(f64)>>,
    is_scheduled: bool,
    is_fitted: bool,
    has_mounts_to_tell: bool,
    moving: Option<Vec<Moved>>,
    pointed: Option<Position>,
    told: f64,
    written: Option<Camera>,
    settles: Option<f64>,
    focus: Option<CardId>,
}

impl Stage {
    fn build(
        window: Window,
        document: &Document,
        root: &HtmlElement,
        outlets: Outlets,
    ) -> Option<Self> {
        let make = |parent: &Element, name: &str, class: &str| -> Option<Element> {
            let element = match name {
                "svg" => document.create_element_ns(Some("http://www.w3.org/2000/svg"), name),
                _ => document.create_element(name),
            }
            .ok()?;
            element.set_attribute("class", class).ok()?;
            parent.append_child(&element).ok()?;
            Some(element)
        };
        let styled = |element: Element| element.dyn_into::<HtmlElement>().ok();

        let grid = styled(make(root, "div", "canvas-grid")?)?;
        let bitmap = make(root, "canvas", "canvas-bitmap")?.dyn_into().ok()?;
        let port = styled(make(root, "div", "canvas-port")?)?;
        let ground = make(&port, "div", "canvas-layer")?;
        let edges = make(&port, "svg", "canvas-edges")?;
        let cards = make(&port, "div", "canvas-layer")?;
        make(root, "div", "canvas-input")?;
        let upper = styled(make(root, "div", "canvas-port canvas-port--upper")?)?;
        let upper_edges = make(&upper, "svg", "canvas-edges")?;
        let upper_cards = make(&upper, "div", "canvas-layer")?;
        let peers = make(root, "div", "canvas-peers")?;
        let selection_box = styled(make(root, "div", "canvas-box")?)?;
        let probe = styled(make(root, "div", "canvas-probe")?)?;
        selection_box.set_hidden(true);

        let mut engine = Engine::default();
        let still = window.match_media("(prefers-reduced-motion: reduce)");
        engine.keep_still(still.ok().flatten().is_some_and(|query| query.matches()));

        let layers = Layers { ground, cards, upper: upper_cards };
        Some(Self {
            painter: Painter::new(window.clone(), bitmap),
            hosts: Hosts::new(document.clone(), layers),
            lines: Lines::new(document.clone(), edges, upper_edges),
            peers: Peers::new(document.clone(), peers),
            window,
            root: root.clone(),
            grid,
            port,
            upper,
            selection_box,
            probe,
            engine,
            outlets,
            buffer: Buffer::default(),
            tick: None,
            is_scheduled: false,
            is_fitted: false,
            has_mounts_to_tell: false,
            moving: None,
            pointed: None,
            told: 0.0,
            written: None,
            settles: None,
            focus: None,
        })
    }

    fn measure(&mut self) {
        let (width, height) = (self.root.client_width(), self.root.client_height());
        self.engine.resize(Size { width: f64::from(width), height: f64::from(height) });
    }

    /// Shows everything, the first time there is something.
    fn fit_first(&mut self) {
        if !self.is_fitted && !self.engine.board().is_empty() && self.engine.size().width > 0.0 {
            self.is_fitted = true;
            self.engine.fit_at_once();
        }
    }

    fn schedule(&mut self) {
        if let Some(tick) = &self.tick
            && !self.is_scheduled
        {
            let asked = self.window.request_animation_frame(tick.as_ref().unchecked_ref());
            self.is_scheduled = asked.is_ok();
        }
    }

    /// One frame: everything that has changed, written once. No style is read here.
    fn write(&mut self, now: f64) {
        self.is_scheduled = false;
        self.hosts.reclaim();
        let frame = self.engine.frame(now);
        let mut again = frame.again | self.move_camera(&frame, now);
        self.mount(&frame);

        if frame.scene {
            self.hosts.place_all(&self.engine, &mut self.buffer);
            self.lines.forget();
        }
        for id in &frame.moved {
            self.hosts.place(&self.engine, *id, &mut self.buffer);
            if let Some(card) = self.engine.board().index(*id) {
                self.lines.follow(&self.engine, card, &mut self.buffer);
            }
        }
        self.lines.update(&self.engine, &mut self.buffer);
        if frame.overview {
            self.painter.show(self.engine.overview().is_shown());
        }
        if let Some(bitmap) = frame.bitmap {
            self.painter.draw(&self.engine, bitmap, &self.probe);
            self.painter.place(&self.engine, &mut self.buffer);
        }
        if frame.looks || frame.scene || self.has_mounts_to_tell {
            self.dress();
        }
        again |= self.peers.step(self.engine.camera(), self.engine.is_still(), &mut self.buffer);
        if let Some(id) = self.focus
            && let Some(element) = self.hosts.element(id)
        {
            self.focus = None;
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = element.focus_with_options(&options);
        }
        if again || self.moving.is_some() || self.pointed.is_some() {
            self.schedule();
        }
    }

    fn mount(&mut self, frame: &Frame) {
        for id in &frame.mounts.unmount {
            self.hosts.unmount(*id);
        }
        for id in &frame.mounts.mount {
            self.hosts.mount(&self.engine, *id, &mut self.buffer);
        }
        if !frame.mounts.mount.is_empty() || !frame.mounts.unmount.is_empty() {
            self.has_mounts_to_tell = true;
            let _ = self.root.set_attribute("data-mounted", &self.hosts.len().to_string());
        }
    }

    /// One transform for everything on the map; whether another frame is needed for sharp text.
    fn move_camera(&mut self, frame: &Frame, now: f64) -> bool {
        let camera = self.engine.camera();
        if frame.camera && self.written != Some(camera) {
            let has_zoomed = self.written.is_none_or(|before| before.zoom != camera.zoom);
            let buffer = &mut self.buffer;
            buffer.clear().text("translate(").whole(camera.pan.x).text("px,").whole(camera.pan.y);
            buffer.text("px) scale(").fine(camera.zoom).text(")");
            let _ = self.port.style().set_property("transform", buffer.as_str());
            let _ = self.upper.style().set_property("transform", buffer.as_str());
            self.move_grid(camera, has_zoomed);
            self.written = Some(camera);
            if has_zoomed {
                self.settles = Some(now + SETTLE);
            }
        }
        if frame.camera {
            self.painter.place(&self.engine, &mut self.buffer);
        }
        match self.settles {
            Some(moment) if now >= moment => {
                let _ = self.port.style().set_property("will-change", "auto");
                self.settles = None;
                self.written = None;
                true
            }
            Some(_) => true,
            None => {
                if self.written.is_none() {
                    let _ = self.port.style().set_property("will-change", "transform");
                    self.written = Some(camera);
                }
                false
            }
        }
    }

    /// The dots repeat, so the ground is one element that never moves further than one of them.
    fn move_grid(&mut self, camera: Camera, has_zoomed: bool) {
        let step = camera.zoom.log2().floor();
        let scale = camera.zoom / step.exp2();
        let tile = DOTS * scale;
        let style = self.grid.style();
        let buffer = &mut self.buffer;
        buffer.clear().text("translate(").whole(camera.pan.x.rem_euclid(tile) - tile);
        buffer.text("px,").whole(camera.pan.y.rem_euclid(tile) - tile);
        buffer.text("px) scale(").fine(scale).text(")");
        let _ = style.set_property("transform", buffer.as_str());
        if has_zoomed {
            buffer.clear().fine(((camera.zoom - 0.2) / 0.4).clamp(0.0, 1.0));
            let _ = style.set_property("opacity", buffer.as_str());
        }
    }

    fn dress(&mut self) {
        self.hosts.dress(&self.engine);
        self.lines.dress(&self.engine, &mut self.buffer);

        let hand = match (self.engine.gesture(), self.engine.hover()) {
            (Gesture::Panning { .. } | Gesture::Dragging { .. }, _) => "grabbing",
            (Gesture::Boxing { .. }, _) => "crosshair",
            (Gesture::Resizing { .. }, _) | (_, Hover::Corner(_)) => "resize",
            (_, Hover::Card(_)) => "pointer",
            _ => "grab",
        };
        let _ = self.root.set_attribute("data-hand", hand);

        let area = self.engine.gesture().selection_box();
        self.selection_box.set_hidden(area.is_none());
        if let Some(area) = area {
            let camera = self.engine.camera();
            let corner = camera.to_screen(area.corner());
            let style = self.selection_box.style();
            let buffer = &mut self.buffer;
            buffer.clear().text("translate(").whole(corner.x).text("px,").whole(corner.y);
            buffer.text("px)");
            let _ = style.set_property("transform", buffer.as_str());
            buffer.clear().whole(area.width * camera.zoom).text("px");
            let _ = style.set_property("width", buffer.as_str());
            buffer.clear().whole(area.height * camera.zoom).text("px");
            let _ = style.set_property("height", buffer.as_str());
        }
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
