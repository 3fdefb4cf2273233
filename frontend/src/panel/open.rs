//! What is open, and the address that says so.

use std::fmt;

use domain::layout::Node;

use crate::{live::Model, route::Route};

/// What is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Open {
    #[default]
    Nothing,
    /// A service, by slug or id.
    Service(String, Tab),
    /// A group, by id.
    Group(String),
    /// A volume, by id.
    Volume(String),
}

/// A page of a service's panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Deployments,
    Logs,
    Variables,
    Settings,
}

impl Tab {
    pub const ALL: [Self; 4] = [Self::Deployments, Self::Logs, Self::Variables, Self::Settings];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployments => "deployments",
            Self::Logs => "logs",
            Self::Variables => "variables",
            Self::Settings => "settings",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.as_str() == word).unwrap_or_default()
    }

    /// The tab that a letter after G leads to.
    #[must_use]
    pub fn lettered(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.as_str().get(..1) == Some(&*letter.to_lowercase()))
    }
}

impl fmt::Display for Tab {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Deployments => "Deployments",
            Self::Logs => "Logs",
            Self::Variables => "Variables",
            Self::Settings => "Settings",
        })
    }
}

impl Open {
    /// What is to be opened for a thing on the canvas.
    #[must_use]
    pub fn at(node: Node, tab: Tab, model: &Model) -> Self {
        match node {
            Node::Service(id) => {
                let slug = model.service(id).map(|service| service.slug.to_string());
                Self::Service(slug.unwrap_or_else(|| id.to_string()), tab)
            }
            Node::Group(id) => Self::Group(id.to_string()),
            Node::Volume(id) => Self::Volume(id.to_string()),
        }
    }

    /// The thing that is open, if there is such a thing.
    #[must_use]
    pub fn node(&self, model: &Model) -> Option<Node> {
        match self {
            Self::Nothing => None,
            Self::Service(named, _) => model.find(named).map(Node::Service),
            Self::Group(id) => {
                let id = id.parse().ok()?;
                model.whole.groups.contains_key(&id).then_some(Node::Group(id))
            }
            Self::Volume(id) => {
                let id = id.parse().ok()?;
                let is_there =
                    model.whole.volumes.contains_key(&id) || model.base.volumes.contains_key(&id);
                is_there.then_some(Node::Volume(id))
            }
        }
    }

    /// The address in the browser.
    #[must_use]
    pub fn route(&self, project: &str) -> Route {
        let project = project.to_owned();
        match self.clone() {
            Self::Nothing => Route::Canvas { project },
            Self::Service(service, Tab::Deployments) => Route::Service { project, service },
            Self::Service(service, tab) => {
                Route::ServiceTab { project, service, tab: tab.as_str().to_owned() }
            }
            Self::Group(group) => Route::Group { project, group },
            Self::Volume(volume) => Route::Volume { project, volume },
        }
    }
}
