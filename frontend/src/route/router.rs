//! Which address is open, and the way to others.

use yew::prelude::{
    Callback, ContextProvider, Html, Properties, component, hook, html, use_callback, use_context,
    use_state_eq,
};

use super::Route;
use crate::view::history;

/// The address that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    pub path: String,
    /// With its `?`, or empty.
    pub query: String,
    /// With its `#`, or empty.
    pub fragment: String,
}

impl Location {
    fn now() -> Self {
        let [path, query, fragment] = history::here().unwrap_or_default();
        Self { path, query, fragment }
    }
}

/// The way to other addresses. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Navigator {
    on_move: Callback<()>,
}

impl Navigator {
    pub fn push(&self, to: &Route) {
        history::push(&to.to_path());
        self.on_move.emit(());
    }

    /// Leaves no way back to the address that is open.
    pub fn replace(&self, to: &Route) {
        self.replace_with_query(to, "");
    }

    /// The query starts with `?`, or is empty.
    pub fn replace_with_query(&self, to: &Route, query: &str) {
        history::replace(&(to.to_path() + query));
        self.on_move.emit(());
    }
}

#[derive(Properties, PartialEq)]
pub struct RouterProps {
    pub children: Html,
}

/// Tells everything below it which address is open.
#[component]
pub fn Router(props: &RouterProps) -> Html {
    let location = use_state_eq(Location::now);
    let on_move = use_callback((), {
        let location = location.setter();
        move |(), ()| location.set(Location::now())
    });
    history::use_popstate(on_move.clone());
    html! {
        <ContextProvider<Navigator> context={Navigator { on_move }}>
            <ContextProvider<Location> context={(*location).clone()}>
                { props.children.clone() }
            </ContextProvider<Location>>
        </ContextProvider<Navigator>>
    }
}

#[hook]
pub fn use_navigator() -> Navigator {
    use_context::<Navigator>().unwrap_or_default()
}

#[hook]
pub fn use_location() -> Location {
    use_context::<Location>().unwrap_or_default()
}

#[hook]
pub fn use_route() -> Route {
    Route::recognize(&use_location().path)
}
