//! Staged changes: listed, staged, discarded, applied.

use crate::{
    authorization::{Deploy, EnvironmentAccess, May, Read, Requirement, Reveal, Stage},
    blocking::run_blocking,
    error::Result,
    json::{Json, MaybeJson},
    path::Path,
    people::names,
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    ChangeId, ServiceId, UserId,
    api::change::{
        ApplyRequest, Discard, Edits, PendingChanges, Preview, Restore, RevealQuery, Settle, Staged,
    },
    changes::{Applied, Discarded, Revealed, Staging},
    edit::Edit,
    error::refuse_repeats,
    rollout::ServiceKey,
};
use serde::Deserialize;
use std::collections::BTreeSet;
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

/// Stages edits for somebody who may.
pub(crate) async fn stage_edits<D: Requirement<Access = EnvironmentAccess>>(
    server: &Server,
    may: &May<D>,
    edits: Vec<Edit>,
) -> Result<Staged> {
    let (changes, environment) = (&server.app.changes, may.place.environment.id);
    let staging = changes.stage(&may.by, environment, edits).await?;
    let change = match staging.addresses.first() {
        Some(first) => changes.change_at(environment, first).await?,
        None => None,
    };
    Ok(Staged { change, staging })
}

/// What is staged, compacted, values hidden.
#[utoipa::path(get, path = "/pending-changes", tag = "changes",
    responses((status = OK, body = PendingChanges)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<PendingChanges>> {
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let mut list =
        run_blocking(workspace.edits.len(), move || PendingChanges::of(&workspace)).await;
    let contributors = list.data.iter().flat_map(|pending| &pending.change.contributors);
    let authors: BTreeSet<UserId> = contributors.map(|one| one.author).collect();
    list.people = names(&server.app, authors).await?;
    Ok(Json(list))
}

/// Stage edits, all or none.
#[utoipa::path(post, path = "/pending-changes", tag = "changes", request_body = Edits,
    responses((status = CREATED, body = Staged)))]
async fn stage(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Edits>,
) -> Result<(StatusCode, Json<Staged>)> {
    Ok((StatusCode::CREATED, Json(stage_edits(&server, &may, body.edits).await?)))
}

/// Discard everything that is staged. Can be undone by `restore`.
#[utoipa::path(delete, path = "/pending-changes", tag = "changes",
    responses((status = OK, body = Discarded)))]
async fn discard_all(State(server): State<Server>, may: May<Stage>) -> Result<Json<Discarded>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.discard(&may.by, environment, &[], None).await?))
}

#[derive(Deserialize)]
struct ChangePath {
    change: ChangeId,
}

/// Discard one change, with what depends on it. Can be undone by `restore`.
#[utoipa::path(delete, path = "/pending-changes/{change}", tag = "changes",
    responses((status = OK, body = Discarded)))]
async fn discard_one(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ChangePath>,
) -> Result<Json<Discarded>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.discard(&may.by, environment, &[named.change], None).await?))
}

/// Discard changes, with what depends on them.
#[utoipa::path(post, path = "/pending-changes/discard", tag = "changes", request_body = Discard,
    responses((status = OK, body = Discarded)))]
async fn discard(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Discard>,
) -> Result<Json<Discarded>> {
    refuse_repeats("changes", &body.changes)?;
    refuse_repeats("seen", body.seen.as_deref().unwrap_or_default())?;
    if body.changes.is_empty() {
        return Ok(Json(Discarded { edits: Vec::new() }));
    }
    let (environment, seen) = (may.place.environment.id, body.seen.as_deref());
    Ok(Json(server.app.changes.discard(&may.by, environment, &body.changes, seen).await?))
}

/// Undo a discard of the last day.
#[utoipa::path(post, path = "/pending-changes/restore", tag = "changes", request_body = Restore,
    responses((status = OK, body = Staging)))]
async fn restore(
    State(server): State<Server>,
    may: May<Stage>,
    Json(body): Json<Restore>,
) -> Result<Json<Staging>> {
    refuse_repeats("edits", &body.edits)?;
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.restore(&may.by, environment, &body.edits).await?))
}

/// End the conflict of a change with what was applied meanwhile.
#[utoipa::path(post, path = "/pending-changes/{change}/settle", tag = "changes",
    request_body = Settle, responses((status = NO_CONTENT)))]
async fn settle(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ChangePath>,
    Json(body): Json<Settle>,
) -> Result<StatusCode> {
    let environment = may.place.environment.id;
    server.app.changes.settle(&may.by, environment, named.change, body.keep).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What applying these changes would do, and what they need.
#[utoipa::path(post, path = "/pending-changes/preview", tag = "changes", request_body = ApplyRequest,
    responses((status = OK, body = Preview)))]
async fn preview(
    State(server): State<Server>,
    may: May<Read>,
    Json(body): Json<ApplyRequest>,
) -> Result<Json<Preview>> {
    let (selection, _) = body.selection()?;
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let size = workspace.edits.len();
    Ok(Json(run_blocking(size, move || Preview::of(&workspace, selection)).await))
}

/// Apply exactly these changes, as one revision.
#[utoipa::path(post, path = "/deploy", tag = "changes", request_body = ApplyRequest,
    responses((status = OK, body = Applied)))]
async fn deploy(
    State(server): State<Server>,
    may: May<Deploy>,
    MaybeJson(body): MaybeJson<ApplyRequest>,
) -> Result<Json<Applied>> {
    let (selection, message) = body.selection()?;
    let environment = may.place.environment.id;
    let applied = server.app.changes.apply(&may.by, environment, selection, message).await?;
    trigger_reconciler(&server, &may.place, &applied);
    Ok(Json(applied))
}

/// Tells the reconciler what an apply has touched.
pub(crate) fn trigger_reconciler(server: &Server, place: &EnvironmentAccess, applied: &Applied) {
    if applied.revision.is_none() {
        return;
    }
    // Scaling and new limits make no deployment, so all that is configured otherwise is looked at.
    let touched: BTreeSet<ServiceId> = (applied.deployments.iter().map(|(service, _)| *service))
        .chain(applied.created.iter().copied())
        .chain(applied.deleted.iter().copied())
        .chain(applied.changed.iter().copied())
        .collect();
    for service in touched {
        let key = ServiceKey { environment: place.environment.id, service };
        server.app.reconciler.trigger(Some(key));
    }
}

/// Show the values of one variable. Audited.
#[utoipa::path(post, path = "/reveal", tag = "variables", request_body = RevealQuery,
    responses((status = OK, body = Revealed)))]
async fn reveal(
    State(server): State<Server>,
    may: May<Reveal>,
    Json(body): Json<RevealQuery>,
) -> Result<Json<Revealed>> {
    let environment = may.place.environment.id;
    Ok(Json(server.app.changes.reveal(&may.by, environment, &body.address).await?))
}
