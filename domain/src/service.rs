//! A service, as one environment has it.

use crate::{
    Map, MountPath, Name, Slug, VariableKey, VolumeId, field::service_fields, variable::Variable,
};
use serde::{Deserialize, Serialize};

macro_rules! service {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        service! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// A service, as one environment has it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct Service {
            /// Its name on the private network: never changes.
            pub slug: Slug,
            $(#[doc = $help] $(#[$default])? pub $name: $($type)+,)*
            /// Its own variables.
            #[serde(default)]
            pub variables: Map<VariableKey, Variable>,
            /// Volumes, and where they appear in it.
            #[serde(default)]
            pub mounts: Map<VolumeId, MountPath>,
        }

        impl Service {
            /// A service with nothing but a name.
            #[must_use]
            pub fn named(name: Name, slug: Slug) -> Self {
                Self {
                    slug,
                    $($name: service!(@bare $kind name),)*
                    variables: Map::new(),
                    mounts: Map::new(),
                }
            }
        }
    };
    (@bare required $given:ident) => {
        $given
    };
    (@bare $kind:ident $given:ident) => {
        Default::default()
    };
}

service_fields!(service);

impl Service {
    /// What may leave the server: everything but the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let variables =
            self.variables.iter().map(|(key, variable)| (key.clone(), variable.hidden())).collect();
        Self { variables, ..self.clone() }
    }
}
