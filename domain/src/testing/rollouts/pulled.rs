//! Which images the fake's deployments were given.

use super::{FakeRollouts, tables::RolloutTables};
use crate::{ProjectId, Result, runtime::PulledImages};
use async_trait::async_trait;

impl RolloutTables {
    /// Whether a deployment of the project was given this image.
    pub(in crate::testing) fn has_pulled(
        &self,
        project: ProjectId,
        repository: &str,
        id: &str,
    ) -> bool {
        let mut its = self.deployments.values().filter(|deployment| deployment.project == project);
        its.any(|it| it.image.as_ref().is_some_and(|image| image.is(repository, id)))
    }
}

#[async_trait]
impl PulledImages for FakeRollouts {
    async fn has(&self, project: ProjectId, repository: &str, id: &str) -> Result<bool> {
        Ok(self.tables().has_pulled(project, repository, id))
    }
}
