//! The edges that are near, as pooled SVG paths; those of carried cards in the upper layer.

use std::collections::{HashMap, HashSet};

use web_sys::{Document, Element};

use crate::canvas::{
    buffer::Buffer,
    engine::{Engine, Hover},
    geometry::Area,
    scene::EdgeKind,
    scene_store::BoardEdge,
};

const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");
/// With more cards selected than this, their edges stay quiet.
const FEW: usize = 3;

#[derive(Debug)]
pub(super) struct Lines {
    document: Document,
    layer: Element,
    upper: Element,
    shown: HashMap<usize, Shown>,
    pool: Vec<Element>,
    near: Option<Area>,
}

#[derive(Debug)]
struct Shown {
    path: Element,
    label: Option<Element>,
    is_lifted: bool,
}

impl Lines {
    pub(super) fn new(document: Document, layer: Element, upper: Element) -> Self {
        Self { document, layer, upper, shown: HashMap::new(), pool: Vec::new(), near: None }
    }

    /// The scene is another: every number may mean another edge.
    pub(super) fn forget(&mut self) {
        for (_, shown) in std::mem::take(&mut self.shown) {
            self.put_away(shown);
        }
        self.near = None;
    }

    /// Shows the edges around the view, if it has left what was shown.
    pub(super) fn update(&mut self, engine: &Engine, buffer: &mut Buffer) {
        if engine.overview().is_shown() {
            if !self.shown.is_empty() {
                self.forget();
            }
            return;
        }
        let view = engine.camera().view(engine.size());
        let wanted = view.grown(300.0 / engine.camera().zoom);
        if self.near.is_some_and(|near| near.covers(&view) && near.width <= wanted.width * 2.5) {
            return;
        }
        let lines = engine.scene_store().edges();
        let gone: Vec<usize> = self
            .shown
            .keys()
            .filter(|edge| !lines[**edge].curve.bounds().meets(&wanted))
            .copied()
            .collect();
        for edge in gone {
            if let Some(shown) = self.shown.remove(&edge) {
                self.put_away(shown);
            }
        }
        for (edge, line) in lines.iter().enumerate() {
            if line.curve.bounds().meets(&wanted) && !self.shown.contains_key(&edge) {
                self.show(edge, line, buffer);
            }
        }
        self.near = Some(wanted);
        self.apply_classes(engine, buffer);
    }

    /// The edges of a card follow it.
    pub(super) fn follow(&mut self, engine: &Engine, card: usize, buffer: &mut Buffer) {
        if engine.overview().is_shown() {
            return;
        }
        for &edge in engine.scene_store().edges_of(card) {
            let line = &engine.scene_store().edges()[edge];
            match self.shown.get(&edge) {
                Some(shown) => shown.draw(line, buffer),
                None => self.show(edge, line, buffer),
            }
        }
    }

    /// Lights the edges of what is pointed at or selected, and names their variables.
    pub(super) fn apply_classes(&mut self, engine: &Engine, buffer: &mut Buffer) {
        let scene_store = engine.scene_store();
        let mut lit = HashSet::new();
        match engine.hover() {
            Hover::Edge(edge) => {
                lit.insert(edge);
            }
            Hover::Card(id) | Hover::Corner(id) => {
                lit.extend(
                    scene_store.index(id).into_iter().flat_map(|card| scene_store.edges_of(card)),
                );
            }
            Hover::Nothing => (),
        }
        if engine.selection().len() <= FEW {
            let chosen = engine.selection().iter().filter_map(|id| scene_store.index(*id));
            lit.extend(chosen.flat_map(|card| scene_store.edges_of(card)));
        }
        let dragged: HashSet<usize> = engine
            .gesture()
            .dragged()
            .into_iter()
            .filter_map(|id| scene_store.index(id))
            .flat_map(|card| scene_store.edges_of(card))
            .copied()
            .collect();

        for (edge, shown) in &mut self.shown {
            let line = &scene_store.edges()[*edge];
            let is_highlighted = lit.contains(edge);
            if is_highlighted != shown.label.is_some() {
                shown.highlight(is_highlighted, line, &self.document, buffer);
            }
            let is_lifted = dragged.contains(edge);
            if is_lifted != shown.is_lifted || is_highlighted {
                shown.is_lifted = is_lifted;
                let layer = if is_lifted { &self.upper } else { &self.layer };
                for element in [Some(&shown.path), shown.label.as_ref()].into_iter().flatten() {
                    if element.parent_element().as_ref() != Some(layer) {
                        let _ = layer.append_child(element);
                    }
                }
            }
        }
    }

    fn show(&mut self, edge: usize, line: &BoardEdge, buffer: &mut Buffer) {
        let path = self.pool.pop().or_else(|| self.document.create_element_ns(SVG, "path").ok());
        let Some(path) = path else { return };
        let shown = Shown { path, label: None, is_lifted: false };
        let _ = shown.path.set_attribute("class", class(line.kind, false));
        shown.draw(line, buffer);
        let _ = self.layer.append_child(&shown.path);
        self.shown.insert(edge, shown);
    }

    fn put_away(&mut self, shown: Shown) {
        shown.path.remove();
        if let Some(label) = shown.label {
            label.remove();
        }
        self.pool.push(shown.path);
    }
}

impl Shown {
    fn draw(&self, line: &BoardEdge, buffer: &mut Buffer) {
        line.curve.write(buffer);
        let _ = self.path.set_attribute("d", buffer.as_str());
        if let Some(label) = &self.label {
            place(label, line, buffer);
        }
    }

    fn highlight(
        &mut self,
        is_highlighted: bool,
        line: &BoardEdge,
        document: &Document,
        buffer: &mut Buffer,
    ) {
        let _ = self.path.set_attribute("class", class(line.kind, is_highlighted));
        if let Some(label) = self.label.take() {
            label.remove();
        }
        if is_highlighted && let Ok(label) = document.create_element_ns(SVG, "text") {
            let _ = label.set_attribute("class", "edge-label");
            label.set_text_content(Some(&line.label));
            place(&label, line, buffer);
            if let Some(layer) = self.path.parent_element() {
                let _ = layer.append_child(&label);
            }
            self.label = Some(label);
        }
    }
}

fn place(label: &Element, line: &BoardEdge, buffer: &mut Buffer) {
    let middle = line.curve.at(0.5);
    buffer.clear().whole(middle.x);
    let _ = label.set_attribute("x", buffer.as_str());
    buffer.clear().whole(middle.y);
    let _ = label.set_attribute("y", buffer.as_str());
}

fn class(kind: EdgeKind, is_highlighted: bool) -> &'static str {
    match (kind, is_highlighted) {
        (EdgeKind::Quiet, false) => "edge",
        (EdgeKind::Quiet, true) => "edge is-highlighted",
        (EdgeKind::Staged, false) => "edge edge--staged",
        (EdgeKind::Staged, true) => "edge edge--staged is-highlighted",
        (EdgeKind::Broken, false) => "edge edge--broken",
        (EdgeKind::Broken, true) => "edge edge--broken is-highlighted",
    }
}
