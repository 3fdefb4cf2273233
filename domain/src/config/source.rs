//! Where a service's image comes from.

use crate::{image::ImageRef, name::word_type};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a service's image comes from. Git sources and uploads will be further variants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Source {
    /// Nothing yet: the service exists on the canvas and does not run.
    #[default]
    Empty,
    /// An image, from a registry or from the engine's own store.
    Image {
        /// Which one.
        image: ImageRef,
        /// The pull policy.
        #[serde(default)]
        pull: PullPolicy,
    },
}

impl Source {
    /// An image, pulled when it is missing.
    #[must_use]
    pub fn image_of(image: ImageRef) -> Self {
        Self::Image { image, pull: PullPolicy::default() }
    }

    /// The image, when there is one.
    #[must_use]
    pub fn image(&self) -> Option<&ImageRef> {
        match self {
            Self::Image { image, .. } => Some(image),
            Self::Empty => None,
        }
    }
}

/// The pull policy: when an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PullPolicy {
    /// When the engine does not have it.
    #[default]
    Missing,
    /// For every deployment.
    Always,
    /// Not at all: the engine must have it.
    Never,
}

word_type!(PullPolicy {
    Missing = "missing": "Missing: only when this machine does not have the image",
    Always = "always": "For every deployment",
    Never = "never": "Never: this machine must have the image",
});

impl fmt::Display for Source {
    /// The image, and when it is pulled if that is unusual.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("no image"),
            Self::Image { image, pull: PullPolicy::Missing } => image.fmt(out),
            Self::Image { image, pull } => write!(out, "{image}, {pull} pulled"),
        }
    }
}
