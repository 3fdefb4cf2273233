//! The elements that carry cards: pooled, placed by the engine, filled by portals.

use std::collections::HashMap;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};

use crate::canvas::{
    buffer::Buffer,
    engine::{Engine, Hover},
    geometry::Area,
    scene::{CardId, Layer},
};

/// The layers that hold hosts.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) ground: Element,
    pub(super) cards: Element,
    /// Above the input layer: what is being dragged or edited.
    pub(super) upper: Element,
}

#[derive(Debug)]
pub(super) struct Hosts {
    document: Document,
    layers: Layers,
    mounted: HashMap<CardId, Host>,
    pool: Vec<HtmlElement>,
    /// Let go this frame; their content is removed before the next.
    pending_removal: Vec<HtmlElement>,
}

#[derive(Debug)]
struct Host {
    element: HtmlElement,
    area: Area,
    looks: Looks,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Looks {
    is_selected: bool,
    is_hovered: bool,
    is_dragged: bool,
    is_edited: bool,
    is_tab_stop: bool,
}

impl Hosts {
    pub(super) fn new(document: Document, layers: Layers) -> Self {
        Self {
            document,
            layers,
            mounted: HashMap::new(),
            pool: Vec::new(),
            pending_removal: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.mounted.len()
    }

    /// The elements to be filled, in a stable order.
    pub(super) fn list(&self) -> Vec<(CardId, Element)> {
        let mut list: Vec<_> =
            self.mounted.iter().map(|(id, host)| (*id, host.element.clone().into())).collect();
        list.sort_by_key(|(id, _)| *id);
        list
    }

    pub(super) fn element(&self, id: CardId) -> Option<&HtmlElement> {
        self.mounted.get(&id).map(|host| &host.element)
    }

    /// The card whose own element this is.
    pub(super) fn card(&self, element: &Element) -> Option<CardId> {
        self.mounted
            .iter()
            .find(|(_, host)| host.element.as_ref() as &Element == element)
            .map(|(id, _)| *id)
    }

    /// What was let go in an earlier frame is empty by now.
    pub(super) fn reclaim(&mut self) {
        self.pool.append(&mut self.pending_removal);
    }

    pub(super) fn unmount(&mut self, id: CardId) {
        if let Some(host) = self.mounted.remove(&id) {
            host.element.remove();
            self.pending_removal.push(host.element);
        }
    }

    pub(super) fn mount(&mut self, engine: &Engine, id: CardId, buffer: &mut Buffer) {
        let Some(card) = engine.scene_store().index(id) else { return };
        let Some(element) = self.pool.pop().or_else(|| self.create()) else { return };
        element.set_class_name("canvas-host");
        let _ = element.set_attribute("aria-label", engine.scene_store().label(card));
        let _ = element.set_attribute("tabindex", "-1");
        let layer = match engine.scene_store().layer(card) {
            Layer::Background => &self.layers.ground,
            Layer::Card => &self.layers.cards,
        };
        let _ = layer.append_child(&element);
        let mut host = Host { element, area: Area::default(), looks: Looks::default() };
        host.place(engine.scene_store().area(card), buffer);
        self.mounted.insert(id, host);
    }

    fn create(&self) -> Option<HtmlElement> {
        let element: HtmlElement = self.document.create_element("div").ok()?.dyn_into().ok()?;
        element.set_attribute("role", "group").ok()?;
        Some(element)
    }

    pub(super) fn place(&mut self, engine: &Engine, id: CardId, buffer: &mut Buffer) {
        if let Some(card) = engine.scene_store().index(id)
            && let Some(host) = self.mounted.get_mut(&id)
        {
            host.place(engine.scene_store().area(card), buffer);
        }
    }

    /// Places and names all of them again: the scene is another.
    pub(super) fn place_all(&mut self, engine: &Engine, buffer: &mut Buffer) {
        for (id, host) in &mut self.mounted {
            if let Some(card) = engine.scene_store().index(*id) {
                host.place(engine.scene_store().area(card), buffer);
                let _ = host.element.set_attribute("aria-label", engine.scene_store().label(card));
            }
        }
    }

    /// Shows who is selected, pointed at, carried, edited, and whose turn it is for the keyboard.
    pub(super) fn apply_classes(&mut self, engine: &Engine) {
        let dragged = engine.gesture().dragged();
        let turn = engine
            .active()
            .filter(|id| self.mounted.contains_key(id))
            .or_else(|| self.mounted.keys().min().copied());
        let mut lifted = Vec::new();
        for (id, host) in &mut self.mounted {
            let looks = Looks {
                is_selected: engine.selection().contains(id),
                is_hovered: matches!(engine.hover(), Hover::Card(it) | Hover::Corner(it) if it == *id),
                is_dragged: dragged.contains(id),
                is_edited: engine.editing() == Some(*id),
                is_tab_stop: turn == Some(*id),
            };
            if looks == host.looks {
                continue;
            }
            let was_up = host.looks.is_dragged || host.looks.is_edited;
            let is_up = looks.is_dragged || looks.is_edited;
            let layer =
                engine.scene_store().index(*id).map(|card| engine.scene_store().layer(card));
            if is_up != was_up
                && let Some(layer) = layer
            {
                lifted.push((layer, is_up, host.element.clone()));
            }
            host.looks = looks;
            host.apply_classes();
        }
        // Groups first, so that their members stay above them.
        lifted.sort_by_key(|(layer, ..)| *layer);
        for (layer, is_up, element) in lifted {
            let to = match layer {
                _ if is_up => &self.layers.upper,
                Layer::Background => &self.layers.ground,
                Layer::Card => &self.layers.cards,
            };
            self.shift(&element, to);
        }
    }

    /// Moves an element to another layer; the keyboard stays with it.
    fn shift(&self, element: &HtmlElement, to: &Element) {
        let focused = self.document.active_element().filter(|it| element.contains(Some(it)));
        let _ = to.append_child(element);
        if let Some(focused) = focused.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            let _ = focused.focus();
        }
    }
}

impl Host {
    fn place(&mut self, area: Area, buffer: &mut Buffer) {
        let style = self.element.style();
        if (self.area.x, self.area.y) != (area.x, area.y) || self.area.width == 0.0 {
            buffer.clear().text("translate(").whole(area.x).text("px,").whole(area.y).text("px)");
            let _ = style.set_property("transform", buffer.as_str());
        }
        if (self.area.width, self.area.height) != (area.width, area.height) {
            buffer.clear().whole(area.width).text("px");
            let _ = style.set_property("width", buffer.as_str());
            buffer.clear().whole(area.height).text("px");
            let _ = style.set_property("height", buffer.as_str());
        }
        self.area = area;
    }

    fn apply_classes(&self) {
        let mut class = String::from("canvas-host");
        let looks = self.looks;
        for (is, name) in [
            (looks.is_selected, " is-selected"),
            (looks.is_hovered, " is-hovered"),
            (looks.is_dragged, " is-dragged"),
            (looks.is_edited, " is-edited"),
        ] {
            if is {
                class.push_str(name);
            }
        }
        self.element.set_class_name(&class);
        let _ = self.element.set_attribute("tabindex", if looks.is_tab_stop { "0" } else { "-1" });
    }
}
