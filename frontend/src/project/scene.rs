//! What the canvas engine is told of an open project: cards, groups, volumes, edges.

use std::rc::Rc;

use domain::{
    GroupId, Map, ServiceId,
    layout::{Node, Position},
};

use super::{auto_layout, card_content};
use crate::{
    canvas::{
        geometry::Area,
        scene::{Card, CardId, Edge, Layer, Scene, Tone},
    },
    card::{CardChange, HEIGHT, WIDTH},
    component::Status,
    live::{CanvasState, Model},
};

/// How far a group reaches beyond its members, and above them for its name.
const MARGIN: f64 = 24.0;
const HEAD: f64 = 44.0;
/// Room for a card's volumes, which hang below it.
const TABS: f64 = 26.0;
/// A group without members.
const EMPTY: (f64, f64) = (340.0, 180.0);
/// A volume that no service mounts.
pub const VOLUME: (f64, f64) = (248.0, 64.0);

#[must_use]
pub fn card_id(node: Node) -> CardId {
    CardId(match node {
        Node::Service(id) => id.as_uuid().as_u128(),
        Node::Group(id) => id.as_uuid().as_u128(),
        Node::Volume(id) => id.as_uuid().as_u128(),
    })
}

#[must_use]
pub fn service_card(id: ServiceId) -> CardId {
    card_id(Node::Service(id))
}

/// The scene, and which card is what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneLayout {
    pub scene: Rc<Scene>,
    pub nodes: Rc<Map<CardId, Node>>,
}

impl SceneLayout {
    /// The area of a card.
    #[must_use]
    pub fn area(&self, node: Node) -> Option<Area> {
        let id = card_id(node);
        self.scene.cards.iter().find(|card| card.id == id).map(|card| card.area)
    }
}

/// Lays everything out. `known` remembers where the unplaced were put.
#[must_use]
pub fn lay_out(canvas: &CanvasState, known: &mut Map<Node, Position>) -> SceneLayout {
    let (Some(model), Some(snapshot)) = (canvas.model(), canvas.snapshot()) else {
        return SceneLayout::default();
    };
    let layout = &snapshot.layout;
    auto_layout::auto_layout(&model, layout, known);
    let at =
        |node: Node| layout.get(&node).or_else(|| known.get(&node)).copied().unwrap_or_default();

    let mut cards = Vec::new();
    let mut nodes = Map::new();
    let mut members: Map<GroupId, Vec<Area>> = Map::new();
    for (id, service) in model.services() {
        let node = Node::Service(id);
        let area = area(at(node), (WIDTH, HEIGHT));
        let mut card = Card::new(card_id(node), area, service.name.as_str());
        card.tone = tone(canvas, &model, id);
        if let Some(group) = service.group.filter(|group| model.whole.groups.contains_key(group)) {
            card.parent = Some(card_id(Node::Group(group)));
            let reach = if service.mounts.is_empty() { 0.0 } else { TABS };
            let area = Area { height: area.height + reach, ..area };
            members.entry(group).or_default().push(area);
        }
        nodes.insert(card.id, node);
        cards.push(card);
    }
    for id in model.loose_volumes() {
        let node = Node::Volume(id);
        let Some(volume) = model.whole.volumes.get(&id).or_else(|| model.base.volumes.get(&id))
        else {
            continue;
        };
        let mut card = Card::new(card_id(node), area(at(node), VOLUME), volume.name.as_str());
        card.tone = staged_tone(model.volume_mark(id));
        nodes.insert(card.id, node);
        cards.push(card);
    }
    for (id, group) in &model.whole.groups {
        let node = Node::Group(*id);
        let around =
            members.remove(id).into_iter().flatten().reduce(|one, other| one.joined(&other));
        let area = around.map_or_else(
            || area(at(node), EMPTY),
            |inner| {
                Area::new(
                    inner.x - MARGIN,
                    inner.y - HEAD,
                    inner.width + 2.0 * MARGIN,
                    inner.height + HEAD + MARGIN,
                )
            },
        );
        let mut card = Card::new(card_id(node), area, group.name.as_str());
        card.layer = Layer::Background;
        card.tone = staged_tone(model.group_mark(*id));
        nodes.insert(card.id, node);
        cards.push(card);
    }
    let edges = (model.edges.iter())
        .map(|line| Edge {
            from: service_card(line.from),
            to: service_card(line.to),
            label: line.keys.as_str().into(),
            kind: line.kind,
        })
        .collect();
    SceneLayout { scene: Rc::new(Scene { cards, edges }), nodes: Rc::new(nodes) }
}

/// The nearest free place for a new card whose middle should lie at a point.
#[must_use]
pub fn free_spot(laid: &SceneLayout, x: f64, y: f64) -> Position {
    spot(laid, (x, y), (WIDTH, HEIGHT), |layer| layer == Layer::Card)
}

/// The same for an empty group: it covers neither cards nor other groups.
#[must_use]
pub fn free_ground(laid: &SceneLayout, x: f64, y: f64) -> Position {
    spot(laid, (x, y), EMPTY, |_| true)
}

fn spot(
    laid: &SceneLayout,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    is_kept_off: fn(Layer) -> bool,
) -> Position {
    const STEP: (f64, f64) = (WIDTH + 48.0, HEIGHT + 56.0);

    let wanted = (x - width / 2.0, y - height / 2.0);
    let is_free = |(x, y): (f64, f64)| {
        let area = Area::new(x - 16.0, y - 16.0, width + 32.0, height + 32.0 + TABS);
        let mut cards = laid.scene.cards.iter().filter(|card| is_kept_off(card.layer));
        !cards.any(|card| card.area.meets(&area))
    };
    // Ring by ring around the wanted place, to the right first.
    let rings = (0_i32..12).flat_map(|ring| {
        let mut spots: Vec<(i32, i32)> = (-ring..=ring)
            .flat_map(|row| (-ring..=ring).map(move |column| (column, row)))
            .filter(|(column, row)| column.abs().max(row.abs()) == ring)
            .collect();
        spots.sort_by_key(|(column, row)| (row.abs() + column.abs(), row.abs(), -column));
        spots
    });
    let found = rings
        .map(|(column, row)| {
            (wanted.0 + f64::from(column) * STEP.0, wanted.1 + f64::from(row) * STEP.1)
        })
        .find(|spot| is_free(*spot));
    let (x, y) = found.unwrap_or(wanted);
    Position::new(x, y).unwrap_or_default()
}

/// The group in whose box a point lies, if in any.
#[must_use]
pub fn group_at(laid: &SceneLayout, point: crate::canvas::geometry::Position) -> Option<GroupId> {
    (laid.scene.cards.iter().rev())
        .filter(|card| card.layer == Layer::Background && card.area.holds(point))
        .find_map(|card| match laid.nodes.get(&card.id) {
            Some(Node::Group(id)) => Some(*id),
            _ => None,
        })
}

fn area(at: Position, (width, height): (f64, f64)) -> Area {
    Area::new(f64::from(at.x), f64::from(at.y), width, height)
}

fn tone(canvas: &CanvasState, model: &Model, service: ServiceId) -> Tone {
    let staged = staged_tone(model.mark(service));
    match card_content::service_status(canvas.state(service)).status {
        Status::Failed => Tone::Failed,
        _ if staged != Tone::Calm => staged,
        Status::Live => Tone::Live,
        Status::Progress => Tone::Progress,
        Status::Staged | Status::Stopped | Status::Sleeping => Tone::Calm,
    }
}

fn staged_tone(mark: CardChange) -> Tone {
    match mark {
        CardChange::Nothing => Tone::Calm,
        CardChange::New | CardChange::Edited => Tone::Staged,
        CardChange::Removed => Tone::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(cards: Vec<Card>) -> SceneLayout {
        SceneLayout { scene: Rc::new(Scene { cards, edges: Vec::new() }), nodes: Rc::default() }
    }

    #[test]
    fn a_new_group_covers_neither_cards_nor_groups() {
        let service = Card::new(CardId(1), Area::new(0.0, 0.0, WIDTH, HEIGHT), "web");
        let ground = Area::new(-400.0, 0.0, EMPTY.0, EMPTY.1);
        let group = Card { layer: Layer::Background, ..Card::new(CardId(2), ground, "stores") };
        let laid = laid(vec![service, group]);

        let made = area(free_ground(&laid, 0.0, 0.0), EMPTY);

        assert!(laid.scene.cards.iter().all(|card| !card.area.meets(&made)));
    }

    #[test]
    fn a_new_service_may_lie_in_a_group() {
        let ground = Area::new(-400.0, -400.0, 800.0, 800.0);
        let laid =
            laid(vec![Card { layer: Layer::Background, ..Card::new(CardId(1), ground, "stores") }]);

        let made = area(free_spot(&laid, 0.0, 0.0), (WIDTH, HEIGHT));

        assert!(made.meets(&ground));
    }
}
