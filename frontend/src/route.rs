//! The addresses of the app.

pub mod link;
pub mod router;

use crate::api::request::{decoded, encoded};

/// A project and a service are named by their slugs; ids work as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Home,
    Login,
    Claim,
    Projects,
    Canvas { project: String },
    ProjectSettings { project: String },
    ProjectSettingsTab { project: String, tab: String },
    Service { project: String, service: String },
    ServiceTab { project: String, service: String, tab: String },
    Group { project: String, group: String },
    Volume { project: String, volume: String },
    ApiKeys,
    Sessions,
    System,
    NotFound,
}

impl Route {
    /// What a path means.
    #[must_use]
    pub fn recognize(path: &str) -> Self {
        let parts: Vec<String> =
            path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let own = |part: &str| part.to_owned();
        match *parts {
            [] => Self::Home,
            ["login"] => Self::Login,
            ["claim"] => Self::Claim,
            ["projects"] => Self::Projects,
            ["projects", project] => Self::Canvas { project: own(project) },
            ["projects", project, "settings"] => Self::ProjectSettings { project: own(project) },
            ["projects", project, "settings", tab] => {
                Self::ProjectSettingsTab { project: own(project), tab: own(tab) }
            }
            ["projects", project, "services", service] => {
                Self::Service { project: own(project), service: own(service) }
            }
            ["projects", project, "services", service, tab] => {
                Self::ServiceTab { project: own(project), service: own(service), tab: own(tab) }
            }
            ["projects", project, "groups", group] => {
                Self::Group { project: own(project), group: own(group) }
            }
            ["projects", project, "volumes", volume] => {
                Self::Volume { project: own(project), volume: own(volume) }
            }
            ["settings", "api-keys"] => Self::ApiKeys,
            ["settings", "sessions"] => Self::Sessions,
            ["settings", "system"] => Self::System,
            _ => Self::NotFound,
        }
    }

    /// The path that means it.
    #[must_use]
    pub fn to_path(&self) -> String {
        let parts: &[&str] = match self {
            Self::Home => &[""],
            Self::Login => &["login"],
            Self::Claim => &["claim"],
            Self::Projects => &["projects"],
            Self::Canvas { project } => &["projects", project],
            Self::ProjectSettings { project } => &["projects", project, "settings"],
            Self::ProjectSettingsTab { project, tab } => &["projects", project, "settings", tab],
            Self::Service { project, service } => &["projects", project, "services", service],
            Self::ServiceTab { project, service, tab } => {
                &["projects", project, "services", service, tab]
            }
            Self::Group { project, group } => &["projects", project, "groups", group],
            Self::Volume { project, volume } => &["projects", project, "volumes", volume],
            Self::ApiKeys => &["settings", "api-keys"],
            Self::Sessions => &["settings", "sessions"],
            Self::System => &["settings", "system"],
            Self::NotFound => &["404"],
        };
        let mut path = String::new();
        for part in parts {
            path.push('/');
            path.push_str(&encoded(part));
        }
        path
    }

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
            | Self::Sessions
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
            | Self::Sessions
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
        let route = Route::recognize("/projects/shop/services/web/logs");

        assert_eq!(route.project(), Some("shop"));
        assert_eq!(route.service(), Some(("web", Some("logs"))));
        assert_eq!(route.to_path(), "/projects/shop/services/web/logs");
    }

    #[test]
    fn every_address_leads_to_where_it_came_from() {
        for path in [
            "/",
            "/login",
            "/claim",
            "/projects",
            "/projects/shop",
            "/projects/shop/settings",
            "/projects/shop/settings/members",
            "/projects/shop/services/web",
            "/projects/shop/groups/data",
            "/projects/shop/volumes/a%20%C3%BC+b",
            "/settings/api-keys",
            "/settings/sessions",
            "/settings/system",
        ] {
            let route = Route::recognize(path);

            assert_ne!(route, Route::NotFound);
            assert_eq!(Route::recognize(&route.to_path()), route, "{path}");
        }
    }

    #[test]
    fn an_address_holds_any_text() {
        let route = Route::recognize("/projects/a%2Fb%20%C3%BC+c");

        assert_eq!(route, Route::Canvas { project: "a/b ü+c".to_owned() });
        assert_eq!(Route::recognize(&route.to_path()), route);
    }

    #[test]
    fn an_unknown_address_is_not_found() {
        assert_eq!(Route::recognize("/nowhere/at/all"), Route::NotFound);
    }
}
