//! Where things lie on the canvas.

use crate::{
    authorization::{May, Stage},
    error::Result,
    json::Json,
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{Error, api::layout::Places, layout::Layouts};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many nodes may move at once.
pub(crate) const MAX_PLACES: usize = 10_000;

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(place))
}

/// Move nodes, all in one write. Unknown ones are left out.
#[utoipa::path(put, path = "/layout", tag = "canvas", request_body = Places,
    responses((status = NO_CONTENT)))]
async fn place(
    State(layouts): State<Arc<dyn Layouts>>,
    may: May<Stage>,
    Json(body): Json<Places>,
) -> Result<StatusCode> {
    if body.places.len() > MAX_PLACES {
        return Err(Error::field("places", "must be at most 10000").into());
    }
    let places: Vec<_> = body.places.into_iter().collect();
    layouts.place(&may.by, may.place.environment.id, &places).await?;
    Ok(StatusCode::NO_CONTENT)
}
