//! An environment as it was read: its rows, and the values that the domain works with.

use crate::{
    row::{signed, unsigned},
    table::{environment, project},
};
use domain::{EnvironmentId, EnvironmentSpec, resolve::EnvironmentRef, workspace::Workspace};

/// An environment's rows, read together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadedEnvironment {
    pub(crate) project: project::Model,
    pub(crate) environment: environment::Model,
    pub(crate) spec: EnvironmentSpec,
}

/// An environment with what is staged upon it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadedWorkspace {
    pub(crate) base: LoadedEnvironment,
    pub(crate) workspace: Workspace,
}

impl LoadedEnvironment {
    pub(crate) fn id(&self) -> EnvironmentId {
        EnvironmentId::new(self.environment.id)
    }

    pub(crate) fn place(&self) -> EnvironmentRef {
        EnvironmentRef {
            project: self.environment.project_id.into(),
            environment: self.environment.id.into(),
        }
    }

    /// Whether this is still what these rows stand for.
    pub(crate) fn is_still(
        &self,
        environment: &environment::Model,
        project: &project::Model,
    ) -> bool {
        self.environment.id == environment.id
            && self.environment.version == environment.version
            && self.project.name == project.name
    }
}

impl LoadedWorkspace {
    pub(crate) fn place(&self) -> EnvironmentRef {
        self.base.place()
    }

    /// How many values there are in it.
    pub(crate) fn size(&self) -> usize {
        let spec = &self.workspace.spec;
        let services = spec.services.values().map(|service| 1 + service.variables.len());
        let groups = spec.groups.values().map(|group| 1 + group.variables.len());
        let own = self.workspace.edits.len() + spec.variables.len() + spec.versions.len();
        own + services.chain(groups).sum::<usize>()
    }

    /// It has become this, by an apply.
    pub(crate) fn advance(&mut self, spec: &EnvironmentSpec) {
        self.base.environment.revision = signed(spec.revision.0);
        spec.project_name.as_str().clone_into(&mut self.base.project.name);
        self.base.spec = spec.clone();
        self.workspace.spec = spec.clone();
    }

    /// The number of the next edit.
    pub(crate) fn next_seq(&self) -> u64 {
        unsigned(self.base.environment.edit_seq) + 1
    }
}
