//! Stub.
use yew::prelude::{Html, component, html};
#[component]
pub fn System() -> Html {
    html! { <crate::screen::not_found::NotFound /> }
}
