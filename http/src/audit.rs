//! The audit: who did what.

use crate::{
    authorization::{Administer, Manage, May},
    error::Result,
    json::Json,
    query::{Paging, Query},
    server::Server,
};
use axum::extract::State;
use domain::{
    audit::{Audit, AuditEntry},
    page::Paged,
};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(of_instance)).routes(routes!(of_project))
}

/// What was done on the whole instance, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Paging),
    responses((status = OK, body = Paged<AuditEntry>)))]
async fn of_instance(
    State(audit): State<Arc<dyn Audit>>,
    _: May<Administer>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<AuditEntry>>> {
    Ok(Json(audit.entries(None, page.into()).await?))
}

/// What was done in a project, newest first.
#[utoipa::path(get, path = "/projects/{project}/audit", tag = "audit", params(Paging),
    responses((status = OK, body = Paged<AuditEntry>)))]
async fn of_project(
    State(audit): State<Arc<dyn Audit>>,
    may: May<Manage>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<AuditEntry>>> {
    Ok(Json(audit.entries(Some(may.place.project), page.into()).await?))
}
