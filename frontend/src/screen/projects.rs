//! Stub.
use yew::prelude::{Html, component, html};
#[component]
pub fn Projects() -> Html {
    html! { <crate::screen::not_found::NotFound /> }
}
