//! What leads to another address.

use yew::prelude::{
    AttrValue, Callback, Html, MouseEvent, Properties, component, html, use_effect_with,
};

use super::Route;
use crate::route::router::use_navigator;

#[derive(Properties, PartialEq)]
pub struct LinkProps {
    pub to: Route,
    pub classes: AttrValue,
    pub children: Html,
}

/// A link within the app. With a key held down it is the browser's: a new tab, a new window.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let navigator = use_navigator();
    let onclick = Callback::from({
        let to = props.to.clone();
        move |event: MouseEvent| {
            if event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key() {
                return;
            }
            event.prevent_default();
            navigator.push(&to);
        }
    });
    html! {
        <a class={props.classes.clone()} href={props.to.to_path()} {onclick}>{ props.children.clone() }</a>
    }
}

#[derive(Properties, PartialEq)]
pub struct RedirectProps {
    pub to: Route,
}

/// Goes elsewhere at once. The way back leads past it.
#[component]
pub fn Redirect(props: &RedirectProps) -> Html {
    let navigator = use_navigator();
    use_effect_with(props.to.clone(), move |to| navigator.replace(to));
    Html::default()
}
