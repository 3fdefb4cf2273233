//! The addresses of the app.

use yew_router::Routable;

/// A project and a service are named by their slugs; ids work as well.
#[derive(Clone, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    #[at("/")]
    Home,
    #[at("/login")]
    Login,
    #[at("/claim")]
    Claim,
    #[at("/projects")]
    Projects,
    #[at("/projects/:project")]
    Canvas { project: String },
    #[at("/projects/:project/settings")]
    ProjectSettings { project: String },
    #[at("/projects/:project/settings/:tab")]
    ProjectSettingsTab { project: String, tab: String },
    #[at("/projects/:project/services/:service")]
    Service { project: String, service: String },
    #[at("/projects/:project/services/:service/:tab")]
    ServiceTab { project: String, service: String, tab: String },
    #[at("/projects/:project/groups/:group")]
    Group { project: String, group: String },
    #[at("/projects/:project/volumes/:volume")]
    Volume { project: String, volume: String },
    #[at("/settings/api-keys")]
    ApiKeys,
    #[at("/settings/devices")]
    Devices,
    #[at("/settings/system")]
    System,
    #[not_found]
    #[at("/404")]
    NotFound,
}

impl Route {
    /// The project that an address lies in.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match self {
            Self::Canvas { project }
            | Self::ProjectSettings { project }
            | Self::ProjectSettingsTab { project, .. }
            | Self::Group { project, .. }
            | Self::Volume { project, .. }
            | Self::Service { project, .. }
            | Self::ServiceTab { project, .. } => Some(project),
            Self::Home
            | Self::Login
            | Self::Claim
            | Self::Projects
            | Self::ApiKeys
            | Self::Devices
            | Self::System
            | Self::NotFound => None,
        }
    }

    /// The service whose panel is open, and the tab of it.
    #[must_use]
    pub fn service(&self) -> Option<(&str, Option<&str>)> {
        match self {
            Self::Service { service, .. } => Some((service, None)),
            Self::ServiceTab { service, tab, .. } => Some((service, Some(tab))),
            Self::Home
            | Self::Login
            | Self::Claim
            | Self::Projects
            | Self::Canvas { .. }
            | Self::Group { .. }
            | Self::Volume { .. }
            | Self::ProjectSettings { .. }
            | Self::ProjectSettingsTab { .. }
            | Self::ApiKeys
            | Self::Devices
            | Self::System
            | Self::NotFound => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_panel_is_an_address_of_its_own() {
        let route = Route::recognize("/projects/shop/services/web/logs").unwrap();

        assert_eq!(route.project(), Some("shop"));
        assert_eq!(route.service(), Some(("web", Some("logs"))));
        assert_eq!(route.to_path(), "/projects/shop/services/web/logs");
    }

    #[test]
    fn an_unknown_address_is_not_found() {
        assert_eq!(Route::recognize("/nowhere/at/all"), Some(Route::NotFound));
    }
}
