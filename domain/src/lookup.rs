//! What a reference means: which definition it finds from where it is written.

use crate::{
    Address, EnvironmentSpec, GroupId, Map, ServiceId, VariableKey, template::Reference,
    variable::Variable,
};

/// Where a variable is written, and so what it sees.
///
/// Lookup is lexical: a shared variable sees shared ones, a group's sees its own and shared ones,
/// a service's sees its own, its group's and shared ones, and what Easel provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Shared,
    Group(GroupId),
    Service(ServiceId),
}

impl Scope {
    /// The scope that an address of a variable belongs to.
    pub(crate) fn of(address: &Address) -> Self {
        match address {
            Address::GroupVariable(group, _) => Self::Group(*group),
            Address::ServiceVariable(service, _) => Self::Service(*service),
            _ => Self::Shared,
        }
    }

    /// Where a variable of this key stands in it.
    pub(crate) fn address(self, key: VariableKey) -> Address {
        match self {
            Self::Shared => Address::Variable(key),
            Self::Group(group) => Address::GroupVariable(group, key),
            Self::Service(service) => Address::ServiceVariable(service, key),
        }
    }
}

/// What is looked at on the way to a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupStep<'a> {
    /// Whether this is defined, and how.
    At(Scope, &'a VariableKey),
    /// Which group the service lies in.
    GroupOf(ServiceId),
}

/// What a reference finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Definition<'a> {
    /// A variable, and where it is defined.
    Variable(Address, &'a Variable),
    /// A value that Easel provides for a service.
    Provided(String),
}

impl EnvironmentSpec {
    /// What `reference`, written at `at`, finds.
    pub(crate) fn find<'a>(
        &'a self,
        at: &Address,
        reference: &Reference,
    ) -> Option<Definition<'a>> {
        self.find_tracked(at, reference, &mut |_| ())
    }

    /// The same, noting all that the answer depends on, names of services apart.
    pub(crate) fn find_tracked<'a>(
        &'a self,
        at: &Address,
        reference: &Reference,
        note: &mut dyn FnMut(LookupStep<'_>),
    ) -> Option<Definition<'a>> {
        let scope = Scope::of(at);
        match reference {
            Reference::Shared { key } => self.visible_tracked(Scope::Shared, key, note),
            Reference::Service { service, key } => {
                self.services.get(service)?;
                self.visible_tracked(Scope::Service(*service), key, note)
            }
            Reference::Unknown { namespace, key } => {
                self.visible_tracked(Scope::Service(self.find_service(namespace)?), key, note)
            }
            // A variable that names itself means the one that it hides.
            Reference::Own { key } if at.variable_key() == Some(key) => match scope {
                Scope::Shared => None,
                Scope::Group(_) => self.visible_tracked(Scope::Shared, key, note),
                Scope::Service(service) => {
                    let config = self.services.get(&service)?;
                    note(LookupStep::GroupOf(service));
                    match config.group {
                        Some(group) => self.visible_tracked(Scope::Group(group), key, note),
                        None => self.visible_tracked(Scope::Shared, key, note),
                    }
                }
            },
            Reference::Own { key } => self.visible_tracked(scope, key, note),
        }
    }

    /// What a scope sees under a key: the nearest definition.
    pub(crate) fn visible<'a>(&'a self, scope: Scope, key: &VariableKey) -> Option<Definition<'a>> {
        self.visible_tracked(scope, key, &mut |_| ())
    }

    fn visible_tracked<'a>(
        &'a self,
        scope: Scope,
        key: &VariableKey,
        note: &mut dyn FnMut(LookupStep<'_>),
    ) -> Option<Definition<'a>> {
        #[cfg(feature = "testing")]
        crate::testing::work::count();
        note(LookupStep::At(scope, key));
        match scope {
            Scope::Shared => {
                let variable = self.variables.get(key)?;
                Some(Definition::Variable(Address::Variable(key.clone()), variable))
            }
            Scope::Group(group) => match self.groups.get(&group)?.variables.get(key) {
                Some(variable) => {
                    Some(Definition::Variable(Address::GroupVariable(group, key.clone()), variable))
                }
                None => self.visible_tracked(Scope::Shared, key, note),
            },
            Scope::Service(service) => {
                let config = self.services.get(&service)?;
                if let Some(variable) = config.variables.get(key) {
                    let address = Address::ServiceVariable(service, key.clone());
                    return Some(Definition::Variable(address, variable));
                }
                note(LookupStep::GroupOf(service));
                let inherited = match config.group {
                    Some(group) if self.groups.contains_key(&group) => {
                        self.visible_tracked(Scope::Group(group), key, note)
                    }
                    _ => self.visible_tracked(Scope::Shared, key, note),
                };
                inherited.or_else(|| self.provided(service, key).map(Definition::Provided))
            }
        }
    }

    /// What Easel provides for references: `HOST`, `PORT` (the first one), `EASEL_SERVICE_ID` and
    /// `EASEL_PRIVATE_DOMAIN`.
    fn provided(&self, service: ServiceId, key: &VariableKey) -> Option<String> {
        let config = self.services.get(&service)?;
        match key.as_str() {
            "HOST" | "EASEL_PRIVATE_DOMAIN" => Some(config.slug.to_string()),
            "PORT" => config.ports.first().map(|port| port.number.to_string()),
            "EASEL_SERVICE_ID" => Some(service.to_string()),
            _ => None,
        }
    }

    /// All variables that refer to something, with the addresses at which they are defined.
    pub(crate) fn referring_variables(&self) -> impl Iterator<Item = (Address, &Variable)> {
        let shared = referring(&self.variables)
            .map(|(key, variable)| (Address::Variable(key.clone()), variable));
        let grouped = self.groups.iter().flat_map(|(group, config)| {
            referring(&config.variables)
                .map(|(key, variable)| (Address::GroupVariable(*group, key.clone()), variable))
        });
        let own = self.services.iter().flat_map(|(service, config)| {
            (config.referring())
                .map(|(key, variable)| (Address::ServiceVariable(*service, key.clone()), variable))
        });
        shared.chain(grouped).chain(own)
    }

    /// The variable at an address.
    pub(crate) fn variable_at(&self, address: &Address) -> Option<&Variable> {
        match address {
            Address::Variable(key) => self.variables.get(key),
            Address::GroupVariable(group, key) => self.groups.get(group)?.variables.get(key),
            Address::ServiceVariable(service, key) => {
                self.services.get(service)?.variables.get(key)
            }
            _ => None,
        }
    }

    /// The variables that a service inherits or has, each with where it is defined.
    #[must_use]
    pub fn variables_of(&self, service: ServiceId) -> Vec<(Address, &Variable)> {
        let Some(config) = self.services.get(&service) else { return Vec::new() };
        let group = config.group.and_then(|group| self.groups.get(&group));
        let mut keys: Vec<&VariableKey> = (self.variables.keys())
            .chain(group.into_iter().flat_map(|group| group.variables.keys()))
            .chain(config.variables.keys())
            .collect();
        keys.sort();
        keys.dedup();
        keys.into_iter()
            .filter_map(|key| match self.visible(Scope::Service(service), key)? {
                Definition::Variable(address, variable) => Some((address, variable)),
                Definition::Provided(_) => None,
            })
            .collect()
    }

    /// The edges of the canvas: which service's variables refer to which service, by which keys
    /// of the referring one. Inherited variables count for each service that inherits them.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges: Map<(ServiceId, ServiceId), Vec<VariableKey>> = Map::new();
        let shared: Vec<_> = referring(&self.variables).collect();
        for (&from, service) in &self.services {
            let group = service.group.and_then(|group| self.groups.get(&group));
            let grouped = group.into_iter().flat_map(|group| referring(&group.variables));
            let is_hidden = |key: &VariableKey| service.variables.contains_key(key);
            let is_grouped =
                |key: &VariableKey| group.is_some_and(|group| group.variables.contains_key(key));
            let mut visible: Vec<(&VariableKey, &Variable)> = (shared.iter().copied())
                .filter(|(key, _)| !is_grouped(key))
                .chain(grouped)
                .filter(|(key, _)| !is_hidden(key))
                .chain(service.referring())
                .collect();
            visible.sort_by_key(|(key, _)| *key);
            for (key, variable) in visible {
                for to in self.services_named_in(variable) {
                    if to == from {
                        continue;
                    }
                    let keys = edges.entry((from, to)).or_default();
                    if keys.last() != Some(key) {
                        keys.push(key.clone());
                    }
                }
            }
        }
        edges.into_iter().map(|((from, to), keys)| Edge { from, to, keys }).collect()
    }

    /// The services of this configuration that a variable refers to.
    fn services_named_in(&self, variable: &Variable) -> impl Iterator<Item = ServiceId> {
        (variable.references().into_iter())
            .filter_map(|reference| match reference {
                Reference::Service { service, .. } => Some(*service),
                Reference::Unknown { namespace, .. } => self.find_service(namespace),
                Reference::Shared { .. } | Reference::Own { .. } => None,
            })
            .filter(|service| self.services.contains_key(service))
    }
}

/// Those of these variables that refer to something.
pub(crate) fn referring(
    variables: &Map<VariableKey, Variable>,
) -> impl Iterator<Item = (&VariableKey, &Variable)> {
    variables.iter().filter(|(_, variable)| variable.refers())
}

/// That one service's variables refer to another service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edge {
    /// Whose variables refer.
    pub from: ServiceId,
    /// To whom.
    pub to: ServiceId,
    /// The referring variables.
    pub keys: Vec<VariableKey>,
}
