//! Live output of containers, as server-sent events.

mod follow;
mod outlet;

use crate::{
    authorization::{Logs, May},
    connection::Connection,
    deployment::DeploymentPath,
    error::{ErrorResponse, Result},
    path::Path,
    query::{BoundedInt, Query},
    server::Server,
    service::{ServicePath, require},
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{
        IntoResponse,
        sse::{KeepAlive, Sse},
    },
};
use domain::{
    Error, Resource,
    api::{ErrorCode, log::LogEntry},
};
use follow::{LogFollower, Positions};
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Lines to begin with, unless told otherwise.
const DEFAULT_TAIL: u32 = 500;
/// Lines to begin with, at most.
const MAX_TAIL: u64 = 5000;
/// How often an idle stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Asks a proxy that gathers answers (nginx does, unless told otherwise) to pass each line on as it
/// comes.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(of_service)).routes(routes!(of_deployment))
}

/// How much to read.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Last lines of each container to begin with: 0 to 5000, 500 unless given.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 5000)]
    tail: Option<BoundedInt<0, MAX_TAIL>>,
    /// Whether to go on as lines come; unless `false`, it does.
    follow: Option<bool>,
}

impl LogQuery {
    fn tail(self) -> u32 {
        let tail = self.tail.and_then(|BoundedInt(tail)| u32::try_from(tail).ok());
        tail.unwrap_or(DEFAULT_TAIL)
    }
}

/// Output of all replicas of a service.
///
/// Each event is a `LogEntry`; an event `container_exited` names one that ended, `end` ends the
/// stream, `error` says why it breaks off. Send `Last-Event-ID` to go on where a connection broke.
#[utoipa::path(get, path = "/services/{service}/logs", tag = "logs", params(LogQuery),
    responses((status = OK, content_type = "text/event-stream", body = LogEntry)))]
async fn of_service(
    State(server): State<Server>,
    may: May<Logs>,
    Path(named): Path<ServicePath>,
    Query(reading): Query<LogQuery>,
    connection: Option<Extension<Connection>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    require(&server, may.place.environment.id, named.service).await?;
    let following = LogFollower::new(&server, &may, named.service, None);
    answer(server, following, reading, (connection, &headers)).await
}

/// Output of all replicas of one deployment.
#[utoipa::path(get, path = "/services/{service}/deployments/{deployment}/logs", tag = "logs",
    params(LogQuery), responses((status = OK, content_type = "text/event-stream", body = LogEntry)))]
async fn of_deployment(
    State(server): State<Server>,
    may: May<Logs>,
    Path(named): Path<DeploymentPath>,
    Query(reading): Query<LogQuery>,
    connection: Option<Extension<Connection>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let environment = may.place.environment.id;
    server.app.deployments.get(environment, named.service, named.deployment).await?;
    let following = LogFollower::new(&server, &may, named.service, Some(named.deployment));
    answer(server, following, reading, (connection, &headers)).await
}

async fn answer(
    server: Server,
    mut following: LogFollower,
    reading: LogQuery,
    (connection, headers): (Option<Extension<Connection>>, &HeaderMap),
) -> Result<impl IntoResponse + use<>> {
    let permit = server.streams.take(following.user).ok_or_else(|| {
        let most = server.streams.most();
        let why = format!("you have {most} log streams open, which is the most: close one");
        ErrorResponse::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, why)
    })?;
    let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    following.positions = resume.map(Positions::parse).unwrap_or_default();
    let history = following.history(reading.tail()).await?;
    if history.is_empty() {
        return Err(Error::NotFound(Resource::Container).into());
    }

    let connection = connection.map(|Extension(connection)| connection).unwrap_or_default();
    let (outlet, events) = following.open(connection);
    let follow = reading.follow.unwrap_or(true);
    let tail = reading.tail();
    server.tasks.spawn(async move {
        let _permit = permit;
        following.run(history, tail, follow, outlet).await;
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text(""));
    Ok(([UNBUFFERED], events))
}
