//! What happened to a service: deployments' steps, conditions, and incidents with their reasons.

use crate::{
    authorization::{May, Read},
    error::Result,
    json::Json,
    path::Path,
    query::{BoundedInt, Query},
    server::Server,
    service::{ServicePath, require},
};
use axum::extract::State;
use domain::{api::List, event::LoggedEvent};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Last {
    /// How many at most: 1 to 200, 50 unless said otherwise.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<BoundedInt<1, 200>>,
}

/// A service's history, newest first: events, as the canvas's socket sends them.
#[utoipa::path(get, path = "/services/{service}/history", tag = "services", params(Last),
    responses((status = OK, body = List<serde_json::Value>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<ServicePath>,
    Query(last): Query<Last>,
) -> Result<Json<List<LoggedEvent>>> {
    let environment = may.place.environment.id;
    require(&server, environment, named.service).await?;
    let limit = last.limit.map_or(50, |BoundedInt(limit)| limit);
    let data = server.app.events.history(environment, named.service, limit).await?;
    Ok(Json(List { data }))
}
