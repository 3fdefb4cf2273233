//! The keyboard on the canvas.

use super::Engine;
use crate::canvas::{
    geometry::Area,
    gesture::{Effect, Keys},
    scene_store::{Direction, Moved},
};

/// How far one press of an arrow key with Alt moves a card.
const STEP: f64 = 8.0;

/// A key that means something on the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Arrow(Direction),
    Enter,
    Space,
    Escape,
    Home,
    ZoomIn,
    ZoomOut,
    ActualSize,
    Fit,
}

impl Key {
    /// The key of a keyboard event.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ArrowLeft" => Self::Arrow(Direction::Left),
            "ArrowRight" => Self::Arrow(Direction::Right),
            "ArrowUp" => Self::Arrow(Direction::Up),
            "ArrowDown" => Self::Arrow(Direction::Down),
            "Enter" => Self::Enter,
            " " => Self::Space,
            "Escape" => Self::Escape,
            "Home" => Self::Home,
            "+" | "=" => Self::ZoomIn,
            "-" => Self::ZoomOut,
            "0" => Self::ActualSize,
            "1" => Self::Fit,
            _ => return None,
        })
    }
}

impl Engine {
    /// Answers a key; whether it meant anything.
    pub fn key(&mut self, key: Key, keys: Keys) -> bool {
        if keys.control {
            return false;
        }
        match key {
            Key::Arrow(direction) if keys.alt => return self.nudge(direction),
            Key::Arrow(direction) => return self.move_focus(direction),
            Key::Enter => match self.active {
                Some(id) => self.effects.push(Effect::Open(id)),
                None => return false,
            },
            Key::Space => match self.active {
                Some(id) => self.choose(Some(id), keys.shift),
                None => return false,
            },
            Key::Escape => {
                if !self.cancel() {
                    if self.selection.is_empty() {
                        return false;
                    }
                    self.choose(None, false);
                }
            }
            Key::Home => {
                let Some(first) = self.scene_store.cards().next() else { return false };
                self.focus_card(first);
            }
            Key::ZoomIn => self.zoom_in(),
            Key::ZoomOut => self.zoom_out(),
            Key::ActualSize => self.zoom_to_actual_size(),
            Key::Fit => self.fit(),
        }
        true
    }

    fn move_focus(&mut self, direction: Direction) -> bool {
        let from = self.active.and_then(|id| self.scene_store.index(id));
        let next = match from {
            Some(card) => self.scene_store.neighbour(card, direction),
            None => self.scene_store.cards().next(),
        };
        if let Some(card) = next {
            self.focus_card(card);
        }
        from.is_some() || next.is_some()
    }

    fn focus_card(&mut self, card: usize) {
        let id = self.scene_store.id(card);
        self.active = Some(id);
        self.dirty.looks = true;
        self.pin();
        self.reveal(id);
        self.effects.push(Effect::Focus(id));
    }

    fn nudge(&mut self, direction: Direction) -> bool {
        let (dx, dy) = match direction {
            Direction::Left => (-STEP, 0.0),
            Direction::Right => (STEP, 0.0),
            Direction::Up => (0.0, -STEP),
            Direction::Down => (0.0, STEP),
        };
        let cards = match self.active {
            Some(active) if !self.selection.contains(&active) => vec![active],
            _ => self.selection.clone(),
        };
        let mut members = Vec::new();
        for card in cards.into_iter().filter_map(|id| self.scene_store.index(id)) {
            for member in self.scene_store.family(card) {
                if !members.contains(&member) {
                    members.push(member);
                }
            }
        }
        let moved: Vec<Moved> = members
            .into_iter()
            .map(|card| {
                let area = self.scene_store.area(card);
                let area = Area { x: area.x + dx, y: area.y + dy, ..area };
                Moved { id: self.scene_store.id(card), area }
            })
            .collect();
        for Moved { id, area } in &moved {
            self.place(*id, *area);
        }
        self.overview.forget();
        let has_moved = !moved.is_empty();
        if has_moved {
            self.effects.push(Effect::Moved(moved));
        }
        has_moved
    }
}
