//! Other people's cursors: pooled elements, one transform each, smoothed between messages.

use std::collections::HashMap;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};

use crate::canvas::{buffer::Buffer, camera::Camera, geometry::Position};

/// The part of the way to its target that a cursor goes in one frame.
const PACE: f64 = 0.35;

#[derive(Debug)]
pub(super) struct Peers {
    document: Document,
    layer: Element,
    shown: HashMap<String, Peer>,
    pool: Vec<HtmlElement>,
}

#[derive(Debug)]
struct Peer {
    element: HtmlElement,
    at: Position,
    target: Position,
}

impl Peers {
    pub(super) fn new(document: Document, layer: Element) -> Self {
        Self { document, layer, shown: HashMap::new(), pool: Vec::new() }
    }

    /// Somebody's cursor is at this place of the map. `colour` is one of eight.
    pub(super) fn point(&mut self, key: &str, name: &str, colour: u8, at: Position) {
        if let Some(peer) = self.shown.get_mut(key) {
            peer.target = at;
            return;
        }
        let made = self.pool.pop().or_else(|| {
            let element = self.document.create_element("div").ok()?;
            let label = self.document.create_element("span").ok()?;
            element.append_child(&label).ok()?;
            element.dyn_into().ok()
        });
        let Some(element) = made else { return };
        element.set_class_name("canvas-peer");
        let _ = element.set_attribute("data-colour", &colour.to_string());
        if let Some(label) = element.first_element_child() {
            label.set_text_content(Some(name));
        }
        let _ = self.layer.append_child(&element);
        self.shown.insert(key.to_owned(), Peer { element, at, target: at });
    }

    pub(super) fn leave(&mut self, key: &str) {
        if let Some(peer) = self.shown.remove(key) {
            peer.element.remove();
            self.pool.push(peer.element);
        }
    }

    /// One step of every cursor toward its target; whether any is still under way.
    pub(super) fn step(&mut self, camera: Camera, is_still: bool, buffer: &mut Buffer) -> bool {
        let mut again = false;
        for peer in self.shown.values_mut() {
            if is_still || peer.at.distance(peer.target) < 0.5 {
                peer.at = peer.target;
            } else {
                peer.at = peer
                    .at
                    .plus((peer.target.x - peer.at.x) * PACE, (peer.target.y - peer.at.y) * PACE);
                again = true;
            }
            let at = camera.to_screen(peer.at);
            buffer.clear().text("translate(").whole(at.x).text("px,").whole(at.y).text("px)");
            let _ = peer.element.style().set_property("transform", buffer.as_str());
        }
        again
    }
}
