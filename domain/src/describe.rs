//! Addresses and what stands there, in names that people know.

use crate::{Address, Content, EnvironmentSpec, GroupId, ServiceId, VolumeId, template::Reference};

impl EnvironmentSpec {
    /// An address, in names that people know.
    #[must_use]
    pub fn describe(&self, address: &Address) -> String {
        let service = |id: &ServiceId| {
            self.services.get(id).map_or_else(|| "a service".to_owned(), |s| s.name.to_string())
        };
        let group = |id: &GroupId| {
            self.groups.get(id).map_or_else(|| "a group".to_owned(), |g| g.name.to_string())
        };
        let volume = |id: &VolumeId| {
            self.volumes.get(id).map_or_else(|| "a volume".to_owned(), |v| v.name.to_string())
        };
        match address {
            Address::ProjectName => "the project's name".to_owned(),
            Address::Variable(key) => format!("shared.{key}"),
            Address::Group(id) => group(id),
            Address::GroupName(id) => format!("{}'s name", group(id)),
            Address::GroupVariable(id, key) => format!("{}.{key}", group(id)),
            Address::Volume(id) => volume(id),
            Address::VolumeName(id) => format!("{}'s name", volume(id)),
            Address::Service(id) => service(id),
            Address::ServiceField(id, field) => format!("{}'s {}", service(id), field.as_str()),
            Address::ServiceVariable(id, key) => format!("{}.{key}", service(id)),
            Address::ServiceMount(id, mounted) => {
                format!("{} in {}", volume(mounted), service(id))
            }
        }
    }

    pub(crate) fn describe_reference(&self, reference: &Reference) -> String {
        match reference {
            Reference::Service { service, key } => match self.services.get(service) {
                Some(config) => format!("{}.{key}", config.name),
                None => format!("{key} of a service that was deleted"),
            },
            Reference::Shared { key } => format!("shared.{key}"),
            Reference::Own { key } => key.to_string(),
            Reference::Unknown { namespace, key } => format!("{namespace}.{key}"),
        }
    }
}

impl Content {
    /// It in words, with names as this environment has them; `None` for a variable, which may be secret.
    #[must_use]
    pub fn text(&self, spec: &EnvironmentSpec) -> Option<String> {
        Some(match self {
            Self::GroupId(id) => {
                let group = spec.groups.get(id);
                group.map_or_else(|| "a group".to_owned(), |group| group.name.to_string())
            }
            Self::MountPath(path) => path.to_string(),
            Self::Group(group) => group.name.to_string(),
            Self::Volume(volume) => volume.name.to_string(),
            Self::Service(service) => format!("{} ({})", service.name, service.source),
            Self::Variable(_) => return None,
            field => field.field_text()?,
        })
    }
}
