//! Revisions: who changed what, when, and why.

use crate::{
    authorization::{May, Read},
    error::Result,
    json::Json,
    path::Path,
    people::names,
    query::{Paging, Query},
    server::Server,
};
use axum::extract::State;
use domain::{
    RevisionNumber, api::revision::RevisionDetail, change::StagedChange, changes::Revision,
    page::Paged,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

#[derive(Deserialize)]
struct RevisionPath {
    number: u64,
}

/// History, newest first.
#[utoipa::path(get, path = "/revisions", tag = "changes", params(Paging),
    responses((status = OK, body = Paged<Revision>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<Revision>>> {
    Ok(Json(server.app.changes.revisions(may.place.environment.id, page.into()).await?))
}

/// One revision with what it changed.
#[utoipa::path(get, path = "/revisions/{number}", tag = "changes",
    responses((status = OK, body = RevisionDetail)))]
async fn get(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<RevisionPath>,
) -> Result<Json<RevisionDetail>> {
    let (environment, number) = (may.place.environment.id, RevisionNumber(named.number));
    let (revision, changes) = server.app.changes.revision(environment, number).await?;
    let authors = (changes.iter())
        .flat_map(|change| change.contributors.iter().map(|one| one.author))
        .chain([revision.author])
        .collect();
    Ok(Json(RevisionDetail {
        people: names(&server.app, authors).await?,
        data: changes.iter().map(StagedChange::hidden).collect(),
        revision,
    }))
}
