//! Staging, discarding, applying, revealing.

use domain::{
    Address, ChangeId, EnvironmentId, Message, ProjectId,
    api::change::{ApplyRequest, Discard, Edits, Restore, RevealQuery, Settle, Staged},
    canvas::Snapshot,
    changes::{Applied, Discarded, Keep, Revealed, Selection, Staging},
    edit::Edit,
};

use super::{Api, ApiError, Request, request::encoded};
use crate::view::early;

/// An environment of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentPath {
    pub project: ProjectId,
    pub environment: EnvironmentId,
}

impl EnvironmentPath {
    /// RevealQuery a snapshot is of.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        Self { project: snapshot.project.id, environment: snapshot.environment.id }
    }

    /// A path below it.
    pub fn path(self, rest: &str) -> String {
        format!("/projects/{}/environments/{}{rest}", self.project, self.environment)
    }
}

impl Api {
    /// A project's first environment as a canvas shows it.
    pub async fn canvas(&self, project: ProjectId) -> Result<Snapshot, ApiError> {
        self.send(Request::get(&format!("/projects/{project}/canvas"))).await
    }

    /// Whether the canvas of the project of this name is on its way since before the app was here.
    #[must_use]
    pub fn has_early_canvas(named: &str) -> bool {
        early::is_asked(&canvas_of(named).path)
    }

    /// That canvas.
    pub async fn early_canvas(&self, named: &str) -> Result<Snapshot, ApiError> {
        self.send(canvas_of(named)).await
    }

    /// Stages edits, all or none.
    pub async fn stage(
        &self,
        place: EnvironmentPath,
        edits: Vec<Edit>,
    ) -> Result<Staging, ApiError> {
        let request = Request::post(&place.path("/pending-changes"));
        self.send::<Staged>(request.json(&Edits { edits })).await.map(|staged| staged.staging)
    }

    /// Discards changes and what depends on them. With `seen` given, nothing goes if more would.
    pub async fn discard(
        &self,
        place: EnvironmentPath,
        changes: Vec<ChangeId>,
        seen: Option<Vec<ChangeId>>,
    ) -> Result<Discarded, ApiError> {
        let request = Request::post(&place.path("/pending-changes/discard"));
        self.send(request.json(&Discard { changes, seen })).await
    }

    /// Brings discarded edits back.
    pub async fn restore(
        &self,
        place: EnvironmentPath,
        edits: Vec<ChangeId>,
    ) -> Result<Staging, ApiError> {
        let request = Request::post(&place.path("/pending-changes/restore"));
        self.send(request.json(&Restore { edits })).await
    }

    /// Ends the conflict of a change with what was applied meanwhile.
    pub async fn settle(
        &self,
        place: EnvironmentPath,
        change: ChangeId,
        keep: Keep,
    ) -> Result<(), ApiError> {
        let request = Request::post(&place.path(&format!("/pending-changes/{change}/settle")));
        self.send(request.json(&Settle { keep })).await
    }

    /// Applies what is selected, as one revision.
    pub async fn apply(
        &self,
        place: EnvironmentPath,
        selection: Selection,
        message: Message,
    ) -> Result<Applied, ApiError> {
        let body = ApplyRequest::new(selection, message);
        self.send(Request::post(&place.path("/deploy")).json(&body)).await
    }

    /// The values of one variable. It is noted who asked.
    pub async fn reveal(
        &self,
        place: EnvironmentPath,
        address: Address,
    ) -> Result<Revealed, ApiError> {
        let request = Request::post(&place.path("/reveal"));
        self.send(request.json(&RevealQuery { address })).await
    }
}

fn canvas_of(named: &str) -> Request {
    Request::get(&format!("/projects/{}/canvas", encoded(named)))
}
