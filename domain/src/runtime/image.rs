//! Images: which one exactly, and who may use what an engine has.

use crate::{ImageRef, ProjectId, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Exactly which image: what is asked of the engine, and what to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinnedImage {
    /// What the person asked for.
    pub reference: ImageRef,
    /// The engine's id of it: `sha256:…`. What containers are made from.
    pub id: String,
    /// `repository@sha256:…`, when it came from a registry.
    pub digest: Option<String>,
}

impl PinnedImage {
    /// Whether it is this image of the engine, from this repository (by its
    /// [full name](ImageRef::full_repository)).
    #[must_use]
    pub fn is(&self, repository: &str, id: &str) -> bool {
        self.id == id && self.reference.full_repository() == repository
    }
}

/// Which project has been given which image by a registry.
///
/// An engine gives what it has to whoever knows the name, and one project's private image may be among it.
/// So an adapter asks here before it uses one that is there already.
#[async_trait]
pub trait PulledImages: Send + Sync {
    /// Whether a deployment of the project was given this very image of this repository.
    async fn has(&self, project: ProjectId, repository: &str, id: &str) -> Result<bool>;
}
