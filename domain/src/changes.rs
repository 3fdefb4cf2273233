//! The port to staged changes, revisions and the desired state.

use crate::{
    Address, ChangeId, DeploymentId, EnvironmentId, Message, Result, RevisionNumber, Secret,
    ServiceId, Timestamp, UserId,
    access::Mutation,
    change::StagedChange,
    check::Problem,
    edit::{Edit, StagingPlan},
    page::{Page, Paged},
    workspace::{LoadedService, Workspace},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a discard can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// History: who changed what, when, and what they said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Revision {
    pub number: RevisionNumber,
    pub author: UserId,
    pub message: Message,
    pub at: Timestamp,
    /// How many changes it brought.
    pub changes: u64,
}

/// What came of staging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Staging {
    /// The addresses that were edited; that of a create or an end comes first.
    pub addresses: Vec<Address>,
    /// The edits' ids, in the same order.
    pub edits: Vec<ChangeId>,
    /// What will have to be mended before all can be applied.
    pub warnings: Vec<Problem>,
}

impl Staging {
    /// What these rows are to whoever staged them.
    #[must_use]
    pub fn of(rows: &StagingPlan) -> Self {
        Self {
            addresses: rows.edits.iter().map(|edit| edit.address.clone()).collect(),
            edits: rows.edits.iter().map(|edit| edit.id).collect(),
            warnings: rows.warnings.clone(),
        }
    }
}

/// What to apply: never "whatever is there now".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Selection {
    /// Exactly these changes.
    Changes {
        /// Their ids, as they were seen.
        changes: Vec<ChangeId>,
    },
    /// All that was staged up to this edit. A change at an address that was edited again later is
    /// not applied halfway: it conflicts. An edit that was discarded and brought back has a number
    /// from when it came back, so that whoever looked before that does not apply it unseen.
    UpTo {
        /// The number of the last edit that was seen.
        up_to: u64,
    },
}

/// What came of an apply (DK-81).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Applied {
    /// The new revision; `None` when there was nothing to apply.
    pub revision: Option<Revision>,
    /// How many changes were applied.
    pub applied_count: u64,
    /// Services that were made.
    pub created: Vec<ServiceId>,
    /// Services that are gone.
    pub deleted: Vec<ServiceId>,
    /// Deployments that were made, by service.
    pub deployments: Vec<(ServiceId, DeploymentId)>,
    /// Services that stay and are configured otherwise, whether or not that deploys them.
    #[serde(skip)]
    pub changed: Vec<ServiceId>,
}

/// Discarded edits, which can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Discarded {
    /// The edits that are gone from the list; hand them to `restore` to undo.
    pub edits: Vec<ChangeId>,
}

/// How a conflict ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Keep {
    /// The staged value stands, upon the present one.
    Mine,
    /// The staged value goes.
    Theirs,
}

/// Both values of a change, or of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revealed {
    /// What is applied, as text; `None` when there is nothing, or it is sealed.
    pub applied: Option<Secret>,
    /// What is staged, as text; `None` when there is nothing, or it is sealed.
    pub staged: Option<Secret>,
    /// What the staged or else the applied one comes to with its references filled in; `None`
    /// when it cannot be resolved or a sealed value goes into it.
    pub resolved: Option<Secret>,
}

/// Staged changes, revisions and the desired state. Each method is one transaction: it happens
/// wholly or not at all, with its audit row and its events.
#[async_trait]
pub trait Changes: Send + Sync {
    /// The desired state and what is staged upon it.
    async fn workspace(&self, environment: EnvironmentId) -> Result<Workspace>;

    /// A service by itself: no more is read than that takes.
    ///
    /// `NotFound` when it is neither applied nor staged.
    async fn service(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<LoadedService> {
        self.workspace(environment).await?.load_service(service)
    }

    /// What people see of the staged edits at one place, values hidden: no more is read than that
    /// takes.
    async fn change_at(
        &self,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Option<StagedChange>> {
        let change = self.workspace(environment).await?.change_at(address);
        Ok(change.map(|change| change.hidden()))
    }

    /// Stages edits, all or none. What it stages is decided by [`crate::edit::stage`].
    ///
    /// `Invalid` or `Exists` when an edit makes no sense or leads to a problem that is
    /// [refused when staged](crate::check::ProblemKind::refused_when_staged).
    async fn stage(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
    ) -> Result<Staging>;

    /// Discards changes and what [depends](crate::dependency::dependents) on them. With `Some(seen)`
    /// given, answers `Incomplete` when more would go than is in it. Empty `changes`: all of them.
    ///
    /// An edit that brought its change to nothing, such as the end of a service that was only
    /// staged, is taken back when it is named.
    async fn discard(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        changes: &[ChangeId],
        seen: Option<&[ChangeId]>,
    ) -> Result<Discarded>;

    /// Brings discarded edits back, as the latest of their addresses. Edits discarded more than a
    /// day ago are gone.
    async fn restore(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: &[ChangeId],
    ) -> Result<Staging>;

    /// Ends the conflict of a change with what was applied meanwhile.
    async fn settle(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        change: ChangeId,
        keep: Keep,
    ) -> Result<()>;

    /// Applies exactly the selected changes, as one revision, and makes the deployments that they
    /// call for (see [`crate::apply::plan`]).
    ///
    /// `Incomplete` when they need more; `Conflict` when an address has moved; `Blocked` when the
    /// result would not be sound. An empty selection applies nothing and makes no revision.
    async fn apply(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        selection: Selection,
        message: Message,
    ) -> Result<Applied>;

    /// Stages edits and applies them at once, as one revision: a direct write.
    ///
    /// With a service named in `redeploy`, that one is deployed even when nothing in it changes.
    async fn write(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        edits: Vec<Edit>,
        message: Message,
        redeploy: Option<ServiceId>,
    ) -> Result<(Staging, Applied)>;

    /// The values of one variable. Audited. `Forbidden` when it is sealed.
    async fn reveal(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        address: &Address,
    ) -> Result<Revealed>;

    /// Revisions, newest first.
    async fn revisions(&self, environment: EnvironmentId, page: Page) -> Result<Paged<Revision>>;

    /// One revision with what it changed, values hidden.
    async fn revision(
        &self,
        environment: EnvironmentId,
        number: RevisionNumber,
    ) -> Result<(Revision, Vec<StagedChange>)>;
}
