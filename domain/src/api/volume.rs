//! Volumes, and where they are mounted.

use crate::{MountPath, Name, ServiceId, VolumeId, edit::NewMount};
use serde::{Deserialize, Serialize};

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct VolumeItem {
    pub id: VolumeId,
    pub name: Name,
    /// Where it appears.
    pub mounts: Vec<Mounted>,
    /// Whether it only exists as a staged change so far.
    pub staged: bool,
}

/// Where a volume appears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Mounted {
    pub service: ServiceId,
    pub path: MountPath,
}

/// A volume to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct CreateVolume {
    pub name: Name,
    /// Where it shall appear.
    #[serde(default)]
    pub mount: Option<NewMount>,
}

/// Where a volume shall appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct Mount {
    pub path: MountPath,
}
