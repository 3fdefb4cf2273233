//! The audit: who did what, and what was refused.

use crate::{
    authorization::{Administer, Manage, May},
    error::Result,
    json::Json,
    query::{Paging, Query},
    refusal::Due,
    server::Server,
};
use axum::extract::State;
use domain::{
    audit::{Audit, AuditCheck, AuditEntry},
    page::Paged,
};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(of_instance))
        .routes(routes!(verification))
        .routes(routes!(of_project))
}

/// What was done on the whole instance, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Paging),
    responses((status = OK, body = Paged<AuditEntry>)))]
async fn of_instance(
    State(server): State<Server>,
    _: May<Administer>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<AuditEntry>>> {
    server.write_refused(Due::All).await;
    Ok(Json(server.app.audit.entries(None, page.into()).await?))
}

/// Whether the audit is whole: each entry vouches for the one before.
#[utoipa::path(get, path = "/audit/verification", tag = "audit",
    responses((status = OK, body = AuditCheck)))]
async fn verification(
    State(audit): State<Arc<dyn Audit>>,
    _: May<Administer>,
) -> Result<Json<AuditCheck>> {
    Ok(Json(audit.verify().await?))
}

/// What was done in a project, newest first.
#[utoipa::path(get, path = "/projects/{project}/audit", tag = "audit", params(Paging),
    responses((status = OK, body = Paged<AuditEntry>)))]
async fn of_project(
    State(server): State<Server>,
    may: May<Manage>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<AuditEntry>>> {
    server.write_refused(Due::All).await;
    let project = Some(may.place.project);
    Ok(Json(server.app.audit.entries(project, page.into()).await?))
}
