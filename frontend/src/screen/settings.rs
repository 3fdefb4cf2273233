//! Stub.
use yew::prelude::{Html, Properties, component, html};
#[derive(Properties, PartialEq)]
pub struct ProjectSettingsProps {
    pub project: String,
    pub tab: String,
}
#[component]
pub fn ProjectSettings(_: &ProjectSettingsProps) -> Html {
    html! { <crate::screen::not_found::NotFound /> }
}
