//! What may stand at an address.

use crate::{
    Address, Field, Group, Map, MountPath, Service, Variable, VariableKey, Volume,
    field::service_fields,
};
use serde::{Deserialize, Serialize};

macro_rules! content {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        content! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// What may stand at an address.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[expect(missing_docs, reason = "each names its type")]
        pub enum Content {
            $($content($($inner)+),)*
            MountPath(MountPath),
            Variable(Variable),
            Group(Group),
            Volume(Volume),
            Service(Box<Service>),
        }

        impl Content {
    /// How many bytes it holds, about: what people wrote counts, the rest is small.
    pub(crate) fn bytes(&self) -> usize {
        const SMALL: usize = 256;
        let all = |variables: &Map<VariableKey, Variable>| -> usize {
            variables.iter().map(|(key, it)| key.as_str().len() + it.bytes()).sum()
        };
        SMALL
            + match self {
                Self::Variable(variable) => variable.bytes(),
                Self::Service(service) => 4 * SMALL + all(&service.variables),
                Self::Group(group) => all(&group.variables),
                _ => 0,
            }
    }

            /// What stands in a field, as text.
            pub(crate) fn field_text(&self) -> Option<String> {
                match self {
                    $(Self::$content(value) => Some(value.to_string()),)*
                    _ => None,
                }
            }
        }

        impl Service {
            /// What stands in a field.
            #[must_use]
            pub fn get(&self, field: Field) -> Option<Content> {
                match field {
                    $(Field::$field => content!(@get $kind self.$name).map(Content::$content),)*
                }
            }

            /// Fills a field; `None` when the value does not belong there. An emptied field returns to
            /// its default, but for the name, which cannot be empty.
            pub(crate) fn put(&mut self, field: Field, content: Option<Content>) -> Option<()> {
                match (field, content) {
                    $(
                        (Field::$field, Some(Content::$content(value))) => {
                            self.$name = content!(@filled $kind value);
                        }
                        (Field::$field, None) => content!(@clear $kind self.$name),
                    )*
                    _ => return None,
                }
                Some(())
            }

            /// The fields in which the two differ.
            pub(crate) fn differences<'a>(
                &'a self,
                other: &'a Self,
            ) -> impl Iterator<Item = Field> + use<'a> {
                [$((Field::$field, self.$name != other.$name)),*]
                    .into_iter()
                    .filter_map(|(field, differs)| differs.then_some(field))
            }
        }
    };
    (@get optional $place:expr) => { $place.clone() };
    (@get $kind:ident $place:expr) => { Some($place.clone()) };
    (@filled optional $value:ident) => { Some($value) };
    (@filled $kind:ident $value:ident) => { $value };
    (@clear required $place:expr) => { return None };
    (@clear $kind:ident $place:expr) => { $place = Default::default() };
}

service_fields!(content);

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
}
