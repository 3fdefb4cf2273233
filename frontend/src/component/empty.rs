//! Where there is nothing yet: what belongs here, and how to begin.

use yew::prelude::{AttrValue, Html, Properties, component, html};

use super::icon::{Icon, IconData};

#[derive(Properties, PartialEq)]
pub struct EmptyProps {
    pub icon: IconData,
    pub title: AttrValue,
    /// One or two sentences.
    pub text: AttrValue,
    /// The button that begins.
    #[prop_or_default]
    pub children: Html,
}

#[component]
pub fn Empty(props: &EmptyProps) -> Html {
    html! {
        <div class="empty">
            <span class="empty-icon"><Icon icon={props.icon} size={22} /></span>
            <h3>{ &props.title }</h3>
            <p class="muted">{ &props.text }</p>
            <div class="row row--wrap empty-actions">{ props.children.clone() }</div>
        </div>
    }
}
