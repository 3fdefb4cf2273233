//! A service that many configurations hold and few change.

use crate::{Service, Variable, VariableKey, template::Reference};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
};

/// A service that many configurations hold: a clone costs nothing until one of them is changed.
///
/// It remembers what is asked of it again and again, so that a configuration of a thousand services
/// is judged without looking at each of their variables.
#[derive(Clone)]
pub struct SharedService(Arc<Held>);

struct Held {
    service: Service,
    index: OnceLock<ServiceIndex>,
}

/// What is asked of a service again and again.
struct ServiceIndex {
    folded_name: String,
    referring: Vec<VariableKey>,
    is_loose: bool,
}

impl SharedService {
    /// Whether both are the very same, so that nothing in them can differ. `false` says nothing.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Its name in lower case, as names are compared.
    pub(crate) fn folded_name(&self) -> &str {
        &self.index().folded_name
    }

    /// Its own variables that refer to something.
    pub(crate) fn referring(&self) -> impl Iterator<Item = (&VariableKey, &Variable)> {
        let variables = &self.0.service.variables;
        (self.index().referring.iter()).filter_map(move |key| variables.get_key_value(key))
    }

    /// Whether one of its variables names a service that did not exist when it was written.
    pub(crate) fn is_loose(&self) -> bool {
        self.index().is_loose
    }

    fn index(&self) -> &ServiceIndex {
        self.0.index.get_or_init(|| {
            let Service { name, variables, .. } = &self.0.service;
            ServiceIndex {
                folded_name: name.as_str().to_lowercase(),
                referring: (variables.iter())
                    .filter(|(_, variable)| variable.refers())
                    .map(|(key, _)| key.clone())
                    .collect(),
                is_loose: variables.values().any(Variable::is_loose),
            }
        })
    }
}

impl Variable {
    /// Whether it refers to anything.
    pub(crate) fn refers(&self) -> bool {
        self.any_reference(|_| true)
    }

    /// Whether it names a service that did not exist when it was written.
    pub(crate) fn is_loose(&self) -> bool {
        self.any_reference(|reference| matches!(reference, Reference::Unknown { .. }))
    }
}

impl From<Service> for SharedService {
    fn from(service: Service) -> Self {
        Self(Arc::new(Held { service, index: OnceLock::new() }))
    }
}

impl From<SharedService> for Service {
    fn from(shared: SharedService) -> Self {
        Arc::try_unwrap(shared.0).map_or_else(|held| held.service.clone(), |held| held.service)
    }
}

impl Clone for Held {
    // Whoever clones it is about to change it.
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), index: OnceLock::new() }
    }
}

impl Deref for SharedService {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0.service
    }
}

impl DerefMut for SharedService {
    fn deref_mut(&mut self) -> &mut Service {
        let held = Arc::make_mut(&mut self.0);
        held.index = OnceLock::new();
        &mut held.service
    }
}

impl PartialEq for SharedService {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0.service == other.0.service
    }
}

impl Eq for SharedService {}

impl std::fmt::Debug for SharedService {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.service.fmt(out)
    }
}

impl Serialize for SharedService {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.service.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedService {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Service::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Template, Value};

    fn shared() -> SharedService {
        Service::named("Web".parse().expect("a name"), "web".parse().expect("a slug")).into()
    }

    fn variable(text: &str) -> Variable {
        let value = Value::Shown(Template::parse(text, |_| None));
        Variable { value, sealed: false, version: 1 }
    }

    #[test]
    fn a_clone_is_the_same_until_it_is_changed() {
        let first = shared();
        let mut second = first.clone();
        assert!(second.is_same(&first));

        second.name = "Api".parse().expect("a name");

        assert!(!second.is_same(&first));
        assert_eq!((first.name.as_str(), second.name.as_str()), ("Web", "Api"));
    }

    #[test]
    fn what_it_remembers_follows_a_change() {
        let mut service = shared();
        assert_eq!((service.folded_name(), service.is_loose()), ("web", false));
        assert_eq!(service.referring().count(), 0);

        service.name = "API".parse().expect("a name");
        let key: VariableKey = "URL".parse().expect("a key");
        service.variables.insert(key.clone(), variable("http://${{nobody.HOST}}/"));

        assert_eq!((service.folded_name(), service.is_loose()), ("api", true));
        assert_eq!(service.referring().map(|(key, _)| key).collect::<Vec<_>>(), [&key]);
        service.variables.insert(key, variable("plain"));
        assert_eq!((service.is_loose(), service.referring().count()), (false, 0));
    }
}
