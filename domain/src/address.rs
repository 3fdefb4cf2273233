//! Addresses: typed places in an environment's configuration.

use crate::{Field, GroupId, ServiceId, VariableKey, VolumeId, effect::Effect, name::Invalid};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A place in an environment's configuration, written as a path such as
/// `service/<id>/variables/PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// `project/name`: what the project is called.
    ProjectName,
    /// `variables/<KEY>`: a shared variable.
    Variable(VariableKey),
    /// `group/<id>`: whether the group exists.
    Group(GroupId),
    /// `group/<id>/name`.
    GroupName(GroupId),
    /// `group/<id>/variables/<KEY>`.
    GroupVariable(GroupId, VariableKey),
    /// `volume/<id>`: whether the volume exists.
    Volume(VolumeId),
    /// `volume/<id>/name`.
    VolumeName(VolumeId),
    /// `service/<id>`: whether the service exists.
    Service(ServiceId),
    /// `service/<id>/<field>`.
    ServiceField(ServiceId, Field),
    /// `service/<id>/variables/<KEY>`.
    ServiceVariable(ServiceId, VariableKey),
    /// `service/<id>/mounts/<volume>`: where the volume appears in the service.
    ServiceMount(ServiceId, VolumeId),
}

impl Address {
    /// What a change does there, whatever else is staged. `None`: `Redeploy` when some service that
    /// runs would see other values without it, else nothing.
    #[must_use]
    pub(crate) fn effect(&self) -> Option<Effect> {
        match self {
            Self::Service(_) | Self::ServiceMount(..) => Some(Effect::Redeploy),
            Self::ServiceField(_, field) => field.effect(),
            Self::Variable(_)
            | Self::GroupVariable(..)
            | Self::ServiceVariable(..)
            | Self::Group(_) => None,
            Self::ProjectName | Self::GroupName(_) | Self::Volume(_) | Self::VolumeName(_) => {
                Some(Effect::None)
            }
        }
    }

    /// The place whose existence this one needs.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::GroupName(group) | Self::GroupVariable(group, _) => Some(Self::Group(*group)),
            Self::VolumeName(volume) => Some(Self::Volume(*volume)),
            Self::ServiceField(service, _)
            | Self::ServiceVariable(service, _)
            | Self::ServiceMount(service, _) => Some(Self::Service(*service)),
            Self::ProjectName
            | Self::Variable(_)
            | Self::Group(_)
            | Self::Volume(_)
            | Self::Service(_) => None,
        }
    }

    /// Whether this is the existence of something that holds further places.
    #[must_use]
    pub const fn is_entity(&self) -> bool {
        matches!(self, Self::Group(_) | Self::Volume(_) | Self::Service(_))
    }

    /// The variable's key, where this is a variable.
    #[must_use]
    pub fn variable_key(&self) -> Option<&VariableKey> {
        match self {
            Self::Variable(key) | Self::GroupVariable(_, key) | Self::ServiceVariable(_, key) => {
                Some(key)
            }
            Self::ProjectName
            | Self::Group(_)
            | Self::GroupName(_)
            | Self::Volume(_)
            | Self::VolumeName(_)
            | Self::Service(_)
            | Self::ServiceField(..)
            | Self::ServiceMount(..) => None,
        }
    }

    /// The service that this is part of.
    #[must_use]
    pub fn service(&self) -> Option<ServiceId> {
        match self {
            Self::Service(service)
            | Self::ServiceField(service, _)
            | Self::ServiceVariable(service, _)
            | Self::ServiceMount(service, _) => Some(*service),
            Self::ProjectName
            | Self::Variable(_)
            | Self::Group(_)
            | Self::GroupName(_)
            | Self::GroupVariable(..)
            | Self::Volume(_)
            | Self::VolumeName(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProjectName => out.write_str("project/name"),
            Self::Variable(key) => write!(out, "variables/{key}"),
            Self::Group(group) => write!(out, "group/{group}"),
            Self::GroupName(group) => write!(out, "group/{group}/name"),
            Self::GroupVariable(group, key) => write!(out, "group/{group}/variables/{key}"),
            Self::Volume(volume) => write!(out, "volume/{volume}"),
            Self::VolumeName(volume) => write!(out, "volume/{volume}/name"),
            Self::Service(service) => write!(out, "service/{service}"),
            Self::ServiceField(service, field) => {
                write!(out, "service/{service}/{}", field.as_str())
            }
            Self::ServiceVariable(service, key) => write!(out, "service/{service}/variables/{key}"),
            Self::ServiceMount(service, volume) => write!(out, "service/{service}/mounts/{volume}"),
        }
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(path: &str) -> Result<Self, Invalid> {
        read(path).ok_or_else(|| Invalid::new("must be an address such as service/<id>/name"))
    }
}

fn read(path: &str) -> Option<Address> {
    let parts: Vec<&str> = path.split('/').collect();
    Some(match parts[..] {
        ["project", "name"] => Address::ProjectName,
        ["variables", key] => Address::Variable(key.parse().ok()?),
        ["group", id] => Address::Group(id.parse().ok()?),
        ["group", id, "name"] => Address::GroupName(id.parse().ok()?),
        ["group", id, "variables", key] => {
            Address::GroupVariable(id.parse().ok()?, key.parse().ok()?)
        }
        ["volume", id] => Address::Volume(id.parse().ok()?),
        ["volume", id, "name"] => Address::VolumeName(id.parse().ok()?),
        ["service", id] => Address::Service(id.parse().ok()?),
        ["service", id, "variables", key] => {
            Address::ServiceVariable(id.parse().ok()?, key.parse().ok()?)
        }
        ["service", id, "mounts", volume] => {
            Address::ServiceMount(id.parse().ok()?, volume.parse().ok()?)
        }
        ["service", id, word] => {
            let field = Field::ALL.iter().copied().find(|field| field.as_str() == word)?;
            Address::ServiceField(id.parse().ok()?, field)
        }
        _ => return None,
    })
}

impl TryFrom<String> for Address {
    type Error = Invalid;

    fn try_from(path: String) -> Result<Self, Invalid> {
        path.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(feature = "openapi")]
crate::name::text_schema!(Address);
