//! What is asked of a service: to be made, and to be otherwise.

use crate::{
    Address, Content, Error, Field, ImageRef, Map, Message, Secret, ServiceId, Slug, Source,
    VariableKey,
    edit::{Edit, NewService, NewVariable},
    field::service_fields,
};
use serde::{Deserialize, Deserializer, Serialize, de};

macro_rules! create_service {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        create_service! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
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
                    $($name: create_service!(@taken $name self),)*
                    variables,
                    position: None,
                };
                new.source = source;
                Ok((Edit::CreateService(Box::new(new)), self.message))
            }
        }
    };
    (@taken source $from:ident) => { Source::Empty };
    (@taken $name:ident $from:ident) => { $from.$name };
}

service_fields!(create_service);

macro_rules! update_service {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        update_service! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// What shall be different about a service. What is absent stays; `null` takes away what may be
        /// empty, and returns to its default what has one.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct UpdateService {
            /// In short for `source`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub image: Option<ImageRef>,
            $(
                #[doc = $help]
                #[serde(
                    default,
                    rename = $api,
                    deserialize_with = $read,
                    skip_serializing_if = "Option::is_none"
                )]
                #[cfg_attr(feature = "openapi", schema(value_type = Option<$($inner)+>))]
                pub $name: Option<Option<$($inner)+>>,
            )*
        }

        impl UpdateService {
            /// The edits that bring it about.
            #[must_use]
            pub fn edits(self, service: ServiceId) -> Vec<Edit> {
                let image = self.image.map(|image| Some(Source::image_of(image)));
                let source = self.source.or(image);
                let puts = [$((
                    Field::$field,
                    update_service!(@put $name self source).map(|put| put.map(Content::$content)),
                )),*];
                puts.into_iter()
                    .filter_map(|(field, put)| {
                        let address = Address::ServiceField(service, field);
                        Some(match put? {
                            Some(content) => Edit::Set { address, content },
                            None => Edit::Clear { address },
                        })
                    })
                    .collect()
            }
        }
    };
    (@put source $from:ident $source:ident) => { $source };
    (@put $name:ident $from:ident $source:ident) => { $from.$name };
}

service_fields!(update_service);

/// Tells `null` from absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The same for text, of which an empty one is `null` too: DeployKit clears an icon so.
fn filled<'de, T: TryFrom<String, Error: std::fmt::Display>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let filled = text.filter(|text| !text.is_empty()).map(T::try_from).transpose();
    filled.map(Some).map_err(<D::Error as de::Error>::custom)
}
