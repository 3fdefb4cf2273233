//! The menus of the canvas: of the ground, of a card, and of the button that adds.

use domain::{Address, edit::Edit, layout::Node};
use icondata_lu::{
    LuBox, LuHardDrive, LuLogOut, LuMaximize, LuRotateCw, LuScrollText, LuSettings, LuSquareDashed,
    LuTrash2, LuUndo2, LuVariable,
};
use yew::prelude::{AttrValue, Callback};

use super::{
    add::{Adding, named},
    scene::{SceneLayout, free_ground, free_spot},
    staging::StagingActions,
};
use crate::{
    canvas::{CanvasHandle, geometry::Position as Point},
    component::MenuItem,
    live::LiveCanvas,
    panel::Tab,
};

/// What can be added at a point of the map.
#[must_use]
pub fn adding(
    laid: &SceneLayout,
    at: Point,
    refusal: Option<AttrValue>,
    add: &Callback<Adding>,
) -> Vec<MenuItem> {
    let service = free_spot(laid, at.x, at.y);
    let group = free_ground(laid, at.x, at.y);
    let item = |label: &'static str, what: Adding| {
        MenuItem::new(label, add.reform(move |()| what)).refused(refusal.clone())
    };
    vec![
        item("Add service", Adding::Service(service)).icon(LuBox).keys("A"),
        item("Add group", Adding::Group(group)).icon(LuSquareDashed),
        item("Add volume", Adding::Volume(None)).icon(LuHardDrive),
    ]
}

/// What can be done with the ground.
#[must_use]
pub fn of_ground(
    laid: &SceneLayout,
    at: Point,
    refusal: Option<AttrValue>,
    add: &Callback<Adding>,
    canvas: &CanvasHandle,
) -> Vec<MenuItem> {
    let mut items = adding(laid, at, refusal, add);
    let canvas = canvas.clone();
    let fit = MenuItem::new("Show everything", Callback::from(move |()| canvas.fit()));
    items.push(fit.icon(LuMaximize).keys("1"));
    items
}

/// Why this person may not edit, if so.
#[must_use]
pub fn refusal(live: &LiveCanvas) -> Option<AttrValue> {
    (!live.canvas().may_edit())
        .then(|| "You may look, not edit. Ask an owner to make you an editor.".into())
}

/// What can be done with a card.
#[must_use]
pub fn of_node(
    node: Node,
    actions: &StagingActions,
    open: &Callback<(Node, Tab)>,
    add: &Callback<Adding>,
) -> Vec<MenuItem> {
    let refusal = refusal(&actions.live);
    let Some(model) = actions.live.canvas().model() else { return Vec::new() };
    let address = address(node);
    let name = named(actions, &address);
    let is_gone = model.whole.get(&address).is_none();
    let mut items = Vec::new();
    if let Node::Service(id) = node {
        let tabs = [
            ("Deployments", LuRotateCw, Tab::Deployments),
            ("Logs", LuScrollText, Tab::Logs),
            ("Variables", LuVariable, Tab::Variables),
            ("Settings", LuSettings, Tab::Settings),
        ];
        for (label, icon, tab) in tabs {
            items.push(MenuItem::new(label, open.reform(move |()| (node, tab))).icon(icon));
        }
        if !is_gone {
            let mount = MenuItem::new("Add volume", add.reform(move |()| Adding::Volume(Some(id))));
            items.push(mount.icon(LuHardDrive).refused(refusal.clone()));
        }
        if model.whole.services.get(&id).is_some_and(|service| service.group.is_some()) {
            let actions = actions.clone();
            let leave = Callback::from(move |()| {
                let address = Address::ServiceField(id, domain::Field::Group);
                actions.stage(vec![Edit::Clear { address }]);
            });
            let leave = MenuItem::new("Stage removal from its group", leave).icon(LuLogOut);
            items.push(leave.refused(refusal.clone()));
        }
    } else {
        items.push(
            MenuItem::new("Open", open.reform(move |()| (node, Tab::Settings))).icon(LuSettings),
        );
    }
    if is_gone {
        let change = model.change(&address).map(|change| change.id);
        let actions = actions.clone();
        let keep = Callback::from(move |()| actions.discard(change.into_iter().collect(), None));
        let keep = MenuItem::new(format!("Discard deletion of {name}"), keep).icon(LuUndo2);
        items.push(keep.refused(refusal));
    } else {
        let actions = actions.clone();
        let remove = MenuItem::new(
            format!("Stage deletion of {name}"),
            Callback::from({
                let (address, name) = (address.clone(), name.clone());
                move |()| actions.remove(address.clone(), &name)
            }),
        );
        items.push(remove.icon(LuTrash2).danger().keys("Del").refused(refusal));
    }
    items
}

/// Where a thing on the canvas stands in the configuration.
#[must_use]
pub fn address(node: Node) -> Address {
    match node {
        Node::Service(id) => Address::Service(id),
        Node::Group(id) => Address::Group(id),
        Node::Volume(id) => Address::Volume(id),
    }
}
