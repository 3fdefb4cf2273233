//! The shape of what is being fetched.

use yew::prelude::{AttrValue, Html, Properties, component, html};

#[derive(Properties, PartialEq)]
pub struct SkeletonProps {
    /// What is being fetched: read out.
    pub label: AttrValue,
    #[prop_or(3)]
    pub lines: usize,
}

#[component]
pub fn Skeleton(props: &SkeletonProps) -> Html {
    html! {
        <div class="skeleton" role="status">
            <span class="sr-only">{ format!("Loading {}", props.label) }</span>
            { for (0..props.lines).map(|line| html! { <div key={line} class="skeleton-line" /> }) }
        </div>
    }
}
