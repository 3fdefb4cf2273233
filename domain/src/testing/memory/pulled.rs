//! Pulled images in memory.

use super::Memory;
use crate::{ProjectId, Result, runtime::PulledImages};
use async_trait::async_trait;

#[async_trait]
impl PulledImages for Memory {
    async fn has(&self, project: ProjectId, repository: &str, id: &str) -> Result<bool> {
        self.transact(None, |tx| Ok(tx.tables.rollouts.has_pulled(project, repository, id)))
    }
}
