//! What is applied and what is staged upon it, seen together.

use crate::{
    Address, EnvironmentSpec, Error, Resource, Result, Service, ServiceId,
    change::{StagedChange, StagedEdit, compact},
};

/// The desired state and what is staged upon it, read together. Holds values: it never leaves the
/// server as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// What is applied.
    pub spec: EnvironmentSpec,
    /// What waits, raw, in order.
    pub edits: Vec<StagedEdit>,
}

impl Workspace {
    /// What people see of the staged edits.
    #[must_use]
    pub fn changes(&self) -> Vec<StagedChange> {
        compact(&self.spec, &self.edits)
    }

    /// The spec as it would be with everything that is staged.
    #[must_use]
    pub fn staged(&self) -> EnvironmentSpec {
        self.spec.overlay(&self.changes())
    }

    /// The same, with more edits than are staged.
    pub(crate) fn staged_with(&self, more: &[StagedEdit]) -> EnvironmentSpec {
        self.spec.overlay(&compact(&self.spec, self.edits.iter().chain(more)))
    }

    /// A service, applied or else staged.
    ///
    /// # Errors
    /// `NotFound` when it is neither.
    pub fn load_service(&self, id: ServiceId) -> Result<LoadedService> {
        if let Some(service) = self.spec.services.get(&id) {
            return Ok(LoadedService { service: service.hidden(), is_staged: false });
        }
        let staged =
            self.staged().services.remove(&id).ok_or(Error::NotFound(Resource::Service))?;
        Ok(LoadedService { service: staged.hidden(), is_staged: true })
    }

    /// What people see of the staged edits at one place.
    #[must_use]
    pub fn change_at(&self, address: &Address) -> Option<StagedChange> {
        self.changes().into_iter().find(|change| change.address == *address)
    }
}

/// One service by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedService {
    /// As it is applied, or else as it is staged, values hidden.
    pub service: Service,
    /// Whether it is only staged so far.
    pub is_staged: bool,
}
