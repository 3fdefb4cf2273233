//! How Easel itself is doing.

use crate::{
    app::Server,
    door::{Administer, May},
    error::Result,
    json::Json,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Timestamp,
    host::HostFacts,
    rollout::{EngineHealth, ReconcilerStatus},
    runtime::{Census, Engine},
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How late the reconciler may be before Easel calls itself not ready.
const TOLERABLE_LAG: Duration = Duration::from_secs(60);

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(status))
        .routes(routes!(about))
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(value_type = String)]
    status: &'static str,
}

/// Whether all that Easel needs is there.
#[derive(Serialize, ToSchema)]
struct Readiness {
    ready: bool,
    /// Whether the database answers.
    database: bool,
    /// Whether the container engine answers.
    engine: bool,
    /// Whether the reconciler keeps up.
    reconciler: bool,
    /// Whether Easel only looks on, and changes nothing in the engine.
    observe_only: bool,
    /// How late the reconciler is, in milliseconds.
    lag_ms: u64,
}

/// How everything is doing.
#[derive(Serialize, ToSchema)]
struct Status {
    #[schema(value_type = String)]
    version: &'static str,
    now: Timestamp,
    database: bool,
    host: HostFacts,
    /// Absent when it does not answer.
    engine: Option<Engine>,
    /// Why it does not.
    engine_error: Option<String>,
    /// Absent when it does not answer.
    census: Option<Census>,
    reconciler: ReconcilerStatus,
    /// Canvases that are open at the moment.
    open_canvases: u64,
}

/// What runs here.
#[derive(Serialize, ToSchema)]
struct About {
    #[schema(value_type = String)]
    name: &'static str,
    #[schema(value_type = String)]
    version: &'static str,
    /// The web app's hash.
    app: String,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the process answers. Says nothing of what it depends on.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the database and the container engine answer, and the reconciler keeps up.
#[utoipa::path(get, path = "/ready", tag = "system", responses(
    (status = OK, body = Readiness), (status = SERVICE_UNAVAILABLE, body = Readiness)))]
async fn ready(State(server): State<Server>) -> (StatusCode, Json<Readiness>) {
    let database = has_database(&server).await;
    let status = server.app.reconciler.status();
    let engine = matches!(status.engine, EngineHealth::Reachable { .. });
    let reconciler =
        status.last_pass.is_some() && Duration::from_millis(status.lag_ms) < TOLERABLE_LAG;
    let ready = database && engine && reconciler;
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness {
        ready,
        database,
        engine,
        reconciler,
        observe_only: status.observe_only.is_some(),
        lag_ms: status.lag_ms,
    };
    (code, Json(body))
}

async fn has_database(server: &Server) -> bool {
    let asked = server.app.accounts.has_users();
    tokio::time::timeout(Duration::from_secs(5), asked).await.is_ok_and(|answer| answer.is_ok())
}

/// How everything is doing.
#[utoipa::path(get, path = "/system/status", tag = "system",
    responses((status = OK, body = Status)))]
async fn status(State(server): State<Server>, _: May<Administer>) -> Result<Json<Status>> {
    let app = &server.app;
    let (host, engine, census, database) = tokio::join!(
        app.host.facts(),
        app.runtime.engine(),
        app.runtime.census(),
        has_database(&server)
    );
    let engine_error = engine.as_ref().err().map(ToString::to_string);
    Ok(Json(Status {
        version: VERSION,
        now: app.clock.now(),
        database,
        host,
        engine: engine.ok(),
        engine_error,
        census: census.ok(),
        reconciler: app.reconciler.status(),
        open_canvases: server.rooms.guests(),
    }))
}

/// What runs here.
#[utoipa::path(get, path = "/system/about", tag = "system",
    responses((status = OK, body = About)))]
async fn about(State(server): State<Server>, _: May<Administer>) -> Json<About> {
    Json(About { name: "Easel", version: VERSION, app: crate::web::app_hash(&server.config.web) })
}
