//! What one presses.

use yew::prelude::{AttrValue, Callback, Html, MouseEvent, Properties, classes, component, html};

use super::icon::{Icon, IconData};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    #[default]
    Quiet,
    /// Without a frame, among others of its kind.
    Bare,
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button--primary",
            Self::Quiet => "button--quiet",
            Self::Bare => "button--bare",
            Self::Danger => "button--danger",
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct ButtonProps {
    pub children: Html,
    #[prop_or_default]
    pub kind: ButtonKind,
    #[prop_or_default]
    pub icon: Option<IconData>,
    /// Under way: it cannot be pressed again, and says so.
    #[prop_or_default]
    pub busy: bool,
    #[prop_or_default]
    pub disabled: bool,
    /// Sends the form it is in.
    #[prop_or_default]
    pub submits: bool,
    /// Gets the keyboard when its dialog opens.
    #[prop_or_default]
    pub autofocus: bool,
    #[prop_or_default]
    pub title: Option<AttrValue>,
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
}

#[component]
pub fn Button(props: &ButtonProps) -> Html {
    let icon = props.icon.map(|icon| html! { <Icon {icon} /> });
    html! {
        <button type={if props.submits { "submit" } else { "button" }}
            class={classes!("button", props.kind.class(), props.busy.then_some("is-busy"))}
            disabled={props.disabled || props.busy} aria-busy={props.busy.then_some("true")}
            data-autofocus={props.autofocus.then_some("")}
            title={props.title.clone()} onclick={&props.onclick}>
            if props.busy {
                <span class="spinner" aria-hidden="true" />
            } else {
                { icon }
            }
            <span class="button-text">{ props.children.clone() }</span>
        </button>
    }
}

#[derive(Properties, PartialEq)]
pub struct IconButtonProps {
    pub icon: IconData,
    /// What it does: read out, and shown on hover.
    pub label: AttrValue,
    #[prop_or_default]
    pub danger: bool,
    #[prop_or_default]
    pub disabled: bool,
    /// For a switch: whether it is on.
    #[prop_or_default]
    pub pressed: Option<bool>,
    /// For a button that opens a menu: whether it is open.
    #[prop_or_default]
    pub expanded: Option<bool>,
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
}

#[component]
pub fn IconButton(props: &IconButtonProps) -> Html {
    let claim = |is: bool| if is { "true" } else { "false" };
    html! {
        <button type="button" aria-label={&props.label} title={&props.label}
            class={classes!("icon-button", props.danger.then_some("icon-button--danger"))}
            disabled={props.disabled} aria-pressed={props.pressed.map(claim)}
            aria-expanded={props.expanded.map(claim)}
            aria-haspopup={props.expanded.map(|_| "menu")} onclick={&props.onclick}>
            <Icon icon={props.icon} />
        </button>
    }
}
