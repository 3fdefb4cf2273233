//! What is asked to be made.

use crate::{
    Map, MountPath, Name, Secret, Service, ServiceId, Slug, VariableKey, field::service_fields,
    layout::Position,
};
use serde::{Deserialize, Serialize};

macro_rules! new_service {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        new_service! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// A service to be made.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct NewService {
            /// Suggested by the name if absent.
            #[serde(default)]
            pub slug: Option<Slug>,
            $(#[doc = $help] $(#[$default])? pub $name: $($type)+,)*
            /// Its own variables.
            #[serde(default)]
            pub variables: Map<VariableKey, NewVariable>,
            /// Where it lies on the canvas.
            #[serde(default)]
            pub position: Option<Position>,
        }

        impl NewService {
            /// One with nothing but a name.
            #[must_use]
            pub fn named(name: Name) -> Self {
                Self {
                    slug: None,
                    $($name: new_service!(@bare $kind name),)*
                    variables: Map::new(),
                    position: None,
                }
            }

            /// One that is set up like this service, without variables and mounts.
            #[must_use]
            pub fn like(service: Service) -> Self {
                Self {
                    slug: Some(service.slug),
                    $($name: service.$name,)*
                    variables: Map::new(),
                    position: None,
                }
            }

            /// The service that it makes, of that slug and still without variables.
            pub(crate) fn service(&self, slug: Slug) -> Service {
                Service {
                    slug,
                    $($name: self.$name.clone(),)*
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

service_fields!(new_service);

/// A variable to be made, together with its service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewVariable {
    /// Its value, with references as text.
    pub value: Secret,
    /// Whether it is write-only.
    #[serde(default)]
    pub sealed: bool,
}

/// Where a volume shall appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMount {
    /// In which service.
    pub service: ServiceId,
    /// Where in it.
    pub path: MountPath,
}
