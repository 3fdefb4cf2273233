//! The engine's own copy of the scene: positions in plain columns, edges with an adjacency list.

use std::{collections::HashMap, rc::Rc};

use super::{
    curve::Curve,
    geometry::{Area, Position},
    scene::{CardId, EdgeKind, Layer, Scene, Tone},
};

/// How near, in map units, a pointer must come to an edge.
const EDGE_REACH: f64 = 6.0;

/// Where everything is.
#[derive(Debug, Default)]
pub struct SceneStore {
    ids: Vec<CardId>,
    areas: Vec<Area>,
    layers: Vec<Layer>,
    tones: Vec<Tone>,
    labels: Vec<Rc<str>>,
    parents: Vec<Option<CardId>>,
    resizable: Vec<bool>,
    index: HashMap<CardId, usize>,
    edges: Vec<BoardEdge>,
    adjacent: Vec<Vec<usize>>,
}

/// An edge between two cards that are both on the board.
#[derive(Clone, Debug)]
pub struct BoardEdge {
    pub from: usize,
    pub to: usize,
    pub label: Rc<str>,
    pub kind: EdgeKind,
    pub curve: Curve,
}

/// A card and where it now is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    pub id: CardId,
    pub area: Area,
}

impl SceneStore {
    /// Takes the scene over. Cards for which `keep` names an area stay there (they are being dragged).
    pub fn load(&mut self, scene: &Scene, keep: impl Fn(CardId) -> Option<Area>) {
        *self = Self::default();
        for card in &scene.cards {
            if self.index.contains_key(&card.id) {
                continue;
            }
            self.index.insert(card.id, self.ids.len());
            self.ids.push(card.id);
            self.areas.push(keep(card.id).unwrap_or(card.area));
            self.layers.push(card.layer);
            self.tones.push(card.tone);
            self.labels.push(card.label.clone());
            self.parents.push(card.parent);
            self.resizable.push(card.is_resizable);
        }
        self.adjacent = vec![Vec::new(); self.ids.len()];
        for edge in &scene.edges {
            let (Some(&from), Some(&to)) = (self.index.get(&edge.from), self.index.get(&edge.to))
            else {
                continue;
            };
            if from == to {
                continue;
            }
            self.adjacent[from].push(self.edges.len());
            self.adjacent[to].push(self.edges.len());
            let curve = Curve::between(&self.areas[from], &self.areas[to]);
            self.edges.push(BoardEdge {
                from,
                to,
                label: edge.label.clone(),
                kind: edge.kind,
                curve,
            });
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    #[must_use]
    pub fn index(&self, id: CardId) -> Option<usize> {
        self.index.get(&id).copied()
    }

    #[must_use]
    pub fn id(&self, card: usize) -> CardId {
        self.ids[card]
    }

    #[must_use]
    pub fn area(&self, card: usize) -> Area {
        self.areas[card]
    }

    #[must_use]
    pub fn layer(&self, card: usize) -> Layer {
        self.layers[card]
    }

    #[must_use]
    pub fn tone(&self, card: usize) -> Tone {
        self.tones[card]
    }

    #[must_use]
    pub fn label(&self, card: usize) -> &str {
        &self.labels[card]
    }

    #[must_use]
    pub fn is_resizable(&self, card: usize) -> bool {
        self.resizable[card]
    }

    #[must_use]
    pub fn edges(&self) -> &[BoardEdge] {
        &self.edges
    }

    /// The edges that start or end at a card.
    #[must_use]
    pub fn edges_of(&self, card: usize) -> &[usize] {
        &self.adjacent[card]
    }

    pub fn cards(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        0..self.ids.len()
    }

    /// The group's members, and theirs in turn.
    #[must_use]
    pub fn family(&self, card: usize) -> Vec<usize> {
        let mut family = vec![card];
        let mut next = 0;
        while let Some(&member) = family.get(next) {
            let id = self.ids[member];
            for child in self.cards() {
                if self.parents[child] == Some(id) && !family.contains(&child) {
                    family.push(child);
                }
            }
            next += 1;
        }
        family
    }

    /// Moves or resizes a card; its edges follow.
    pub fn place(&mut self, card: usize, area: Area) {
        self.areas[card] = area;
        for &edge in &self.adjacent[card] {
            let line = &mut self.edges[edge];
            line.curve = Curve::between(&self.areas[line.from], &self.areas[line.to]);
        }
    }

    /// The uppermost card at a point.
    #[must_use]
    pub fn hit(&self, point: Position) -> Option<usize> {
        let on = |layer| {
            self.cards()
                .rev()
                .find(|&card| self.layers[card] == layer && self.areas[card].holds(point))
        };
        on(Layer::Card).or_else(|| on(Layer::Background))
    }

    /// The nearest edge within reach of a point.
    #[must_use]
    pub fn hit_edge(&self, point: Position, zoom: f64) -> Option<usize> {
        let reach = EDGE_REACH / zoom;
        self.edges
            .iter()
            .enumerate()
            .filter(|(_, line)| line.curve.bounds().grown(reach).holds(point))
            .map(|(edge, line)| (edge, line.curve.distance(point)))
            .filter(|(_, distance)| *distance <= reach)
            .min_by(|one, other| one.1.total_cmp(&other.1))
            .map(|(edge, _)| edge)
    }

    /// The cards that meet an area.
    pub fn within(&self, area: Area) -> impl Iterator<Item = usize> {
        self.cards().filter(move |&card| self.areas[card].meets(&area))
    }

    /// The area that covers everything.
    #[must_use]
    pub fn bounds(&self) -> Option<Area> {
        self.areas.iter().copied().reduce(|all, area| all.joined(&area))
    }

    /// The card that an arrow key leads to: the nearest one within a quarter turn of the direction.
    #[must_use]
    pub fn neighbour(&self, from: usize, direction: Direction) -> Option<usize> {
        let here = self.areas[from].centre();
        self.cards()
            .filter(|&card| card != from)
            .filter_map(|card| {
                let there = self.areas[card].centre();
                let (dx, dy) = (there.x - here.x, there.y - here.y);
                let (along, across) = match direction {
                    Direction::Left => (-dx, dy.abs()),
                    Direction::Right => (dx, dy.abs()),
                    Direction::Up => (-dy, dx.abs()),
                    Direction::Down => (dy, dx.abs()),
                };
                (along > 0.0 && across <= along * 1.5).then_some((card, along + 2.0 * across))
            })
            .min_by(|one, other| one.1.total_cmp(&other.1))
            .map(|(card, _)| card)
    }
}

/// Where an arrow key points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::scene::{Card, Edge};

    fn card(id: u128, x: f64, y: f64) -> Card {
        Card::new(CardId(id), Area::new(x, y, 248.0, 100.0), format!("card {id}"))
    }

    fn scene_store(scene: &Scene) -> SceneStore {
        let mut scene_store = SceneStore::default();
        scene_store.load(scene, |_| None);
        scene_store
    }

    #[test]
    fn the_card_drawn_last_is_hit_first() {
        let scene = Scene { cards: vec![card(1, 0.0, 0.0), card(2, 50.0, 20.0)], edges: vec![] };

        let hit = scene_store(&scene).hit(Position::new(100.0, 50.0)).unwrap();

        assert_eq!(hit, 1);
    }

    #[test]
    fn a_group_lies_under_its_cards_and_takes_them_along() {
        let mut group = card(9, -50.0, -50.0);
        group.layer = Layer::Background;
        group.area = Area::new(-50.0, -50.0, 600.0, 400.0);
        let mut member = card(1, 0.0, 0.0);
        member.parent = Some(CardId(9));
        let scene_store = scene_store(&Scene { cards: vec![member, group], edges: vec![] });

        assert_eq!(scene_store.hit(Position::new(10.0, 10.0)), Some(0));
        assert_eq!(scene_store.hit(Position::new(400.0, 300.0)), Some(1));
        assert_eq!(scene_store.family(1), vec![1, 0]);
    }

    #[test]
    fn an_edge_to_nowhere_is_not_drawn_and_one_that_is_drawn_follows_its_cards() {
        let edge = |from, to| Edge {
            from: CardId(from),
            to: CardId(to),
            label: "URL".into(),
            kind: EdgeKind::Quiet,
        };
        let scene = Scene {
            cards: vec![card(1, 0.0, 0.0), card(2, 600.0, 0.0)],
            edges: vec![edge(1, 2), edge(1, 7)],
        };
        let mut scene_store = scene_store(&scene);
        assert_eq!(scene_store.edges().len(), 1);

        scene_store.place(1, Area::new(600.0, 300.0, 248.0, 100.0));

        assert_eq!(scene_store.edges()[0].curve.end, Position::new(600.0, 350.0));
        let middle = scene_store.edges()[0].curve.at(0.5);
        assert_eq!(scene_store.hit_edge(middle, 1.0), Some(0));
        assert_eq!(scene_store.hit_edge(middle.plus(0.0, 60.0), 1.0), None);
    }

    #[test]
    fn arrow_keys_lead_to_the_nearest_card_that_way() {
        let scene = Scene {
            cards: vec![
                card(1, 0.0, 0.0),
                card(2, 400.0, 30.0),
                card(3, 900.0, 0.0),
                card(4, 0.0, 400.0),
            ],
            edges: vec![],
        };
        let scene_store = scene_store(&scene);

        assert_eq!(scene_store.neighbour(0, Direction::Right), Some(1));
        assert_eq!(scene_store.neighbour(0, Direction::Down), Some(3));
        assert_eq!(scene_store.neighbour(0, Direction::Left), None);
    }
}
