//! Identities: one newtype each, so that no function can be handed the wrong one.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(Uuid);

        impl $name {
            /// The identity that this number stands for.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare number, for rows and labels.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// Eight hex digits: enough to tell objects apart in a name that a person reads.
            #[must_use]
            pub fn short(self) -> String {
                // The last digits: the first ones of a time-ordered id are alike for neighbours.
                let text = self.0.simple().to_string();
                text[text.len() - 8..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = $crate::name::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text)
                    .map(Self)
                    .map_err(|_| $crate::name::Invalid::new("must be an id"))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// Names one installation of Easel: on every label and name that it creates in the engine.
    InstanceId,
    /// Names a person with an account.
    UserId,
    /// Names one signed-in device.
    SessionId,
    /// Names a key that a script holds.
    ApiKeyId,
    /// Names a project.
    ProjectId,
    /// Names one complete copy of a project's configuration.
    EnvironmentId,
    /// Names a service within a project.
    ServiceId,
    /// Names a group of services on the canvas.
    GroupId,
    /// Names a volume: its data is found by this, never by a name.
    VolumeId,
    /// Names one staged edit, and the staged change whose head it is.
    ChangeId,
    /// Names one attempt to run one service at one resolved configuration.
    DeploymentId,
    /// Names one container of a deployment.
    ReplicaId,
}
