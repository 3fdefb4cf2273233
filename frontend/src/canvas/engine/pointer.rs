//! Mouse, pen, fingers and the wheel.

use super::{Engine, Hover};
use crate::canvas::{
    geometry::{Area, Position},
    gesture::{Button, Effect, Gesture, Keys, Pointer, Target},
    scene::{CardId, Layer},
    scene_store::Moved,
};

/// Dragged cards come to rest on this grid.
const GRID: f64 = 8.0;
/// The top of a group, by which it is taken.
const HANDLE: f64 = 36.0;
/// The corner by which a card is made larger.
const CORNER: f64 = 18.0;
const SMALLEST: (f64, f64) = (200.0, 140.0);
const DOUBLE_CLICK: f64 = 350.0;

impl Engine {
    pub fn press(&mut self, pointer: Pointer) {
        self.flight = None;
        // A second button, or a second finger, ends what the first one began.
        self.cancel();
        self.pointers.retain(|(id, _)| *id != pointer.id);
        self.pointers.push((pointer.id, pointer.at));
        if let [(_, one), (_, other), ..] = self.pointers[..] {
            self.gesture =
                Gesture::Pinching { middle: one.midpoint(other), spread: one.distance(other) };
            return;
        }
        let target = self.target(self.camera.to_map(pointer.at));
        self.gesture = Gesture::Pressed { pointer, target };
    }

    pub fn move_pointer(&mut self, pointer: Pointer) {
        if let Some(held) = self.pointers.iter_mut().find(|(id, _)| *id == pointer.id) {
            held.1 = pointer.at;
        }
        let at = self.camera.to_map(pointer.at);
        match std::mem::take(&mut self.gesture) {
            Gesture::Idle => self.look(at),
            Gesture::Pressed { pointer: pressed, target } => {
                if Gesture::is_past_slop(&pressed, pointer.at) {
                    self.begin(pressed, target);
                    self.move_pointer(pointer);
                } else {
                    self.gesture = Gesture::Pressed { pointer: pressed, target };
                }
            }
            Gesture::Panning { last } => {
                self.camera = self.camera.panned(pointer.at.x - last.x, pointer.at.y - last.y);
                self.dirty.camera = true;
                self.gesture = Gesture::Panning { last: pointer.at };
            }
            Gesture::Pinching { middle, spread } => self.pinch(middle, spread),
            Gesture::Dragging { start, origins } => {
                let (dx, dy) = snapped(&origins, at.x - start.x, at.y - start.y, pointer.keys);
                for Moved { id, area } in &origins {
                    let area = Area { x: area.x + dx, y: area.y + dy, ..*area };
                    self.place(*id, area);
                }
                self.gesture = Gesture::Dragging { start, origins };
                self.tell_moving();
            }
            Gesture::Resizing { start, origin } => {
                let round = |length: f64| (length / GRID).round() * GRID;
                let area = Area {
                    width: round(origin.area.width + at.x - start.x).max(SMALLEST.0),
                    height: round(origin.area.height + at.y - start.y).max(SMALLEST.1),
                    ..origin.area
                };
                self.place(origin.id, area);
                self.gesture = Gesture::Resizing { start, origin };
                self.tell_moving();
            }
            Gesture::Boxing { start, before, .. } => {
                let area = Area::between(start, at);
                let mut selection = before.clone();
                for card in self.scene_store.within(area) {
                    let id = self.scene_store.id(card);
                    let is_whole = self.scene_store.layer(card) == Layer::Card
                        || area.covers(&self.scene_store.area(card));
                    if is_whole && !selection.contains(&id) {
                        selection.push(id);
                    }
                }
                if self.selection != selection {
                    self.selection = selection;
                    self.overview.forget();
                }
                self.dirty.looks = true;
                self.gesture = Gesture::Boxing { start, end: at, before };
            }
        }
    }

    pub fn release(&mut self, pointer: Pointer) {
        self.pointers.retain(|(id, _)| *id != pointer.id);
        match std::mem::take(&mut self.gesture) {
            Gesture::Pressed { pointer: pressed, target } => self.click(pressed, target),
            Gesture::Dragging { origins, .. } => {
                self.settle(&origins);
            }
            Gesture::Resizing { origin, .. } => self.settle(&[origin]),
            Gesture::Boxing { .. } => {
                self.dirty.looks = true;
                self.effects.push(Effect::Selection(self.selection.clone()));
            }
            Gesture::Pinching { .. } => {
                // The finger that stays goes on panning.
                if let [(_, last)] = self.pointers[..] {
                    self.gesture = Gesture::Panning { last };
                }
            }
            Gesture::Idle | Gesture::Panning { .. } => (),
        }
        self.dirty.looks = true;
    }

    /// Puts everything back where it was: Escape, or a lost pointer.
    ///
    /// Whether there was anything to put back.
    pub fn cancel(&mut self) -> bool {
        let gesture = std::mem::take(&mut self.gesture);
        let origins = match gesture {
            Gesture::Dragging { origins, .. } => origins,
            Gesture::Resizing { origin, .. } => vec![origin],
            Gesture::Boxing { before, .. } => {
                self.selection = before;
                self.dirty.looks = true;
                return true;
            }
            Gesture::Idle
            | Gesture::Pressed { .. }
            | Gesture::Panning { .. }
            | Gesture::Pinching { .. } => return false,
        };
        for Moved { id, area } in &origins {
            self.place(*id, *area);
        }
        self.dirty.looks = true;
        self.overview.forget();
        self.effects.push(Effect::Moving(origins));
        true
    }

    pub fn lose(&mut self, pointer: i32) {
        self.pointers.retain(|(id, _)| *id != pointer);
        self.cancel();
        self.gesture = Gesture::Idle;
    }

    /// The pointer has left the canvas.
    pub fn leave(&mut self) {
        if self.gesture == Gesture::Idle && self.hover != Hover::Nothing {
            self.hover = Hover::Nothing;
            self.dirty.looks = true;
        }
    }

    /// The wheel zooms to the pointer; two fingers on a touch pad pan, and zoom when they pinch.
    pub fn wheel(&mut self, at: Position, x: f64, y: f64, pans: bool) {
        self.flight = None;
        if pans {
            self.camera = self.camera.panned(-x.round(), -y.round());
        } else {
            let factor = (-y.clamp(-240.0, 240.0) * 0.0022).exp();
            self.camera = self.camera.zoom_at(at, factor);
        }
        self.dirty.camera = true;
    }

    pub fn menu(&mut self, at: Position) {
        self.cancel();
        self.gesture = Gesture::Idle;
        self.pointers.clear();
        let map = self.camera.to_map(at);
        let card = self.scene_store.hit(map).map(|card| self.scene_store.id(card));
        self.effects.push(Effect::Menu { at, map, card });
    }

    fn target(&self, at: Position) -> Target {
        let Some(card) = self.scene_store.hit(at) else { return Target::Background };
        let (id, area) = (self.scene_store.id(card), self.scene_store.area(card));
        let corner = CORNER / self.camera.zoom.min(1.0);
        if self.scene_store.is_resizable(card)
            && self.selection.contains(&id)
            && at.x > area.right() - corner
            && at.y > area.bottom() - corner
        {
            return Target::Corner(id);
        }
        match self.scene_store.layer(card) {
            Layer::Background if at.y > area.y + HANDLE => Target::Inside(id),
            Layer::Background | Layer::Card => Target::Card(id),
        }
    }

    fn look(&mut self, at: Position) {
        let hover = match self.target(at) {
            Target::Card(id) => Hover::Card(id),
            Target::Corner(id) => Hover::Corner(id),
            Target::Background | Target::Inside(_) => {
                self.scene_store.hit_edge(at, self.camera.zoom).map_or(Hover::Nothing, Hover::Edge)
            }
        };
        if hover != self.hover {
            self.hover = hover;
            self.dirty.looks = true;
        }
    }

    fn begin(&mut self, pressed: Pointer, target: Target) {
        let start = self.camera.to_map(pressed.at);
        let pans = pressed.button == Button::Middle || pressed.keys.space;
        self.gesture = match target {
            _ if pans => Gesture::Panning { last: pressed.at },
            Target::Corner(id) => match self.position_of(id) {
                Some(origin) => Gesture::Resizing { start, origin },
                None => Gesture::Idle,
            },
            Target::Card(id) if !pressed.is_touch || self.selection.contains(&id) => {
                self.take(id, start)
            }
            Target::Background | Target::Inside(_) if pressed.keys.shift => {
                Gesture::Boxing { start, end: start, before: self.selection.clone() }
            }
            Target::Background | Target::Inside(_) | Target::Card(_) => {
                Gesture::Panning { last: pressed.at }
            }
        };
        self.dirty.looks = true;
        self.pin();
    }

    fn take(&mut self, id: CardId, start: Position) -> Gesture {
        if !self.selection.contains(&id) {
            self.selection = vec![id];
            self.effects.push(Effect::Selection(self.selection.clone()));
        }
        // The card under the hand comes first: it is the one that snaps.
        let mut cards = vec![id];
        cards.extend(self.selection.iter().copied().filter(|other| *other != id));
        let mut origins: Vec<Moved> = Vec::new();
        for card in cards.into_iter().filter_map(|card| self.scene_store.index(card)) {
            for member in self.scene_store.family(card) {
                let moved =
                    Moved { id: self.scene_store.id(member), area: self.scene_store.area(member) };
                if !origins.contains(&moved) {
                    origins.push(moved);
                }
            }
        }
        self.overview.forget();
        Gesture::Dragging { start, origins }
    }

    fn settle(&mut self, origins: &[Moved]) {
        let moved: Vec<Moved> = origins
            .iter()
            .filter_map(|origin| self.position_of(origin.id).filter(|now| now != origin))
            .collect();
        self.dirty.looks = true;
        self.overview.forget();
        self.pin();
        if !moved.is_empty() {
            self.effects.push(Effect::Moved(moved));
        }
    }

    fn tell_moving(&mut self) {
        let moving = self.gesture.dragged().iter().filter_map(|id| self.position_of(*id)).collect();
        self.effects.retain(|effect| !matches!(effect, Effect::Moving(_)));
        self.effects.push(Effect::Moving(moving));
    }

    fn click(&mut self, pressed: Pointer, target: Target) {
        if pressed.button != Button::Primary {
            return;
        }
        let adds = pressed.keys.shift || pressed.keys.control;
        let card = match target {
            Target::Background => None,
            Target::Card(id) | Target::Inside(id) | Target::Corner(id) => Some(id),
        };
        let again =
            self.last_click.take().zip(card).is_some_and(|((last, time), card)| {
                last == card && pressed.time - time < DOUBLE_CLICK
            });
        match card {
            Some(id) if again && !adds => self.effects.push(Effect::Open(id)),
            _ => {
                self.last_click = card.map(|id| (id, pressed.time));
                self.effects.push(Effect::Click { at: pressed.at, card, adds });
            }
        }
    }

    fn pinch(&mut self, middle: Position, spread: f64) {
        let [(_, one), (_, other), ..] = self.pointers[..] else { return };
        let (now, wide) = (one.midpoint(other), one.distance(other));
        self.camera = self
            .camera
            .panned(now.x - middle.x, now.y - middle.y)
            .zoom_at(now, wide.max(1.0) / spread.max(1.0));
        self.dirty.camera = true;
        self.gesture = Gesture::Pinching { middle: now, spread: wide };
    }
}

/// The way that lets the first card come to rest on the grid; with Alt, wherever the hand is.
fn snapped(origins: &[Moved], dx: f64, dy: f64, keys: Keys) -> (f64, f64) {
    let Some(Moved { area, .. }) = origins.first() else { return (dx, dy) };
    let grid = if keys.alt { 1.0 } else { GRID };
    let snap = |from: f64, by: f64| ((from + by) / grid).round() * grid - from;
    (snap(area.x, dx), snap(area.y, dy))
}
