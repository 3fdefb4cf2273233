//! An open canvas: its snapshot, and the socket that keeps it in step.

mod allowance;
mod close;
mod frame;
mod line;
mod socket;

use crate::{
    authorization::{May, Read, authorize, find},
    caller::{self, RequestId},
    error::Result,
    path::Path,
    server::Server,
    web::accepts,
};
use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{access::Permission, api::ErrorCode};
use serde::Deserialize;
use socket::{Socket, UpgradeRequest};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The largest frame that a client may send (DK-120).
const MAX_FRAME: usize = 64 * 1024;
/// What each socket reads at once: most frames are small, and many sockets are open.
const READ_BUFFER: usize = 8 * 1024;

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(snapshot)).routes(routes!(open))
}

/// Everything that a canvas shows, values hidden.
#[utoipa::path(get, path = "/canvas", tag = "canvas",
    responses((status = OK, description = "a snapshot", body = serde_json::Value)))]
async fn snapshot(
    State(server): State<Server>,
    may: May<Read>,
    headers: HeaderMap,
) -> Result<Response> {
    let shared = server.snapshots.of(may.place.environment.id);
    let json = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if !accepts(&headers, "gzip") {
        return Ok((json, shared.body().await?).into_response());
    }
    let packed = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
    Ok((json, packed, shared.packed().await?).into_response())
}

#[derive(Deserialize)]
struct OneCanvas {
    project: String,
    #[serde(default)]
    environment: Option<String>,
}

/// Open the canvas's socket.
///
/// Browsers are known by their cookie. Whoever holds a token or key sends it in the header, or as
/// first frame `{"type": "auth", "token": …}` within 5 s; otherwise the socket closes with 4001.
#[utoipa::path(get, path = "/canvas/ws", tag = "canvas",
    responses((status = SWITCHING_PROTOCOLS, description = "a WebSocket")))]
async fn open(
    State(server): State<Server>,
    Path(named): Path<OneCanvas>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Result<Response> {
    // Whoever shows a proof is let in or refused before the upgrade.
    let headers = &parts.headers;
    let has_credential = headers.contains_key(header::AUTHORIZATION)
        || crate::cookie::read(headers, &server.config).is_some();
    let participant = if has_credential || upgrade.is_err() {
        let caller = caller::authenticate(&server, headers).await?;
        let environment = named.environment.as_deref();
        let (actor, may) = (&caller.actor, Permission::Read);
        let project = find(&server, actor, &named.project).await?;
        let place = authorize(&server, actor, may, project, environment).await?;
        Some((caller, place))
    } else {
        None
    };
    let upgrade = upgrade.map_err(|_| {
        crate::error::ErrorResponse::new(
            StatusCode::UPGRADE_REQUIRED,
            ErrorCode::Invalid,
            "this address speaks WebSocket only",
        )
    })?;
    let request = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let source = caller::source(&server, &parts).map(|address| address.to_string());
    let upgrade_request =
        UpgradeRequest { project: named.project, environment: named.environment, request, source };
    let tasks = server.tasks.clone();
    Ok(upgrade
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .read_buffer_size(READ_BUFFER)
        .on_upgrade(move |raw| {
            tasks.track_future(Socket::serve(server, upgrade_request, participant, raw))
        }))
}
