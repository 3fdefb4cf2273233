//! What may stand at an address.

use crate::{
    Address, Check, Command, Field, Group, GroupId, IconUrl, Limits, Map, MountPath, Name, Port,
    Replicas, Service, Source, Strategy, VariableKey, Volume, variable::Variable,
};
use serde::{Deserialize, Serialize};

/// What may stand at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each names its type")]
pub enum Content {
    Name(Name),
    Icon(IconUrl),
    GroupId(GroupId),
    Source(Source),
    Command(Command),
    Ports(Vec<Port>),
    Replicas(Replicas),
    Limits(Limits),
    Check(Check),
    Strategy(Strategy),
    MountPath(MountPath),
    Variable(Variable),
    Group(Group),
    Volume(Volume),
    Service(Box<Service>),
}

impl Content {
    /// Whether both are the same to everybody, hidden values compared by version.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let same_variables = |a: &Map<VariableKey, Variable>, b: &Map<_, Variable>| {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| a.same_as(b)))
        };
        match (self, other) {
            (Self::Variable(a), Self::Variable(b)) => a.same_as(b),
            (Self::Group(a), Self::Group(b)) => {
                a.name == b.name && same_variables(&a.variables, &b.variables)
            }
            (Self::Service(a), Self::Service(b)) => {
                let bare = |service: &Service| Service { variables: Map::new(), ..service.clone() };
                bare(a) == bare(b) && same_variables(&a.variables, &b.variables)
            }
            _ => self == other,
        }
    }

    /// What may leave the server: everything but the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let hide = |variables: &Map<VariableKey, Variable>| {
            variables.iter().map(|(key, variable)| (key.clone(), variable.hidden())).collect()
        };
        match self {
            Self::Variable(variable) => Self::Variable(variable.hidden()),
            Self::Group(group) => {
                Self::Group(Group { variables: hide(&group.variables), name: group.name.clone() })
            }
            Self::Service(service) => Self::Service(Box::new(service.hidden())),
            other => other.clone(),
        }
    }

    /// What stands at an address within it.
    #[must_use]
    pub(crate) fn part(&self, address: &Address) -> Option<Self> {
        let variable = |variables: &Map<VariableKey, Variable>, key: &VariableKey| {
            variables.get(key).cloned().map(Self::Variable)
        };
        match (self, address) {
            (Self::Service(service), Address::ServiceField(_, field)) => service.get(*field),
            (Self::Service(service), Address::ServiceVariable(_, key)) => {
                variable(&service.variables, key)
            }
            (Self::Service(service), Address::ServiceMount(_, volume)) => {
                service.mounts.get(volume).cloned().map(Self::MountPath)
            }
            (Self::Group(group), Address::GroupName(_)) => Some(Self::Name(group.name.clone())),
            (Self::Group(group), Address::GroupVariable(_, key)) => variable(&group.variables, key),
            (Self::Volume(volume), Address::VolumeName(_)) => Some(Self::Name(volume.name.clone())),
            _ => None,
        }
    }

    /// All variables in it, mutable: one for a variable, those of a group or service, else none.
    pub fn variables_mut(&mut self) -> Vec<&mut Variable> {
        match self {
            Self::Variable(variable) => vec![variable],
            Self::Group(group) => group.variables.values_mut().collect(),
            Self::Service(service) => service.variables.values_mut().collect(),
            _ => Vec::new(),
        }
    }
}

impl Service {
    /// What may leave the server: everything but the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let variables =
            self.variables.iter().map(|(key, variable)| (key.clone(), variable.hidden())).collect();
        Self { variables, ..self.clone() }
    }

    /// What stands in a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Content> {
        match field {
            Field::Name => Some(Content::Name(self.name.clone())),
            Field::Icon => self.icon.clone().map(Content::Icon),
            Field::Group => self.group.map(Content::GroupId),
            Field::Source => Some(Content::Source(self.source.clone())),
            Field::Command => self.command.clone().map(Content::Command),
            Field::Ports => Some(Content::Ports(self.ports.clone())),
            Field::Replicas => Some(Content::Replicas(self.replicas)),
            Field::Limits => Some(Content::Limits(self.limits)),
            Field::Check => Some(Content::Check(self.check.clone())),
            Field::Strategy => Some(Content::Strategy(self.strategy)),
        }
    }

    /// Fills a field; `None` when the value does not belong there. An emptied field returns to
    /// its default, but for the name, which cannot be empty.
    pub(crate) fn put(&mut self, field: Field, content: Option<Content>) -> Option<()> {
        match (field, content) {
            (Field::Name, Some(Content::Name(name))) => self.name = name,
            (Field::Icon, Some(Content::Icon(icon))) => self.icon = Some(icon),
            (Field::Icon, None) => self.icon = None,
            (Field::Group, Some(Content::GroupId(group))) => self.group = Some(group),
            (Field::Group, None) => self.group = None,
            (Field::Source, Some(Content::Source(source))) => self.source = source,
            (Field::Source, None) => self.source = Source::Empty,
            (Field::Command, Some(Content::Command(command))) => self.command = Some(command),
            (Field::Command, None) => self.command = None,
            (Field::Ports, Some(Content::Ports(ports))) => self.ports = ports,
            (Field::Ports, None) => self.ports = Vec::new(),
            (Field::Replicas, Some(Content::Replicas(replicas))) => self.replicas = replicas,
            (Field::Replicas, None) => self.replicas = Replicas::ONE,
            (Field::Limits, Some(Content::Limits(limits))) => self.limits = limits,
            (Field::Limits, None) => self.limits = Limits::default(),
            (Field::Check, Some(Content::Check(check))) => self.check = check,
            (Field::Check, None) => self.check = Check::default(),
            (Field::Strategy, Some(Content::Strategy(strategy))) => self.strategy = strategy,
            (Field::Strategy, None) => self.strategy = Strategy::Automatic,
            _ => return None,
        }
        Some(())
    }
}
