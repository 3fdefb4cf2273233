//! The desired state of one environment, as a value.

use crate::{
    Address, Content, Field, Group, GroupId, Map, Name, ServiceId, SharedService, Variable,
    VariableKey, Volume, VolumeId, name::Invalid,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Which revision: counts up by one with every apply, from 0 for an environment just made.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevisionNumber(pub u64);

impl RevisionNumber {
    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for RevisionNumber {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// What one environment is meant to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentSpec {
    /// The latest revision in it.
    pub revision: RevisionNumber,
    /// What its project is called.
    pub project_name: Name,
    /// Shared variables.
    #[serde(default)]
    pub variables: Map<VariableKey, Variable>,
    /// Groups.
    #[serde(default)]
    pub groups: Map<GroupId, Group>,
    /// Volumes.
    #[serde(default)]
    pub volumes: Map<VolumeId, Volume>,
    /// Services.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Map<ServiceId, crate::Service>))]
    pub services: Map<ServiceId, SharedService>,
    /// In which revision an address last changed. Absent: not since its parent was made.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Map<Address, RevisionNumber>))]
    pub versions: Arc<Map<Address, RevisionNumber>>,
}

impl EnvironmentSpec {
    /// An environment in which nothing is yet.
    #[must_use]
    pub fn empty(project_name: Name) -> Self {
        Self {
            revision: RevisionNumber::default(),
            project_name,
            variables: Map::new(),
            groups: Map::new(),
            volumes: Map::new(),
            services: Map::new(),
            versions: Arc::default(),
        }
    }

    /// In which revision this address last changed; for something that holds others, also in which
    /// something in it did: who takes it away takes all of it away.
    #[must_use]
    pub fn version_of(&self, address: &Address) -> RevisionNumber {
        let own = self.versions.get(address).copied().unwrap_or_default();
        let key = || VariableKey::try_from("A".to_owned()).expect("the least key is a key");
        // In the order of addresses, parts of one kind of one thing follow each other.
        let firsts = match *address {
            Address::Group(id) => vec![Address::GroupName(id), Address::GroupVariable(id, key())],
            Address::Volume(id) => vec![Address::VolumeName(id)],
            Address::Service(id) => vec![
                Address::ServiceField(id, Field::Name),
                Address::ServiceVariable(id, key()),
                Address::ServiceMount(id, VolumeId::new(Uuid::nil())),
            ],
            _ => Vec::new(),
        };
        (firsts.into_iter())
            .flat_map(|first| {
                (self.versions.range(first..))
                    .take_while(|(within, _)| within.parent().as_ref() == Some(address))
            })
            .map(|(_, version)| *version)
            .fold(own, RevisionNumber::max)
    }

    /// What stands at an address.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<Content> {
        let variable = |variables: &Map<VariableKey, Variable>, key: &VariableKey| {
            variables.get(key).cloned().map(Content::Variable)
        };
        match address {
            Address::ProjectName => Some(Content::Name(self.project_name.clone())),
            Address::Variable(key) => variable(&self.variables, key),
            Address::Group(id) => self.groups.get(id).cloned().map(Content::Group),
            Address::GroupName(id) => {
                self.groups.get(id).map(|group| Content::Name(group.name.clone()))
            }
            Address::GroupVariable(id, key) => variable(&self.groups.get(id)?.variables, key),
            Address::Volume(id) => self.volumes.get(id).cloned().map(Content::Volume),
            Address::VolumeName(id) => {
                self.volumes.get(id).map(|volume| Content::Name(volume.name.clone()))
            }
            Address::Service(id) => (self.services.get(id))
                .map(|service| Content::Service(Box::new((**service).clone()))),
            Address::ServiceField(id, field) => self.services.get(id)?.get(*field),
            Address::ServiceVariable(id, key) => variable(&self.services.get(id)?.variables, key),
            Address::ServiceMount(id, volume) => {
                self.services.get(id)?.mounts.get(volume).cloned().map(Content::MountPath)
            }
        }
    }

    /// Whether something stands at an address.
    #[must_use]
    pub(crate) fn has(&self, address: &Address) -> bool {
        match address {
            Address::Group(id) => self.groups.contains_key(id),
            Address::Volume(id) => self.volumes.contains_key(id),
            Address::Service(id) => self.services.contains_key(id),
            _ => self.get(address).is_some(),
        }
    }

    /// Puts a value at an address, or takes it away. Leaves all as it was if the parent is
    /// missing or the value does not belong there.
    ///
    /// # Errors
    /// When the value is of the wrong kind, or a place that must hold something would be emptied.
    pub fn put(&mut self, address: &Address, content: Option<Content>) -> Result<(), Invalid> {
        #[cfg(feature = "testing")]
        crate::testing::work::count();
        let wrong = || Invalid::new(format!("does not belong at {address}"));
        match (address, content) {
            (Address::ProjectName, Some(Content::Name(name))) => self.project_name = name,
            (Address::Variable(key), content) => {
                put_variable(&mut self.variables, key, content).ok_or_else(wrong)?;
            }
            (Address::Group(id), Some(Content::Group(group))) => {
                self.groups.insert(*id, group);
            }
            (Address::Group(id), None) => {
                self.groups.remove(id);
            }
            (Address::GroupName(id), Some(Content::Name(name))) => {
                self.groups.get_mut(id).ok_or_else(wrong)?.name = name;
            }
            (Address::GroupVariable(id, key), content) => {
                let group = self.groups.get_mut(id).ok_or_else(wrong)?;
                put_variable(&mut group.variables, key, content).ok_or_else(wrong)?;
            }
            (Address::Volume(id), Some(Content::Volume(volume))) => {
                self.volumes.insert(*id, volume);
            }
            (Address::Volume(id), None) => {
                self.volumes.remove(id);
            }
            (Address::VolumeName(id), Some(Content::Name(name))) => {
                self.volumes.get_mut(id).ok_or_else(wrong)?.name = name;
            }
            (Address::Service(id), Some(Content::Service(service))) => {
                self.services.insert(*id, (*service).into());
            }
            (Address::Service(id), None) => {
                self.services.remove(id);
            }
            (Address::ServiceField(id, field), content) => {
                let service = self.services.get_mut(id).ok_or_else(wrong)?;
                service.put(*field, content).ok_or_else(wrong)?;
            }
            (Address::ServiceVariable(id, key), content) => {
                let service = self.services.get_mut(id).ok_or_else(wrong)?;
                put_variable(&mut service.variables, key, content).ok_or_else(wrong)?;
            }
            (Address::ServiceMount(id, volume), content) => {
                let mounts = &mut self.services.get_mut(id).ok_or_else(wrong)?.mounts;
                match content {
                    Some(Content::MountPath(path)) => mounts.insert(*volume, path),
                    None => mounts.remove(volume),
                    Some(_) => return Err(wrong()),
                };
            }
            (
                Address::ProjectName
                | Address::Group(_)
                | Address::GroupName(_)
                | Address::Volume(_)
                | Address::VolumeName(_)
                | Address::Service(_),
                _,
            ) => return Err(wrong()),
        }
        Ok(())
    }

    /// The service that a person means by a name: by its name in any letter case, else its slug.
    #[must_use]
    pub fn find_service(&self, name: &str) -> Option<ServiceId> {
        self.find_named(name).or_else(|| self.find_slugged(name))
    }

    /// The service of this name, in any letter case.
    pub(crate) fn find_named(&self, name: &str) -> Option<ServiceId> {
        let folded = name.to_lowercase();
        self.find_by(|service| service.folded_name() == folded)
    }

    /// The service of this slug.
    pub(crate) fn find_slugged(&self, slug: &str) -> Option<ServiceId> {
        self.find_by(|service| service.slug.as_str() == slug)
    }

    fn find_by(&self, is_meant: impl Fn(&SharedService) -> bool) -> Option<ServiceId> {
        self.services.iter().find(|(_, service)| is_meant(service)).map(|(id, _)| *id)
    }

    /// What this place is part of, and nothing else: enough to try whether something belongs there.
    pub(crate) fn context_of(&self, address: &Address) -> Self {
        let mut alone = Self::empty(self.project_name.clone());
        if let Some(parent) = address.parent() {
            // A parent that is not there leaves the place missing, as it is.
            let _ = alone.put(&parent, self.get(&parent));
        }
        alone
    }

    /// What may leave the server: everything but the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let mut hidden = self.clone();
        let all = (hidden.variables.values_mut())
            .chain(hidden.groups.values_mut().flat_map(|group| group.variables.values_mut()));
        for variable in all {
            *variable = variable.hidden();
        }
        for service in hidden.services.values_mut() {
            if !service.variables.is_empty() {
                *service = service.hidden().into();
            }
        }
        hidden
    }
}

fn put_variable(
    variables: &mut Map<VariableKey, Variable>,
    key: &VariableKey,
    content: Option<Content>,
) -> Option<()> {
    match content {
        Some(Content::Variable(variable)) => variables.insert(key.clone(), variable),
        None => variables.remove(key),
        Some(_) => return None,
    };
    Some(())
}
