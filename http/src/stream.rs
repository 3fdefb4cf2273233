//! Live output of containers, as server-sent events.

mod follow;
pub(crate) mod permit;

use crate::{
    authorization::{Logs, May},
    deployment::DeploymentPath,
    error::Result,
    path::Path,
    query::{BoundedInt, Query},
    server::Server,
    service::{ServicePath, require},
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use domain::{Error, Resource, api::log::LogEntry};
use follow::{LogFollower, Positions};
use futures::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::mpsc;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Lines to begin with, unless told otherwise.
const DEFAULT_TAIL: u32 = 500;
/// Lines to begin with, at most.
const MAX_TAIL: u64 = 5000;
/// How often an idle stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for a reader.
const QUEUE: usize = 64;

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
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    require(&server, may.place.environment.id, named.service).await?;
    let following = LogFollower::new(&server, &may, named.service, None);
    answer(server, may, following, reading, &headers).await
}

/// Output of all replicas of one deployment.
#[utoipa::path(get, path = "/services/{service}/deployments/{deployment}/logs", tag = "logs",
    params(LogQuery), responses((status = OK, content_type = "text/event-stream", body = LogEntry)))]
async fn of_deployment(
    State(server): State<Server>,
    may: May<Logs>,
    Path(named): Path<DeploymentPath>,
    Query(reading): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    let environment = may.place.environment.id;
    server.app.deployments.get(environment, named.service, named.deployment).await?;
    let following = LogFollower::new(&server, &may, named.service, Some(named.deployment));
    answer(server, may, following, reading, &headers).await
}

async fn answer(
    server: Server,
    may: May<Logs>,
    mut following: LogFollower,
    reading: LogQuery,
    headers: &HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    let permit = server.streams.take(may.user.id)?;
    let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    following.positions = resume.map(Positions::parse).unwrap_or_default();
    let history = following.history(reading.tail()).await?;
    if history.is_empty() {
        return Err(Error::NotFound(Resource::Container).into());
    }

    let (sender, receiver) = mpsc::channel(QUEUE);
    let follow = reading.follow.unwrap_or(true);
    let tail = reading.tail();
    server.tasks.spawn(async move {
        let _permit = permit;
        following.run(history, tail, follow, sender).await;
    });
    let events = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|event| (Ok(event), receiver))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("")))
}
