//! Stub.
use yew::prelude::{Html, component, html};
#[component]
pub fn DevicesScreen() -> Html {
    html! { <crate::screen::not_found::NotFound /> }
}
