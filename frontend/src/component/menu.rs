//! A list of deeds at a place.

use yew::prelude::{
    AttrValue, Callback, Html, KeyboardEvent, MouseEvent, Properties, classes, component, html,
    use_node_ref,
};

use super::icon::{Icon, IconData};
use crate::view::{focus, style};

#[derive(Clone, Debug, PartialEq)]
pub struct MenuItem {
    pub label: AttrValue,
    pub icon: Option<IconData>,
    /// The keys that do the same.
    pub keys: Option<AttrValue>,
    pub is_danger: bool,
    /// Why it cannot be done now.
    pub refusal: Option<AttrValue>,
    pub on_choose: Callback<()>,
}

impl MenuItem {
    pub fn new(label: impl Into<AttrValue>, on_choose: Callback<()>) -> Self {
        Self {
            label: label.into(),
            icon: None,
            keys: None,
            is_danger: false,
            refusal: None,
            on_choose,
        }
    }

    #[must_use]
    pub fn icon(self, icon: IconData) -> Self {
        Self { icon: Some(icon), ..self }
    }

    #[must_use]
    pub fn keys(self, keys: impl Into<AttrValue>) -> Self {
        Self { keys: Some(keys.into()), ..self }
    }

    #[must_use]
    pub fn danger(self) -> Self {
        Self { is_danger: true, ..self }
    }

    #[must_use]
    pub fn refused(self, why: Option<AttrValue>) -> Self {
        Self { refusal: why, ..self }
    }
}

/// Where a menu opens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MenuAt {
    /// Under its button, from its left edge. The parent is `position: relative`.
    #[default]
    Start,
    /// Under its button, up to its right edge.
    End,
    /// At a point of the nearest positioned ancestor.
    Point(f64, f64),
}

#[derive(Properties, PartialEq)]
pub struct MenuProps {
    pub label: AttrValue,
    pub items: Vec<MenuItem>,
    pub on_close: Callback<()>,
    #[prop_or_default]
    pub at: MenuAt,
}

#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let root = use_node_ref();
    focus::use_focus_trap(&root);
    let (place, x, y) = match props.at {
        MenuAt::Start => ("menu--start", 0.0, 0.0),
        MenuAt::End => ("menu--end", 0.0, 0.0),
        MenuAt::Point(x, y) => ("menu--point", x, y),
    };
    style::use_style(&root, "--x", format!("{x:.0}px").into());
    style::use_style(&root, "--y", format!("{y:.0}px").into());
    let onkeydown = {
        let (root, on_close) = (root.clone(), props.on_close.clone());
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            match event.key().as_str() {
                "Escape" | "Tab" => {
                    event.prevent_default();
                    on_close.emit(());
                }
                _ => focus::rove(&root, "[role='menuitem']", &event),
            }
        })
    };
    html! {
        <>
            <div class="menu-scrim" onclick={props.on_close.reform(|_: MouseEvent| ())}
                oncontextmenu={props.on_close.reform(|event: MouseEvent| event.prevent_default())} />
            <div ref={root} class={classes!("menu", place)} role="menu" aria-label={&props.label}
                {onkeydown}>
                { for props.items.iter().map(|item| row(item, &props.on_close)) }
            </div>
        </>
    }
}

fn row(item: &MenuItem, on_close: &Callback<()>) -> Html {
    let onclick = {
        let (on_choose, on_close) = (item.on_choose.clone(), on_close.clone());
        Callback::from(move |_: MouseEvent| {
            on_close.emit(());
            on_choose.emit(());
        })
    };
    html! {
        <button key={item.label.to_string()} type="button" role="menuitem"
            class={classes!("menu-item", item.is_danger.then_some("menu-item--danger"))}
            disabled={item.refusal.is_some()} title={item.refusal.clone()} {onclick}>
            if let Some(icon) = item.icon {
                <Icon {icon} />
            }
            <span class="grow">{ &item.label }</span>
            if let Some(keys) = &item.keys {
                <kbd>{ keys }</kbd>
            }
        </button>
    }
}
