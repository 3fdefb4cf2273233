//! Everything behind one canvas: the engine, the elements, and one frame's writing.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, Element, HtmlElement, Window};

use super::{
    bitmap::Painter,
    callbacks::Callbacks,
    hosts::{Hosts, Layers},
    lines::Lines,
    peers::Peers,
};
use crate::canvas::{
    buffer::Buffer,
    camera::{Camera, Size},
    engine::{Engine, Frame, Hover},
    geometry::Position,
    gesture::Gesture,
    scene::CardId,
    scene_store::Moved,
};

/// When a zoom has settled, text is drawn sharp again.
const SETTLE: f64 = 160.0;
/// The ground's dots lie this far apart at life size.
const DOTS: f64 = 24.0;

/// Everything behind one canvas.
pub(super) struct Renderer {
    pub(super) window: Window,
    pub(super) root: HtmlElement,
    pub(super) grid: HtmlElement,
    pub(super) viewport: HtmlElement,
    pub(super) upper: HtmlElement,
    pub(super) selection_box: HtmlElement,
    pub(super) probe: HtmlElement,
    pub(super) engine: Engine,
    pub(super) hosts: Hosts,
    pub(super) lines: Lines,
    pub(super) painter: Painter,
    pub(super) peers: Peers,
    pub(super) callbacks: Callbacks,
    pub(super) buffer: Buffer,
    pub(super) tick: Option<Closure<dyn FnMut(f64)>>,
    pub(super) is_scheduled: bool,
    pub(super) is_fitted: bool,
    pub(super) has_mounts_to_tell: bool,
    pub(super) moving: Option<Vec<Moved>>,
    pub(super) pointed: Option<Position>,
    pub(super) told: f64,
    pub(super) written: Option<Camera>,
    pub(super) settles: Option<f64>,
    pub(super) focus: Option<CardId>,
}

impl Renderer {
    pub(super) fn build(
        window: Window,
        document: &Document,
        root: &HtmlElement,
        callbacks: Callbacks,
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
        let viewport = styled(make(root, "div", "canvas-viewport")?)?;
        let ground = make(&viewport, "div", "canvas-layer")?;
        let edges = make(&viewport, "svg", "canvas-edges")?;
        let cards = make(&viewport, "div", "canvas-layer")?;
        make(root, "div", "canvas-input")?;
        let upper = styled(make(root, "div", "canvas-viewport canvas-viewport--upper")?)?;
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
            viewport,
            upper,
            selection_box,
            probe,
            engine,
            callbacks,
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

    pub(super) fn measure(&mut self) {
        let (width, height) = (self.root.client_width(), self.root.client_height());
        self.engine.resize(Size { width: f64::from(width), height: f64::from(height) });
    }

    /// Shows everything, the first time there is something.
    pub(super) fn fit_first(&mut self) {
        if !self.is_fitted
            && !self.engine.scene_store().is_empty()
            && self.engine.size().width > 0.0
        {
            self.is_fitted = true;
            self.engine.set_initial_view();
        }
    }

    pub(super) fn schedule(&mut self) {
        if let Some(tick) = &self.tick
            && !self.is_scheduled
        {
            let asked = self.window.request_animation_frame(tick.as_ref().unchecked_ref());
            self.is_scheduled = asked.is_ok();
        }
    }

    /// One frame: everything that has changed, written once. No style is read here.
    pub(super) fn write(&mut self, now: f64) {
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
            if let Some(card) = self.engine.scene_store().index(*id) {
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
            self.apply_classes();
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
            let _ = self.viewport.style().set_property("transform", buffer.as_str());
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
                let _ = self.viewport.style().set_property("will-change", "auto");
                self.settles = None;
                self.written = None;
                true
            }
            Some(_) => true,
            None => {
                if self.written.is_none() {
                    let _ = self.viewport.style().set_property("will-change", "transform");
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

    fn apply_classes(&mut self) {
        self.hosts.apply_classes(&self.engine);
        self.lines.apply_classes(&self.engine, &mut self.buffer);

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
