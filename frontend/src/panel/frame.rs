//! The panel's frame: its width, its way out, and what is shown in it.

use domain::layout::Node;
use icondata_lu::{LuSearch, LuX};
use web_sys::PointerEvent;
use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, Properties, component, html, use_mut_ref,
    use_node_ref, use_state_eq,
};

use super::{
    group::GroupPanel,
    open::{Open, Tab},
    service::ServicePanel,
    volume::VolumePanel,
    width::{LEAST, MOST, resized, width},
};
use crate::{
    component::{Button, Empty, IconButton},
    view::{clock, page, style},
};

/// How far one press of an arrow key moves the panel's edge.
const STEP: i32 = 40;
/// A letter after G counts for so long, in milliseconds.
const CHORD: i64 = 1_500;

#[derive(Properties, PartialEq)]
pub struct PanelProps {
    pub open: Open,
    /// What that is, if there is such a thing.
    pub node: Option<Node>,
    pub on_close: Callback<()>,
    pub on_width: Callback<i32>,
    pub on_go: Callback<Open>,
}

#[component]
pub fn Panel(props: &PanelProps) -> Html {
    let PanelProps { open, node, on_close, on_width, on_go } = props;
    let root = use_node_ref();
    let wide = use_state_eq(width);
    let is_pulled = use_mut_ref(|| false);
    let pressed_g = use_mut_ref(|| i64::MIN);
    style::use_style(&root, "--drawer", AttrValue::from(format!("{}px", *wide)));

    let resize = {
        let (wide, on_width) = (wide.setter(), on_width.clone());
        move |to: i32| {
            let to = resized(to);
            wide.set(to);
            on_width.emit(to);
        }
    };
    let onpointerdown = {
        let is_pulled = is_pulled.clone();
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            page::capture(&event);
            is_pulled.replace(true);
        })
    };
    let onpointermove = {
        let (is_pulled, resize) = (is_pulled.clone(), resize.clone());
        Callback::from(move |event: PointerEvent| {
            if *is_pulled.borrow() {
                #[expect(clippy::cast_possible_truncation, reason = "screens are small")]
                let window = page::width() as i32;
                resize(window - event.client_x());
            }
        })
    };
    let onpointerup = {
        let is_pulled = is_pulled.clone();
        Callback::from(move |_: PointerEvent| {
            is_pulled.replace(false);
        })
    };
    let onkeydown = {
        let (resize, now) = (resize.clone(), *wide);
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "ArrowLeft" => resize(now + STEP),
            "ArrowRight" => resize(now - STEP),
            _ => (),
        })
    };
    let on_key = {
        let (open, on_go, on_close) = (open.clone(), on_go.clone(), on_close.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            if event.key() == "Escape" {
                on_close.emit(());
                return;
            }
            if page::is_typing(&event) {
                return;
            }
            let key = event.key();
            let before = pressed_g.replace(if key == "g" { clock::now() } else { i64::MIN });
            if clock::now() - CHORD < before
                && let (Open::Service(service, _), Some(tab)) = (&open, Tab::lettered(&key))
            {
                event.prevent_default();
                on_go.emit(Open::Service(service.clone(), tab));
            }
        })
    };
    page::use_keys(on_key);
    let close = on_close.reform(|_| ());
    html! {
        <aside ref={root} class="drawer" data-test="panel" aria-label="Details">
            <div class="drawer-edge" role="separator" aria-orientation="vertical" aria-label="Width of the panel"
                tabindex="0" aria-valuenow={wide.to_string()} aria-valuemin={LEAST.to_string()}
                aria-valuemax={MOST.to_string()} {onpointerdown} {onpointermove} onpointerup={onpointerup.clone()}
                onpointercancel={onpointerup} {onkeydown} />
            <div class="drawer-close"><IconButton icon={LuX} label="Close (Escape)" onclick={close} /></div>
            { match (node, open) {
                (Some(Node::Service(id)), Open::Service(named, tab)) => html! {
                    <ServicePanel key={id.to_string()} id={*id} tab={*tab} on_close={on_close.clone()}
                        on_tab={on_go.reform({
                            let named = named.clone();
                            move |tab| Open::Service(named.clone(), tab)
                        })} />
                },
                (Some(Node::Group(id)), _) => html! {
                    <GroupPanel key={id.to_string()} id={*id} on_go={on_go.clone()} on_close={on_close.clone()} />
                },
                (Some(Node::Volume(id)), _) => html! {
                    <VolumePanel key={id.to_string()} id={*id} on_go={on_go.clone()} />
                },
                _ => html! {
                    <Empty icon={LuSearch} title="Nothing here" text="It was removed, or it never was.">
                        <Button onclick={on_close.reform(|_| ())}>{ "Back to the canvas" }</Button>
                    </Empty>
                },
            } }
        </aside>
    }
}
