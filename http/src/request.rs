//! What happens to every request: it gets an id, a log line, and an answer with safe headers.

use crate::{caller::RequestId, cookie, error::ErrorResponse, server::Server, web::PAGE_CSP};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::api::ErrorCode;
use std::{any::Any, time::Instant};
use tracing::Instrument as _;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Answers of the API are data: nothing in them may load or run.
const API_CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Names the request, logs it, and makes its answer safe to show.
pub(crate) async fn frame(
    State(server): State<Server>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = server.app.ids.mint().to_string();
    let method = request.method().clone();
    // The path's pattern, never the path or the query: they hold ids and what people typed.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let is_api = request.uri().path().starts_with("/api");
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("http.request", request.id = %id, %method, route);

    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| {
        let (status, took) = (response.status().as_u16(), began.elapsed());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if is_api && method != Method::GET && method != Method::HEAD {
            tracing::info!(status, duration_us = micros, "answered {method} {route}");
        } else {
            tracing::debug!(status, duration_us = micros, "answered {method} {route}");
        }
    });

    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { PAGE_CSP } else { API_CSP };
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    response
}

/// Lets pages of listed sites call the API, with tokens and never with cookies.
pub(crate) async fn cors(State(server): State<Server>, request: Request, next: Next) -> Response {
    let listed = listed_origin(&server, request.headers());
    let Some(origin) = listed else { return next.run(request).await };
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    if is_preflight {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, idempotency-key, last-event-id",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// The origin of a listed site, if this comes from one and brings no cookie of ours.
pub(crate) fn listed_origin(server: &Server, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let is_listed =
        server.config.cors_origins.iter().any(|listed| origin.as_bytes() == listed.as_bytes());
    (is_listed && cookie::read(headers, &server.config).is_none()).then(|| origin.clone())
}

/// The path exists, and does not do this.
pub(crate) async fn wrong_method() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::MethodNotAllowed,
        "this address does not know this method",
    )
}

/// There is nothing at this path of the API.
pub(crate) async fn no_such_path() -> ErrorResponse {
    ErrorResponse::no_such_path()
}

/// A bug: say so, and go on serving others.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("nothing");
    tracing::error!("a handler panicked and said: {said}");
    ErrorResponse::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Internal,
        "something went wrong in Easel; the log says more under this request's id",
    )
    .into_response()
}
