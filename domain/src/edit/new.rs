//! What is asked to be made.

use super::Edit;
use crate::{
    Error, ImageRef, Map, Message, MountPath, Name, Secret, Service, ServiceId, Slug, Source,
    VariableKey, field::service_fields, layout::Position,
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

        /// A service to be made at once, in the API's words.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct CreateService {
            /// Suggested by the name if absent.
            #[serde(default)]
            pub slug: Option<Slug>,
            /// In short for `source`.
            #[serde(default)]
            pub image: Option<ImageRef>,
            $(#[doc = $help] $(#[$default])? #[serde(rename = $api)] pub $name: $($type)+,)*
            /// Its own variables.
            #[serde(default)]
            pub env_vars: Map<VariableKey, Secret>,
            /// Why, for the history.
            #[serde(default)]
            pub message: Message,
        }

        impl CreateService {
            /// The edit that makes it, and why it is made.
            ///
            /// # Errors
            /// When both an image and a source are given.
            pub fn edit(self) -> Result<(Edit, Message), Error> {
                let source = match (self.image, self.source) {
                    (Some(image), Source::Empty) => Source::image_of(image),
                    (Some(_), _) => {
                        let rule = "and `source` say the same: give only one";
                        return Err(Error::field("image", rule));
                    }
                    (None, source) => source,
                };
                let variables = (self.env_vars.into_iter())
                    .map(|(key, value)| (key, NewVariable { value, sealed: false }))
                    .collect();
                let mut new = NewService {
                    slug: self.slug,
                    $($name: new_service!(@taken $name self),)*
                    variables,
                    position: None,
                };
                new.source = source;
                Ok((Edit::CreateService(Box::new(new)), self.message))
            }
        }
    };
    (@bare required $given:ident) => {
        $given
    };
    (@bare $kind:ident $given:ident) => {
        Default::default()
    };
    (@taken source $from:ident) => { Source::Empty };
    (@taken $name:ident $from:ident) => { $from.$name };
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
