//! The audit: who did what, written in the transaction that did it.

use crate::{
    ProjectId, Result, Timestamp, UserId,
    page::{Page, Paged},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// One thing that somebody did. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct AuditEntry {
    pub number: u64,
    pub at: Timestamp,
    pub actor: Option<UserId>,
    /// How they proved who they are: `session`, `api_key` or `console`.
    pub via: String,
    /// What was done, such as `changes.apply`.
    pub action: String,
    pub project: Option<ProjectId>,
    /// To what: an address, an id, a list of keys.
    pub target: String,
    /// The request that did it.
    pub request: String,
    /// From where.
    pub source: Option<String>,
}

/// Reads the audit; it is written by the other ports.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries of a project, or of the instance, newest first.
    async fn entries(&self, project: Option<ProjectId>, page: Page) -> Result<Paged<AuditEntry>>;
}
