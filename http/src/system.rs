//! How Easel itself is doing.

use crate::{
    app::Server,
    door::{Administer, May},
    error::Result,
    json::Json,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Error, Timestamp,
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
    /// Whether there is space for what is written.
    space: bool,
    /// Whether the container engine answers.
    engine: bool,
    /// Whether the reconciler keeps up.
    reconciler: bool,
    /// Whether Easel only looks on, and changes nothing in the engine.
    observe_only: bool,
    /// How late the reconciler is, in milliseconds.
    lag_ms: u64,
    /// What is not well and what to do next, a sentence each.
    #[schema(value_type = Vec<String>)]
    advice: Vec<&'static str>,
}

impl Readiness {
    fn advise(self) -> Self {
        let parts = [
            (self.database, "The database does not answer; the server's log says why."),
            (
                self.space,
                "The disk that holds Easel's data is full; free some space, until then nothing can \
                 be changed.",
            ),
            (
                self.engine,
                "The container engine does not answer; `easel doctor` on the server says why.",
            ),
            (self.reconciler, "The reconciler is late; the server's log says why."),
        ];
        let advice: Vec<_> =
            parts.into_iter().filter(|(is_well, _)| !is_well).map(|(_, next)| next).collect();
        Self { ready: advice.is_empty(), advice, ..self }
    }
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

/// Whether the database can be read and written, the engine answers, and the reconciler keeps up.
#[utoipa::path(get, path = "/ready", tag = "system", responses(
    (status = OK, body = Readiness), (status = SERVICE_UNAVAILABLE, body = Readiness)))]
async fn ready(State(server): State<Server>) -> (StatusCode, Json<Readiness>) {
    let storage = storage(&server).await;
    let status = server.app.reconciler.status();
    let engine = matches!(status.engine, EngineHealth::Reachable { .. });
    let reconciler =
        status.last_pass.is_some() && Duration::from_millis(status.lag_ms) < TOLERABLE_LAG;
    let body = Readiness {
        ready: true,
        database: storage != Stored::Away,
        space: storage != Stored::Full,
        engine,
        reconciler,
        observe_only: status.observe_only.is_some(),
        lag_ms: status.lag_ms,
        advice: Vec::new(),
    }
    .advise();
    let code = if body.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(body))
}

/// How the database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    Well,
    /// It can be read, and not written.
    Full,
    Away,
}

async fn storage(server: &Server) -> Stored {
    let asked = server.app.storage.check();
    match tokio::time::timeout(Duration::from_secs(5), asked).await {
        Ok(Ok(())) => Stored::Well,
        Ok(Err(Error::StorageFull)) => Stored::Full,
        Ok(Err(_)) | Err(_) => Stored::Away,
    }
}

/// How everything is doing.
#[utoipa::path(get, path = "/system/status", tag = "system",
    responses((status = OK, body = Status)))]
async fn status(State(server): State<Server>, _: May<Administer>) -> Result<Json<Status>> {
    let app = &server.app;
    let (host, engine, census, stored) = tokio::join!(
        app.host.facts(),
        app.runtime.engine(),
        app.runtime.census(),
        storage(&server)
    );
    let engine_error = engine.as_ref().err().map(ToString::to_string);
    Ok(Json(Status {
        version: VERSION,
        now: app.clock.now(),
        database: stored != Stored::Away,
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
