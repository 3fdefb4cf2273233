//! Environments as they were read last: what nobody has written since is neither read nor decrypted
//! again.

use crate::{
    loaded::{LoadedEnvironment, LoadedWorkspace},
    table::{environment, project},
};
use domain::EnvironmentId;
use quick_cache::{Weighter, sync::Cache};
use std::{fmt, sync::Arc};

/// So many values are held: some ten environments of a thousand services.
const MAX_VALUES: u64 = 250_000;
/// About as many environments are held.
const ENVIRONMENTS: usize = 256;

/// Environments as they were read last.
///
/// What is held is good for as long as the environment's row has the version that it was read at:
/// every write to the configuration, or to what is staged upon it, gives the row another one.
pub(crate) struct WorkspaceCache(Cache<EnvironmentId, Arc<LoadedWorkspace>, BySize>);

#[derive(Clone)]
struct BySize;

impl Weighter<EnvironmentId, Arc<LoadedWorkspace>> for BySize {
    fn weight(&self, _: &EnvironmentId, held: &Arc<LoadedWorkspace>) -> u64 {
        1 + held.size() as u64
    }
}

impl Default for WorkspaceCache {
    fn default() -> Self {
        Self(Cache::with_weighter(ENVIRONMENTS, MAX_VALUES, BySize))
    }
}

impl fmt::Debug for WorkspaceCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WorkspaceCache({} environments)", self.0.len())
    }
}

impl WorkspaceCache {
    /// What these rows stand for, if it is held.
    pub(crate) fn get(
        &self,
        environment: &environment::Model,
        project: &project::Model,
    ) -> Option<LoadedWorkspace> {
        let held = self.0.get(&EnvironmentId::new(environment.id))?;
        held.base.is_still(environment, project).then(|| LoadedWorkspace {
            base: LoadedEnvironment {
                project: project.clone(),
                environment: environment.clone(),
                spec: held.base.spec.clone(),
            },
            workspace: held.workspace.clone(),
        })
    }

    /// Holds what was read, or written.
    pub(crate) fn put(&self, loaded: LoadedWorkspace) {
        let id = loaded.base.id();
        // Whoever read before a write may come after it: the row's version tells the two apart.
        let is_older = |held: Arc<LoadedWorkspace>| {
            held.base.environment.version > loaded.base.environment.version
        };
        if !self.0.get(&id).is_some_and(is_older) {
            self.0.insert(id, Arc::new(loaded));
        }
    }

    /// Lets go of an environment that is gone.
    pub(crate) fn remove(&self, environment: EnvironmentId) {
        self.0.remove(&environment);
    }
}
