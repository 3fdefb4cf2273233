//! The audit: who did what, written in the transaction that did it, and what was refused.

use crate::{
    ApiKeyId, ProjectId, Result, Timestamp, UserId,
    page::{Page, Paged},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What came of what somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AuditOutcome {
    /// It was done.
    #[default]
    Done,
    /// It was refused, and nothing was done.
    Refused,
}

/// One thing that somebody did, or was refused. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct AuditEntry {
    pub number: u64,
    pub at: Timestamp,
    pub actor: Option<UserId>,
    /// How they proved who they are: `session`, `api_key` or `console`; `password` or `claim` where they
    /// only tried.
    pub via: String,
    /// The API key that they did it with.
    pub key: Option<ApiKeyId>,
    /// What was done, such as `changes.apply`.
    pub action: String,
    pub outcome: AuditOutcome,
    pub project: Option<ProjectId>,
    /// To what: an address, an id, a list of keys.
    pub target: String,
    /// What it was, where that is a word such as a role; absent when there was nothing.
    pub before: Option<String>,
    /// What it is now; absent when there is nothing.
    pub after: Option<String>,
    /// How often it was refused: the same again is told together.
    pub count: u64,
    /// The request that did it.
    pub request: String,
    /// From where.
    pub source: Option<String>,
}

/// What was refused, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the one of `AuditEntry`")]
pub struct Refusal {
    pub actor: Option<UserId>,
    pub via: String,
    pub key: Option<ApiKeyId>,
    pub action: String,
    pub project: Option<ProjectId>,
    pub target: String,
    pub count: u64,
    pub request: String,
    pub source: Option<String>,
}

impl Refusal {
    /// One of something, of which nothing else is known.
    #[must_use]
    pub fn of(action: &str) -> Self {
        Self {
            actor: None,
            via: String::new(),
            key: None,
            action: action.to_owned(),
            project: None,
            target: String::new(),
            count: 1,
            request: String::new(),
            source: None,
        }
    }

    /// One of so many kinds that they are not told apart.
    #[must_use]
    pub fn of_many() -> Self {
        Self::of("requests.refused")
    }
}

/// What came of looking whether the audit is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditCheck {
    /// How many entries vouch for the one before.
    pub entries: u64,
    /// The number of the first entry that does not fit: it, or one before it, was changed, added or
    /// removed.
    pub broken_at: Option<u64>,
}

/// Reads the audit; what was done is written by the other ports.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries of a project, or of the instance, newest first.
    async fn entries(&self, project: Option<ProjectId>, page: Page) -> Result<Paged<AuditEntry>>;

    /// Writes down what was refused.
    async fn record_refused(&self, refusal: &Refusal) -> Result<()>;

    /// Looks whether all entries are there as they were written.
    async fn verify(&self) -> Result<AuditCheck>;
}
