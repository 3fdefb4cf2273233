//! What lies on the canvas, each following its own part of what is known.

use domain::{GroupId, ServiceId, VolumeId, layout::Node};
use icondata_lu::LuHardDrive;
use yew::prelude::{AttrValue, Html, Properties, classes, component, html};

use super::face;
use crate::{
    card::{CardChange, Face, ServiceCard},
    component::Icon,
    live::{
        Desk, Live,
        watch::{use_live, use_select},
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
    let live = use_live();
    let face: Option<Face> = use_select(&live, props.id, |_, desk, id| face::face(desk, *id));
    match face {
        Some(face) => html! {
            <div class="card-frame" data-test="card" data-name={face.name.clone()} data-status={face.word.clone()}>
                <ServiceCard {face} />
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
    let live = use_live();
    let (name, staged) = use_select(&live, props.id, named_group);
    let class = staged_class("ground", staged);
    html! {
        <div class={classes!("ground", class)} data-test="group" data-name={name.clone()}>
            <span class="ground-name truncate">{ name }</span>
        </div>
    }
}

fn named_group(_: &Live, desk: &Desk, id: &GroupId) -> (AttrValue, CardChange) {
    let drawn = desk.picture();
    let name = drawn.as_ref().and_then(|drawn| {
        let group = drawn.whole.groups.get(id).or_else(|| drawn.base.groups.get(id))?;
        Some(group.name.to_string())
    });
    let staged = drawn.map(|drawn| drawn.group_mark(*id)).unwrap_or_default();
    (name.unwrap_or_default().into(), staged)
}

#[derive(Properties, PartialEq)]
struct VolumeProps {
    id: VolumeId,
}

#[component]
fn Volume(props: &VolumeProps) -> Html {
    let live = use_live();
    let (name, staged) = use_select(&live, props.id, named_volume);
    html! {
        <article class={classes!("card", "card--volume", staged_class("card", staged))}
            data-test="volume" data-name={name.clone()}>
            <span class="card-icon"><Icon icon={LuHardDrive} size={18} /></span>
            <div class="grow">
                <h3 class="card-name truncate" title={name.clone()}>{ name }</h3>
                <p class="card-source truncate">{
                    match staged {
                        CardChange::Removed => "Volume, to be given up",
                        CardChange::New => "New volume, mounted nowhere",
                        _ => "Volume, mounted nowhere",
                    }
                }</p>
            </div>
        </article>
    }
}

fn named_volume(_: &Live, desk: &Desk, id: &VolumeId) -> (AttrValue, CardChange) {
    let drawn = desk.picture();
    let name = drawn.as_ref().and_then(|drawn| {
        let volume = drawn.whole.volumes.get(id).or_else(|| drawn.base.volumes.get(id))?;
        Some(volume.name.to_string())
    });
    let staged = drawn.map(|drawn| drawn.volume_mark(*id)).unwrap_or_default();
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
