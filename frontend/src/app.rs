//! The app: what holds for all screens, and which screen an address means.

use yew::prelude::{ContextProvider, Html, component, html};
use yew_router::prelude::{BrowserRouter, Redirect, Switch};

use crate::{
    component::{Now, ToastProvider},
    route::Route,
    screen,
    session::Session,
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
                <ContextProvider<Session> context={Session::default()}>
                    <ToastProvider>
                        <BrowserRouter>
                            <Switch<Route> render={draw} />
                        </BrowserRouter>
                    </ToastProvider>
                </ContextProvider<Session>>
            </ContextProvider<Now>>
        </ThemeProvider>
    }
}

fn draw(route: Route) -> Html {
    match route {
        Route::Home => html! { <Redirect<Route> to={Route::Projects} /> },
        Route::Login
        | Route::Claim
        | Route::Projects
        | Route::Canvas { .. }
        | Route::ProjectSettings { .. }
        | Route::ProjectSettingsTab { .. }
        | Route::Service { .. }
        | Route::ServiceTab { .. }
        | Route::ApiKeys
        | Route::NotFound => html! { <screen::not_found::NotFound /> },
    }
}
