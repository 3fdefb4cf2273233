//! The map itself: the canvas engine, fed with what is known, and what hands do on it.

use std::rc::Rc;

use domain::{
    Address, Content, Field,
    edit::Edit,
    layout::{Node, Position},
};
use icondata_lu::{LuMaximize, LuMinus, LuPlus};
use yew::prelude::{
    Callback, Html, KeyboardEvent, Properties, component, html, use_callback, use_effect_with,
    use_memo, use_mut_ref, use_state, use_state_eq,
};

use super::{
    add::{Add, Adding, named},
    menus,
    nodes::NodeCard,
    scene::{self, SceneLayout, card_id},
    staging::use_staging,
};
use crate::{
    canvas::{
        Canvas, CanvasHandle, MenuRequest, RenderCard, geometry, scene::CardId, scene_store::Moved,
    },
    component::{Button, ButtonKind, Empty, IconButton, Menu, MenuAt, use_toasts},
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
    panel::Tab,
    theme::use_theme,
    view::page,
};

#[derive(Properties, PartialEq)]
pub struct MapProps {
    /// What the open panel shows.
    pub chosen: Option<Node>,
    /// The width that the panel leaves to the map; `None` when there is no panel.
    pub free: Option<i32>,
    pub on_open: Callback<(Node, Tab)>,
    pub on_close: Callback<()>,
}

/// What the scene is made of: it is laid anew when one of these changes.
#[derive(Clone, PartialEq)]
struct SceneInputs {
    model: Option<crate::live::CanvasModel>,
    layout: u64,
    tones: Vec<crate::component::Status>,
}

fn scene_inputs(_: &LiveCanvas, canvas: &CanvasState, (): &()) -> SceneInputs {
    let tones = canvas.snapshot().map(|snapshot| {
        snapshot
            .states
            .values()
            .map(|state| super::card_content::service_status(Some(state)).status)
            .collect()
    });
    SceneInputs { model: canvas.model(), layout: canvas.layout(), tones: tones.unwrap_or_default() }
}

#[component]
pub fn Map(props: &MapProps) -> Html {
    let live = use_live_canvas();
    let actions = use_staging();
    let toasts = use_toasts();
    let scene_inputs = use_selector(&live, (), scene_inputs);
    let (may_edit, looks_on) = use_selector(&live, (), |_, canvas, ()| {
        // What one may do here is known a moment after what lies here.
        (canvas.may_edit(), canvas.role().is_some() && !canvas.may_edit())
    });
    let known = use_mut_ref(domain::Map::<Node, Position>::new);
    let laid: Rc<SceneLayout> = use_memo(scene_inputs.clone(), {
        let (live, known) = (live.clone(), known.clone());
        move |_| scene::lay_out(&live.canvas(), &mut known.borrow_mut())
    });
    let handle = use_memo((), |()| CanvasHandle::default());
    let handle = (*handle).clone();
    let adding = use_state_eq(|| None::<Adding>);
    let menu = use_state(|| None::<(MenuRequest, Option<Node>)>);
    let adds_here = use_state_eq(|| false);
    let nodes = use_mut_ref(|| laid.nodes.clone());
    *nodes.borrow_mut() = laid.nodes.clone();
    let selection = use_mut_ref(Vec::<CardId>::new);

    let render = use_memo((), {
        let nodes = nodes.clone();
        move |()| {
            RenderCard::new(move |id| {
                let node = nodes.borrow().get(&id).copied();
                node.map_or_else(Html::default, |node| html! { <NodeCard {node} /> })
            })
        }
    });

    use_effect_with(live.clone(), {
        let (handle, toasts) = (handle.clone(), toasts.clone());
        move |live: &LiveCanvas| {
            let on_remote_move = Callback::from(move |places: Vec<(Node, Position)>| {
                let cards: Vec<_> = (places.into_iter())
                    .map(|(node, at)| {
                        (card_id(node), geometry::Position::new(f64::from(at.x), f64::from(at.y)))
                    })
                    .collect();
                handle.move_remotely(&cards);
            });
            live.report(on_remote_move, Callback::from(move |why: String| toasts.failed(why)));
        }
    });
    let choice = use_theme();
    use_effect_with(choice.theme, {
        let handle = handle.clone();
        move |_| handle.repaint()
    });
    use_effect_with((props.chosen, props.free), {
        let handle = handle.clone();
        move |(chosen, free): &(Option<Node>, Option<i32>)| {
            if let (Some(node), Some(free)) = (chosen, free)
                && *free > 0
            {
                handle.centre_on(card_id(*node), Some(f64::from(*free)));
            }
        }
    });

    let add = use_callback((), {
        let adding = adding.setter();
        move |what: Adding, ()| adding.set(Some(what))
    });
    let find = {
        let nodes = nodes.clone();
        move |id: CardId| nodes.borrow().get(&id).copied()
    };
    let on_select = {
        let (find, on_open, on_close) =
            (find.clone(), props.on_open.clone(), props.on_close.clone());
        Callback::from(move |card: Option<CardId>| match card.and_then(&find) {
            Some(node) => on_open.emit((node, Tab::default())),
            None => on_close.emit(()),
        })
    };
    let on_open = {
        let (find, on_open) = (find.clone(), props.on_open.clone());
        Callback::from(move |card: CardId| {
            if let Some(node) = find(card) {
                on_open.emit((node, Tab::default()));
            }
        })
    };
    let on_moved = {
        let (live, actions, laid, known) =
            (live.clone(), actions.clone(), laid.clone(), known.clone());
        Callback::from(move |moved: Vec<Moved>| {
            if !live.canvas().may_edit() {
                return;
            }
            let mut places = places(&laid, &moved);
            // What was put there by the page alone stays where it is now, for everybody.
            let loose = known.borrow().iter().map(|(node, at)| (*node, *at)).collect::<Vec<_>>();
            for (node, at) in loose {
                if !places.iter().any(|(other, _)| *other == node) {
                    places.push((node, at));
                }
            }
            live.put(places);
            if let [only] = &moved[..] {
                change_group(&actions, &laid, only);
            }
        })
    };
    let on_moving = {
        let (live, laid) = (live.clone(), laid.clone());
        Callback::from(move |moving: Vec<Moved>| {
            if live.canvas().may_edit() {
                live.drag(places(&laid, &moving));
            }
        })
    };
    let on_selection = {
        let selection = selection.clone();
        Callback::from(move |cards: Vec<CardId>| {
            selection.replace(cards);
        })
    };
    let on_context_menu = {
        let (menu, find) = (menu.setter(), find.clone());
        Callback::from(move |request: MenuRequest| {
            menu.set(Some((request, request.card.and_then(&find))));
        })
    };

    let on_key = {
        let (handle, actions, find) = (handle.clone(), actions.clone(), find.clone());
        let laid = laid.clone();
        let (add, selection, on_close) = (add.clone(), selection.clone(), props.on_close.clone());
        let is_busy = adding.is_some() || menu.is_some();
        let chosen = props.chosen;
        Callback::from(move |event: KeyboardEvent| {
            if is_busy
                || page::is_typing(&event)
                || event.ctrl_key()
                || event.meta_key()
                || event.alt_key()
            {
                return;
            }
            match event.key().as_str() {
                "a" | "A" | "n" | "N" if actions.live.canvas().may_edit() => {
                    event.prevent_default();
                    let middle = handle.middle();
                    let at = scene::free_spot(&laid, middle.x, middle.y);
                    add.emit(Adding::Service(at));
                }
                "Delete" | "Backspace" if actions.live.canvas().may_edit() => {
                    let focused = handle.focused().into_iter();
                    let mut cards: Vec<CardId> = selection.borrow().clone();
                    if cards.is_empty() {
                        cards.extend(focused);
                    }
                    for node in cards.into_iter().filter_map(&find) {
                        event.prevent_default();
                        let address = menus::address(node);
                        let name = named(&actions, &address);
                        actions.remove(address, &name);
                    }
                }
                "Escape" if chosen.is_some() => on_close.emit(()),
                "1" => handle.fit(),
                "+" | "=" => handle.zoom_in(),
                "-" => handle.zoom_out(),
                _ => (),
            }
        })
    };
    page::use_keys(on_key);

    let close_menu = {
        let menu = menu.setter();
        Callback::from(move |()| menu.set(None))
    };
    let refusal = menus::refusal(&live);
    let is_empty = laid.scene.cards.is_empty();
    let button = |action: fn(&CanvasHandle)| {
        let handle = handle.clone();
        Callback::from(move |_| action(&handle))
    };
    let middle = handle.middle();
    html! {
        <>
            <Canvas scene={laid.scene.clone()} render_card={(*render).clone()} handle={handle.clone()}
                selected={props.chosen.map(card_id)} {on_select} {on_open} {on_moved} {on_moving}
                {on_selection} {on_context_menu} />
            if may_edit {
              <div class="tools tools--add">
                <span class="anchor" data-test="add">
                    <Button kind={ButtonKind::Quiet} icon={LuPlus}
                        onclick={Callback::from({ let open = adds_here.clone(); move |_| open.set(!*open) })}>
                        { "Add" }
                    </Button>
                    if *adds_here {
                        <Menu label="Add" items={menus::adding(&laid, middle, refusal.clone(), &add)}
                            on_close={Callback::from({ let open = adds_here.setter(); move |()| open.set(false) })} />
                    }
                </span>
              </div>
            } else if looks_on {
                <p class="tools tools--add looks-on small" data-test="looks-on">{ "Read-only: \
                    only editors change this." }</p>
            }
            <div class="tools tools--zoom" role="toolbar" aria-label="Zoom">
                <IconButton icon={LuMinus} label="Zoom out (−)" onclick={button(CanvasHandle::zoom_out)} />
                <IconButton icon={LuPlus} label="Zoom in (+)" onclick={button(CanvasHandle::zoom_in)} />
                <IconButton icon={LuMaximize} label="Show everything (1)" onclick={button(CanvasHandle::fit)} />
            </div>
            if is_empty {
                <div class="map-empty" data-test="canvas-empty">
                    <Empty icon={icondata_lu::LuBox} title="Nothing runs here yet"
                        text={if may_edit {
                            "Add a service: an image, and what it needs to know. It waits on the canvas until you apply it."
                        } else {
                            "An editor of this project has not added anything yet."
                        }}>
                        if may_edit {
                            <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={add.reform(move |_| {
                                Adding::Service(scene::free_spot(&SceneLayout::default(), 0.0, 0.0))
                            })}>{ "Add a service" }</Button>
                            <span class="muted small keys-hint">{ "or press " }<kbd>{ "A" }</kbd></span>
                        }
                    </Empty>
                </div>
            }
            if let Some((request, node)) = &*menu {
                <Menu label="Canvas" at={MenuAt::Point(request.at.x, request.at.y)} on_close={close_menu}
                    items={match node {
                        Some(node) => menus::of_node(*node, &actions, &props.on_open, &add),
                        None => menus::of_ground(&laid, request.map, refusal.clone(), &add, &handle),
                    }} />
            }
            if let Some(what) = *adding {
                <Add adding={what} on_close={Callback::from({ let adding = adding.setter(); move |()| adding.set(None) })} />
            }
        </>
    }
}

/// Where cards lie now. A group with members lies where they do.
fn places(laid: &SceneLayout, moved: &[Moved]) -> Vec<(Node, Position)> {
    (moved.iter())
        .filter_map(|moved| {
            let node = *laid.nodes.get(&moved.id)?;
            Some((node, Position::new(moved.area.x, moved.area.y).ok()?))
        })
        .collect()
}

/// A service that is put into a group's box belongs to it; one that is put outside leaves it.
fn change_group(actions: &super::staging::StagingActions, laid: &SceneLayout, moved: &Moved) {
    let Some(Node::Service(id)) = laid.nodes.get(&moved.id).copied() else { return };
    let Some(model) = actions.live.canvas().model() else { return };
    let Some(service) = model.whole.services.get(&id) else { return };
    let there = scene::group_at(laid, moved.area.centre());
    if there == service.group {
        return;
    }
    let address = Address::ServiceField(id, Field::Group);
    actions.stage(vec![match there {
        Some(group) => Edit::Set { address, content: Content::GroupId(group) },
        None => Edit::Clear { address },
    }]);
}
