//! A word in a pigment.

use yew::prelude::{Html, Properties, classes, component, html};

/// The pigments, by what they mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    #[default]
    Calm,
    Accent,
    Live,
    Staged,
    Fail,
    Info,
}

impl Colour {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Accent => "accent",
            Self::Live => "live",
            Self::Staged => "staged",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct BadgeProps {
    pub children: Html,
    #[prop_or_default]
    pub colour: Colour,
}

#[component]
pub fn Badge(props: &BadgeProps) -> Html {
    html! {
        <span class={classes!("badge", format!("badge--{}", props.colour.name()))}>
            { props.children.clone() }
        </span>
    }
}
