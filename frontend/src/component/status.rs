//! A state: always a shape, a word and a colour, so that it reads without any one of them.

use yew::prelude::{AttrValue, Html, Properties, classes, component, html};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    Live,
    Progress,
    Staged,
    Failed,
    #[default]
    Stopped,
    Sleeping,
}

impl Status {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Live => "Running",
            Self::Progress => "In progress",
            Self::Staged => "Staged",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::Sleeping => "Sleeping",
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Progress => "progress",
            Self::Staged => "staged",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Sleeping => "sleeping",
        }
    }

    fn shape(self) -> Html {
        match self {
            Self::Live => html! { <circle cx="6" cy="6" r="5" fill="currentColor" /> },
            Self::Progress => html! {
                <>
                    <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
                    <path d="M6 1.75a4.25 4.25 0 0 1 0 8.5z" fill="currentColor" />
                </>
            },
            Self::Staged => html! {
                <path d="M6 .9 11.1 6 6 11.1 .9 6z" fill="none" stroke="currentColor"
                    stroke-width="1.6" stroke-linejoin="round" />
            },
            Self::Failed => html! {
                <path d="M6 1.2 11.4 10.8H.6z" fill="currentColor" stroke="currentColor"
                    stroke-width="1" stroke-linejoin="round" />
            },
            Self::Stopped => html! {
                <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
            },
            Self::Sleeping => html! {
                <path d="M10.6 7.6A5 5 0 0 1 4.4 1.4a5 5 0 1 0 6.2 6.2z" fill="currentColor" />
            },
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct StatusMarkProps {
    pub status: Status,
    /// The exact word, where it is not the status's own.
    #[prop_or_default]
    pub word: Option<AttrValue>,
    /// The shape alone; the word is read out.
    #[prop_or_default]
    pub bare: bool,
}

#[component]
pub fn StatusMark(props: &StatusMarkProps) -> Html {
    let StatusMarkProps { status, word, bare } = props;
    let word = word.clone().unwrap_or(AttrValue::Static(status.label()));
    html! {
        <span class={classes!("status", format!("status--{}", status.name()))}
            title={bare.then(|| word.clone())}>
            <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">{ status.shape() }</svg>
            <span class={if *bare { "sr-only" } else { "status-word" }}>{ word }</span>
        </span>
    }
}
