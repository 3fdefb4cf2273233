//! Staged changes: listed, staged, discarded, applied.

use crate::{
    app::Server,
    aside::aside,
    door::{Demand, Deploy, May, Place, Read, Reveal, Stage},
    error::Result,
    json::{Json, MaybeJson},
    path::Path,
    people::names,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, ChangeId, Error, Map, Message, Name, ServiceId, UserId,
    change::{Conflict, Refusal, StagedChange, closure, dependents},
    changes::{Applied, Discarded, Keep, Revealed, Selection, Staging, Workspace},
    check::Problem as Fault,
    edit::Edit,
    effect::{Consequences, Effect, consequences, effects},
    rollout::ServiceKey,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, stage, discard_all))
        .routes(routes!(discard_one))
        .routes(routes!(discard))
        .routes(routes!(restore))
        .routes(routes!(settle))
        .routes(routes!(preview))
        .routes(routes!(deploy))
        .routes(routes!(reveal))
}

/// What came of staging, with the change that people see now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Staged {
    #[serde(flatten)]
    staging: Staging,
    /// The staged change at the first address; absent when the edit put the old value back.
    change: Option<StagedChange>,
}

impl Staged {
    /// Stages edits for somebody who may.
    pub(crate) async fn stage<D: Demand<Place = Place>>(
        server: &Server,
        may: &May<D>,
        edits: Vec<Edit>,
    ) -> Result<Self> {
        let (changes, environment) = (&server.app.changes, may.place.environment.id);
        let staging = changes.stage(&may.by, environment, edits).await?;
        let change = match staging.addresses.first() {
            Some(first) => changes.change_at(environment, first).await?,
            None => None,
        };
        Ok(Self { change, staging })
    }
}

/// Edits, all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Edits {
    edits: Vec<Edit>,
}

/// A staged change, and what it would do.
#[derive(Serialize, ToSchema)]
struct PendingChange {
    #[serde(flatten)]
    change: StagedChange,
    /// Its place, in names that people know.
    title: String,
    effect: Effect,
    /// Whether it destroys data that nothing else holds.
    destroys_data: bool,
}

/// All that is staged, and what applying all of it would do.
#[derive(Serialize, ToSchema)]
struct PendingChanges {
    data: Vec<PendingChange>,
    /// How many there are.
    total_count: u64,
    /// How many edits they were made of.
    raw_count: u64,
    /// Apply with `{"up_to": …}` to apply exactly this list.
    up_to: u64,
    consequences: Consequences,
    /// Addresses that have moved since: settle them first.
    conflicts: Vec<Conflict>,
    /// What keeps all of it from being applied.
    problems: Vec<Fault>,
    /// Names of the contributors.
    people: Map<UserId, Name>,
}

/// What is staged, compacted, values hidden.
#[utoipa::path(get, path = "/pending-changes", tag = "changes",
    responses((status = OK, body = PendingChanges)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<PendingChanges>> {
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let mut list = aside(workspace.edits.len(), move || pending(&workspace)).await;
    let contributors = list.data.iter().flat_map(|pending| &pending.change.contributors);
    let authors: BTreeSet<UserId> = contributors.map(|one| one.author).collect();
    list.people = names(&server.app, authors).await?;
    Ok(Json(list))
}

fn pending(workspace: &Workspace) -> PendingChanges {
    let all = workspace.changes();
    let whole = workspace.spec.overlay(&all);
    let (conflicts, problems) = verdict(workspace, &all);
    let data: Vec<PendingChange> = (all.iter().zip(effects(&workspace.spec, &all)))
        .map(|(change, effect)| PendingChange {
            title: match (&change.address, change.new.is_none()) {
                (address, true) => workspace.spec.describe(address),
                (address, false) => whole.describe(address),
            },
            effect,
            destroys_data: change.destroys_data(),
            change: change.hidden(),
        })
        .collect();
    PendingChanges {
        total_count: data.len() as u64,
        data,
        raw_count: workspace.edits.len() as u64,
        up_to: workspace.edits.iter().map(|edit| edit.seq).max().unwrap_or(0),
        consequences: consequences(&workspace.spec, &whole),
        conflicts,
        problems,
        people: Map::new(),
    }
}

/// What stands in the way of applying these.
fn verdict(workspace: &Workspace, changes: &[StagedChange]) -> (Vec<Conflict>, Vec<Fault>) {
    match workspace.spec.apply(changes) {
        Ok(_) => (Vec::new(), Vec::new()),
        Err(Refusal::Conflicts(conflicts)) => (conflicts.hidden(), Vec::new()),
        Err(Refusal::Problems(problems)) => (Vec::new(), problems.0),
    }
}

/// Stage edits, all or none.
#[utoipa::path(post, path = "/pending-changes", tag = "changes", request_body = Edits,
    responses((status = CREATED, body = Staged)))]
async fn stage(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Edits>,
) -> Result<(StatusCode, Json<Staged>)> {
    Ok((StatusCode::CREATED, Json(Staged::stage(&server, &may, body.edits).await?)))
}

/// Discard everything that is staged. Can be undone by `restore`.
#[utoipa::path(delete, path = "/pending-changes", tag = "changes",
    responses((status = OK, body = Discarded)))]
async fn discard_all(State(server): State<Server>, may: May<Stage>) -> Result<Json<Discarded>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.discard(&may.by, environment, &[], None).await?))
}

#[derive(Deserialize)]
struct OneChange {
    change: ChangeId,
}

/// Discard one change, with what depends on it. Can be undone by `restore`.
#[utoipa::path(delete, path = "/pending-changes/{change}", tag = "changes",
    responses((status = OK, body = Discarded)))]
async fn discard_one(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneChange>,
) -> Result<Json<Discarded>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.discard(&may.by, environment, &[named.change], None).await?))
}

/// Changes to be discarded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Discard {
    /// Which.
    changes: Vec<ChangeId>,
    /// All that you know will go: if more would, nothing goes, and the answer says what.
    #[serde(default)]
    seen: Option<Vec<ChangeId>>,
}

/// Discard changes, with what depends on them.
#[utoipa::path(post, path = "/pending-changes/discard", tag = "changes", request_body = Discard,
    responses((status = OK, body = Discarded)))]
async fn discard(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Discard>,
) -> Result<Json<Discarded>> {
    if body.changes.is_empty() {
        return Ok(Json(Discarded { edits: Vec::new() }));
    }
    let (environment, seen) = (may.place.environment.id, body.seen.as_deref());
    Ok(Json(server.app.changes.discard(&may.by, environment, &body.changes, seen).await?))
}

/// Discarded edits to be brought back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Restore {
    /// As the discard answered them.
    edits: Vec<ChangeId>,
}

/// Undo a discard of the last day.
#[utoipa::path(post, path = "/pending-changes/restore", tag = "changes", request_body = Restore,
    responses((status = OK, body = Staging)))]
async fn restore(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Restore>,
) -> Result<Json<Staging>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.restore(&may.by, environment, &body.edits).await?))
}

/// How a conflict shall end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settle {
    keep: Keep,
}

/// End the conflict of a change with what was applied meanwhile.
#[utoipa::path(post, path = "/pending-changes/{change}/settle", tag = "changes",
    request_body = Settle, responses((status = NO_CONTENT)))]
async fn settle(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneChange>,
    Json(body): Json<Settle>,
) -> Result<StatusCode> {
    let environment = may.place.environment.id;
    server.app.changes.settle(&may.by, environment, named.change, body.keep).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to apply: exactly these changes, or all up to an edit that was seen.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Selected {
    /// Ids of changes, as they were seen.
    #[serde(default)]
    changes: Option<Vec<ChangeId>>,
    /// The number of the last edit that was seen.
    #[serde(default)]
    up_to: Option<u64>,
    /// Why, for the history.
    #[serde(default)]
    message: Message,
}

impl Selected {
    fn selection(self) -> Result<(Selection, Message)> {
        let selection = match (self.changes, self.up_to) {
            (Some(changes), None) => Selection::Changes { changes },
            (None, Some(up_to)) => Selection::UpTo { up_to },
            _ => {
                let rule = "or `up_to` is required, and only one of them: say what you have seen";
                return Err(Error::field("changes", rule).into());
            }
        };
        Ok((selection, self.message))
    }
}

/// What applying a selection would do.
#[derive(Serialize, ToSchema)]
struct Preview {
    /// All that must be applied together.
    closure: Vec<ChangeId>,
    /// What of it was not named.
    missing: Vec<ChangeId>,
    /// What goes when these are discarded, themselves included.
    dependents: Vec<ChangeId>,
    consequences: Consequences,
    conflicts: Vec<Conflict>,
    problems: Vec<Fault>,
}

/// What applying these changes would do, and what they need.
#[utoipa::path(post, path = "/pending-changes/preview", tag = "changes", request_body = Selected,
    responses((status = OK, body = Preview)))]
async fn preview(
    State(server): State<Server>,
    may: May<Read>,
    Json(body): Json<Selected>,
) -> Result<Json<Preview>> {
    let (selection, _) = body.selection()?;
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let size = workspace.edits.len();
    Ok(Json(aside(size, move || Preview::of(&workspace, selection)).await))
}

impl Preview {
    fn of(workspace: &Workspace, selection: Selection) -> Self {
        let all = workspace.changes();
        let chosen: Vec<ChangeId> = match selection {
            Selection::Changes { changes } => changes,
            Selection::UpTo { up_to } => {
                all.iter().filter(|change| change.seq <= up_to).map(|change| change.id).collect()
            }
        };
        let closure = closure(&workspace.spec, &all, &chosen);
        let together: Vec<StagedChange> =
            all.iter().filter(|change| closure.contains(&change.id)).cloned().collect();
        let (conflicts, problems) = verdict(workspace, &together);
        let after = workspace.spec.overlay(&together);
        Self {
            missing: closure.iter().filter(|id| !chosen.contains(id)).copied().collect(),
            dependents: dependents(&workspace.spec, &all, &chosen),
            closure,
            consequences: consequences(&workspace.spec, &after),
            conflicts,
            problems,
        }
    }
}

/// Apply exactly these changes, as one revision.
#[utoipa::path(post, path = "/deploy", tag = "changes", request_body = Selected,
    responses((status = OK, body = Applied)))]
async fn deploy(
    State(server): State<Server>,
    may: May<Deploy>,
    MaybeJson(body): MaybeJson<Selected>,
) -> Result<Json<Applied>> {
    let (selection, message) = body.selection()?;
    let environment = may.place.environment.id;
    let applied = server.app.changes.apply(&may.by, environment, selection, message).await?;
    wake(&server, &may.place, &applied);
    Ok(Json(applied))
}

/// Tells the reconciler what an apply has touched.
pub(crate) fn wake(server: &Server, place: &Place, applied: &Applied) {
    if applied.revision.is_none() {
        return;
    }
    // Scaling and new limits make no deployment, so all of the environment is looked at.
    let touched: BTreeSet<ServiceId> = (applied.deployments.iter().map(|(service, _)| *service))
        .chain(applied.created.iter().copied())
        .chain(applied.deleted.iter().copied())
        .collect();
    for service in touched {
        let key = ServiceKey { environment: place.environment.id, service };
        server.app.reconciler.nudge(Some(key));
    }
    server.app.reconciler.nudge(None);
}

/// Whose values shall be shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Where {
    address: Address,
}

/// Show the values of one variable. Audited.
#[utoipa::path(post, path = "/reveal", tag = "variables", request_body = Where,
    responses((status = OK, body = Revealed)))]
async fn reveal(
    State(server): State<Server>,
    may: May<Reveal>,
    Json(body): Json<Where>,
) -> Result<Json<Revealed>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.reveal(&may.by, environment, &body.address).await?))
}
