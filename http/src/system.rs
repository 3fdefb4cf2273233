//! How Easel itself is doing.

use crate::{
    authorization::{Administer, May},
    error::Result,
    json::Json,
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Error,
    api::system::{About, Health, Readiness, SystemStatus},
    rollout::EngineHealth,
};
use std::time::Duration;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How late the reconciler may be before Easel calls itself not ready.
const MAX_LAG: Duration = Duration::from_secs(60);

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(status))
        .routes(routes!(about))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the process answers. Says nothing of what it depends on.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// Whether the database can be read and written, the engine answers, and the reconciler keeps up.
#[utoipa::path(get, path = "/ready", tag = "system", responses(
    (status = OK, body = Readiness), (status = SERVICE_UNAVAILABLE, body = Readiness)))]
async fn ready(State(server): State<Server>) -> (StatusCode, Json<Readiness>) {
    let storage = storage(&server).await;
    let status = server.app.reconciler.status();
    let engine = matches!(status.engine, EngineHealth::Reachable { .. });
    let reconciler =
        status.reconciled_at.is_some() && Duration::from_millis(status.lag_ms) < MAX_LAG;
    let body = Readiness {
        ready: true,
        database: storage != StorageHealth::Away,
        space: storage != StorageHealth::Full,
        engine,
        reconciler,
        observe_only: status.observe_only.is_some(),
        lag_ms: status.lag_ms,
        advice: Vec::new(),
    }
    .with_advice();
    let code = if body.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(body))
}

/// How the database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StorageHealth {
    Well,
    /// It can be read, and not written.
    Full,
    Away,
}

async fn storage(server: &Server) -> StorageHealth {
    let asked = server.app.storage.check();
    match tokio::time::timeout(Duration::from_secs(5), asked).await {
        Ok(Ok(())) => StorageHealth::Well,
        Ok(Err(Error::StorageFull)) => StorageHealth::Full,
        Ok(Err(_)) | Err(_) => StorageHealth::Away,
    }
}

/// How everything is doing.
#[utoipa::path(get, path = "/system/status", tag = "system",
    responses((status = OK, body = SystemStatus)))]
async fn status(State(server): State<Server>, _: May<Administer>) -> Result<Json<SystemStatus>> {
    let app = &server.app;
    let (host, engine, counts, stored) = tokio::join!(
        app.host.facts(),
        app.runtime.engine(),
        app.runtime.counts(),
        storage(&server)
    );
    let engine_error = engine.as_ref().err().map(ToString::to_string);
    Ok(Json(SystemStatus {
        version: VERSION.to_owned(),
        now: app.clock.now(),
        database: stored != StorageHealth::Away,
        host,
        engine: engine.ok(),
        engine_error,
        counts: counts.ok(),
        reconciler: app.reconciler.status(),
        open_canvases: server.rooms.participants(),
    }))
}

/// What runs here.
#[utoipa::path(get, path = "/system/about", tag = "system",
    responses((status = OK, body = About)))]
async fn about(State(server): State<Server>, _: May<Administer>) -> Json<About> {
    let app = crate::web::app_hash(&server.config.web);
    Json(About { name: "Easel".to_owned(), version: VERSION.to_owned(), app })
}
