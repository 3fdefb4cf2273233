//! What a deployment runs.

use crate::{
    Field, ImageRef, Map, MountPath, PullPolicy, Secret, Service, Strategy, VariableKey, VolumeId,
    effect::Effect, field::service_fields,
};
use serde::{Deserialize, Serialize};

macro_rules! run_config {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        run_config! { $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal, form: $form:tt,
    })*) => {
        /// What a deployment runs, with all variables resolved. Immutable.
        ///
        /// It holds secrets: rows encrypt it, and it never goes over the wire.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct RunConfig {
            /// What to run.
            pub image: ImageRef,
            /// Its pull policy.
            pub pull: PullPolicy,
            /// The container's environment.
            pub variables: Map<VariableKey, Secret>,
            /// Volumes, and where they appear.
            pub mounts: Map<VolumeId, MountPath>,
            /// How it takes over: never [`Strategy::Automatic`] once resolved.
            pub strategy: Strategy,
            $(#[doc = $help] $(#[$default])? pub $name: $($type)+,)*
        }

        impl RunConfig {
            /// An image as it is, without any configuration.
            #[must_use]
            pub fn bare(image: ImageRef) -> Self {
                Self {
                    image,
                    pull: PullPolicy::default(),
                    variables: Map::new(),
                    mounts: Map::new(),
                    strategy: Strategy::StartFirst,
                    $($name: Default::default(),)*
                }
            }

            /// What the containers of a service are made of, but for its variables.
            pub(crate) fn of(service: &Service, image: ImageRef, pull: PullPolicy) -> Self {
                Self {
                    image,
                    pull,
                    variables: Map::new(),
                    mounts: service.mounts.clone(),
                    strategy: service.resolved_strategy(),
                    $($name: service.$name.clone(),)*
                }
            }

            /// Whether one replica at a time writes to its volumes.
            #[must_use]
            pub fn has_one_writer(&self) -> bool {
                self.strategy == Strategy::StopFirst && !self.mounts.is_empty()
            }

            /// Whether a container of this one cannot be taken for a container of the other.
            #[must_use]
            pub fn redeploys(&self, next: &Self) -> bool {
                self.image != next.image
                    || self.pull != next.pull
                    || self.variables != next.variables
                    || self.mounts != next.mounts
                    $(|| (Field::$field.effect() == Some(Effect::Redeploy)
                        && self.$name != next.$name))*
            }
        }
    };
}

service_fields!(run_config);
