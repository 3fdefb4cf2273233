//! Places for what nobody has placed: left to right by who needs whom, below what lies there.

use domain::{
    Map, ServiceId, Set, VolumeId,
    layout::{Layout, Node, Position},
};

use crate::live::Model;

const COLUMN: i32 = 340;
const ROW: i32 = 200;
/// How far below its service a volume lies that is mounted there no more.
const BELOW: i32 = 168;
/// No column is longer than this: a hundred services without references are no tower.
const MOST_ROWS: usize = 6;

/// Places for those services, groups and volumes that have none. What has one once keeps it for as
/// long as `known` remembers.
pub fn auto_layout(model: &Model, layout: &Layout, known: &mut Map<Node, Position>) {
    known.retain(|node, _| !layout.contains_key(node));
    let lacks = |node: &Node| !layout.contains_key(node);
    let services: Vec<ServiceId> = (model.services())
        .map(|(id, _)| id)
        .filter(|id| lacks(&Node::Service(*id)) && !known.contains_key(&Node::Service(*id)))
        .collect();
    let columns = columns(model, &services);
    let mut top = floor(model, layout, known);
    let mut rows: Map<usize, i32> = Map::new();
    for chunk in columns {
        for (column, service) in chunk {
            let row = rows.entry(column).or_default();
            let x = i32::try_from(column).unwrap_or(0) * COLUMN;
            known.insert(Node::Service(service), Position { x, y: top + *row * ROW });
            *row += 1;
        }
        top += rows.values().copied().max().unwrap_or(0) * ROW;
        rows.clear();
    }

    let groups = model.whole.groups.keys().map(|id| Node::Group(*id));
    let volumes: Vec<VolumeId> = (model.loose_volumes())
        .filter(|id| lacks(&Node::Volume(*id)) && !known.contains_key(&Node::Volume(*id)))
        .collect();
    // What has just been unmounted lies below where it was.
    for id in &volumes {
        let was = model.base.services.iter().find(|(_, service)| service.mounts.contains_key(id));
        let node = was.map(|(service, _)| Node::Service(*service));
        let above = node.and_then(|node| layout.get(&node).or_else(|| known.get(&node)).copied());
        if let Some(above) = above {
            known.insert(Node::Volume(*id), Position { x: above.x, y: above.y + BELOW });
        }
    }
    let volumes = volumes.into_iter().map(Node::Volume);
    let loose: Vec<Node> =
        (groups.chain(volumes)).filter(|node| lacks(node) && !known.contains_key(node)).collect();
    let top = floor(model, layout, known);
    for (node, column) in loose.into_iter().zip(0..) {
        let (x, y) = (column % 4 * COLUMN, top + column / 4 * 260);
        known.insert(node, Position { x, y });
    }
}

/// Below everything that has a place.
fn floor(model: &Model, layout: &Layout, known: &Map<Node, Position>) -> i32 {
    let all: Set<Node> = model.services().map(|(id, _)| Node::Service(id)).collect();
    (layout.iter().chain(known))
        .filter(|(node, _)| {
            all.contains(node)
                || matches!(node, Node::Group(id) if model.whole.groups.contains_key(id))
        })
        .map(|(_, at)| at.y + ROW)
        .max()
        .unwrap_or(0)
}

/// In which column each lies: those that need others stand left of them. In chunks, so that no
/// column becomes a tower.
fn columns(model: &Model, services: &[ServiceId]) -> Vec<Vec<(usize, ServiceId)>> {
    let among: Set<ServiceId> = services.iter().copied().collect();
    let mut depth: Map<ServiceId, usize> = services.iter().map(|id| (*id, 0)).collect();
    // Each round pushes what is needed one further right; circles end with the rounds.
    for _ in 0..services.len().min(8) {
        for edge in &model.edges {
            if among.contains(&edge.from) && among.contains(&edge.to) {
                let wanted = depth[&edge.from] + 1;
                if depth[&edge.to] < wanted && wanted <= 8 {
                    depth.insert(edge.to, wanted);
                }
            }
        }
    }
    let alone = |id: &ServiceId| !model.edges.iter().any(|edge| edge.from == *id || edge.to == *id);
    let (lonely, tied): (Vec<ServiceId>, Vec<ServiceId>) =
        services.iter().copied().partition(|id| alone(id));
    let mut chunks = Vec::new();
    let mut waiting: Vec<(usize, ServiceId)> =
        tied.into_iter().map(|id| (depth[&id], id)).collect();
    while !waiting.is_empty() {
        let mut used: Map<usize, usize> = Map::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(column, _)| {
            let used = used.entry(*column).or_default();
            *used += 1;
            *used <= MOST_ROWS
        });
        chunks.push(now);
        waiting = later;
    }
    if !lonely.is_empty() {
        let across = lonely.len().clamp(1, 40).min(if lonely.len() > 40 { 40 } else { 4 });
        chunks.push(lonely.into_iter().enumerate().map(|(at, id)| (at % across, id)).collect());
    }
    chunks
}
