//! Screens that are for people who are signed in.

use yew::prelude::{Html, Properties, component, html, use_context, use_effect_with};

use super::{AuthState, Next, Session};
use crate::{
    component::Skeleton,
    route::{
        Route,
        link::Redirect,
        router::{Navigator, use_location, use_navigator},
    },
    screen::failure::Failure,
    shell::Shell,
};

#[derive(Properties, PartialEq)]
pub struct GuardProps {
    pub children: Html,
}

/// Shows its children to somebody who is signed in, and sends others to sign in first.
#[component]
pub fn Guard(props: &GuardProps) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    match session.auth {
        AuthState::In => props.children.clone(),
        AuthState::Unknown => html! {
            <Shell><div class="waits"><Skeleton label="who is signed in" /></div></Shell>
        },
        AuthState::Failed(error) => html! {
            <Shell><Failure {error} on_retry={session.refresh} /></Shell>
        },
        AuthState::Unclaimed => html! { <Redirect to={Route::Claim} /> },
        AuthState::Out { .. } => html! { <ToLogin /> },
    }
}

/// Goes to sign in, and keeps the page that was asked for (DK-23).
#[component]
fn ToLogin() -> Html {
    let navigator = use_navigator();
    let location = use_location();
    use_effect_with((), move |()| {
        let query = Next::kept(&location.path, &location.query);
        navigator.replace_with_query(&Route::Login, &query);
    });
    Html::default()
}

/// Goes on to the page that was asked for before signing in.
pub fn go_on(navigator: &Navigator, query: &str) {
    let next = Next::asked(query);
    navigator.replace_with_query(&next.route, &next.query);
}
