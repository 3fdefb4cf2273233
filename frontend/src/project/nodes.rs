//! What lies on the canvas, each following its own part of what is known.

use domain::{GroupId, ServiceId, VolumeId, layout::Node};
use icondata_lu::LuHardDrive;
use yew::prelude::{AttrValue, Html, Properties, classes, component, html};

use super::card_content;
use crate::{
    card::{CardChange, CardContent, ServiceCard},
    component::Icon,
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
};

#[derive(Properties, PartialEq)]
pub struct NodeProps {
    pub node: Node,
}

#[component]
pub fn NodeCard(props: &NodeProps) -> Html {
    match props.node {
        Node::Service(id) => html! { <Service {id} /> },
        Node::Group(id) => html! { <Group {id} /> },
        Node::Volume(id) => html! { <Volume {id} /> },
    }
}

#[derive(Properties, PartialEq)]
struct ServiceProps {
    id: ServiceId,
}

#[component]
fn Service(props: &ServiceProps) -> Html {
    let live = use_live_canvas();
    let card_content: Option<CardContent> =
        use_selector(&live, props.id, |_, canvas, id| card_content::card_content(canvas, *id));
    match card_content {
        Some(card_content) => html! {
            <div class="card-frame" data-test="card" data-name={card_content.name.clone()} data-status={card_content.word.clone()}>
                <ServiceCard {card_content} />
            </div>
        },
        None => Html::default(),
    }
}

#[derive(Properties, PartialEq)]
struct GroupProps {
    id: GroupId,
}

#[component]
fn Group(props: &GroupProps) -> Html {
    let live = use_live_canvas();
    let (name, staged) = use_selector(&live, props.id, named_group);
    let class = staged_class("group-box", staged);
    html! {
        <div class={classes!("group-box", class)} data-test="group" data-name={name.clone()}>
            <span class="group-box-name truncate">{ name }</span>
        </div>
    }
}

fn named_group(_: &LiveCanvas, canvas: &CanvasState, id: &GroupId) -> (AttrValue, CardChange) {
    let model = canvas.model();
    let name = model.as_ref().and_then(|model| {
        let group = model.whole.groups.get(id).or_else(|| model.base.groups.get(id))?;
        Some(group.name.to_string())
    });
    let staged = model.map(|model| model.group_mark(*id)).unwrap_or_default();
    (name.unwrap_or_default().into(), staged)
}

#[derive(Properties, PartialEq)]
struct VolumeProps {
    id: VolumeId,
}

#[component]
fn Volume(props: &VolumeProps) -> Html {
    let live = use_live_canvas();
    let (name, staged) = use_selector(&live, props.id, named_volume);
    html! {
        <article class={classes!("card", "card--volume", staged_class("card", staged))}
            data-test="volume" data-name={name.clone()}>
            <span class="card-icon"><Icon icon={LuHardDrive} size={18} /></span>
            <div class="grow">
                <h3 class="card-name truncate" title={name.clone()}>{ name }</h3>
                <p class="card-source truncate">{
                    match staged {
                        CardChange::Removed => "Volume, to be deleted",
                        CardChange::New => "New volume, mounted nowhere",
                        _ => "Volume, mounted nowhere",
                    }
                }</p>
            </div>
        </article>
    }
}

fn named_volume(_: &LiveCanvas, canvas: &CanvasState, id: &VolumeId) -> (AttrValue, CardChange) {
    let model = canvas.model();
    let name = model.as_ref().and_then(|model| {
        let volume = model.whole.volumes.get(id).or_else(|| model.base.volumes.get(id))?;
        Some(volume.name.to_string())
    });
    let staged = model.map(|model| model.volume_mark(*id)).unwrap_or_default();
    (name.unwrap_or_default().into(), staged)
}

fn staged_class(block: &str, staged: CardChange) -> Option<String> {
    let word = match staged {
        CardChange::Nothing => return None,
        CardChange::New => "new",
        CardChange::Edited => "edited",
        CardChange::Removed => "removed",
    };
    Some(format!("{block}--{word}"))
}
