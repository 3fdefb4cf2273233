//! The app: what holds for all screens, and which screen an address means.

use yew::prelude::{ContextProvider, Html, component, html};

use crate::{
    component::{Now, ToastProvider},
    panel::{Open, Tab},
    route::{
        Route,
        link::Redirect,
        router::{Router, use_route},
    },
    screen,
    session::{guard::Guard, provider::SessionProvider},
    theme::ThemeProvider,
    view::clock,
};

/// How often "3 min ago" is looked at again, in milliseconds.
const TICK: u32 = 5_000;

#[component]
pub fn App() -> Html {
    let now = Now(clock::use_now(TICK));
    html! {
        <ThemeProvider>
            <ContextProvider<Now> context={now}>
                <ToastProvider>
                    <SessionProvider>
                        <Router><Screen /></Router>
                    </SessionProvider>
                </ToastProvider>
            </ContextProvider<Now>>
        </ThemeProvider>
    }
}

/// What the address means.
#[component]
fn Screen() -> Html {
    let route = use_route();
    match route {
        Route::Home => html! { <Redirect to={Route::Projects} /> },
        Route::Login => html! { <screen::login::LoginScreen /> },
        Route::Claim => html! { <screen::claim::ClaimScreen /> },
        Route::NotFound => html! { <screen::not_found::NotFound /> },
        Route::Projects
        | Route::Canvas { .. }
        | Route::ProjectSettings { .. }
        | Route::ProjectSettingsTab { .. }
        | Route::Service { .. }
        | Route::ServiceTab { .. }
        | Route::Group { .. }
        | Route::Volume { .. }
        | Route::ApiKeys
        | Route::Sessions
        | Route::System => html! { <Guard>{ draw_private(route) }</Guard> },
    }
}

/// The screens for people who are signed in.
fn draw_private(route: Route) -> Html {
    match route {
        Route::Projects => html! { <screen::projects::Projects /> },
        Route::ProjectSettings { project } => html! {
            <screen::settings::ProjectSettings project={project.clone()} key={project} tab="general" />
        },
        Route::ProjectSettingsTab { project, tab } => html! {
            <screen::settings::ProjectSettings project={project.clone()} key={project} {tab} />
        },
        Route::ApiKeys => html! { <screen::api_keys::ApiKeys /> },
        Route::Sessions => html! { <screen::sessions::SessionsScreen /> },
        Route::System => html! { <screen::system::System /> },
        Route::Canvas { project } => html! {
            <screen::project::ProjectScreen project={project.clone()} key={project} />
        },
        Route::Service { project, service } => html! {
            <screen::project::ProjectScreen project={project.clone()} key={project}
                open={Open::Service(service, Tab::default())} />
        },
        Route::ServiceTab { project, service, tab } => html! {
            <screen::project::ProjectScreen project={project.clone()} key={project}
                open={Open::Service(service, Tab::named(&tab))} />
        },
        Route::Group { project, group } => html! {
            <screen::project::ProjectScreen project={project.clone()} key={project} open={Open::Group(group)} />
        },
        Route::Volume { project, volume } => html! {
            <screen::project::ProjectScreen project={project.clone()} key={project} open={Open::Volume(volume)} />
        },
        Route::Home | Route::Login | Route::Claim | Route::NotFound => {
            html! { <screen::not_found::NotFound /> }
        }
    }
}
