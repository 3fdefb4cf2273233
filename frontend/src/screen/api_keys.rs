//! Stub.
use yew::prelude::{Html, component, html};
#[component]
pub fn ApiKeys() -> Html {
    html! { <crate::screen::not_found::NotFound /> }
}
