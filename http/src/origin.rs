//! Whether a request comes from our own pages: browsers say so, and pages cannot lie about it.

use crate::{cookie, error::ErrorResponse, request::listed_origin, server::Server};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::api::ErrorCode;

/// Refuses what another site makes a browser send: every mutation and every upgrade.
pub(crate) async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !headers.contains_key(header::UPGRADE);
    if is_safe || is_ours(headers, &server) || listed_origin(&server, headers).is_some() {
        return next.run(request).await;
    }
    ErrorResponse::new(
        StatusCode::FORBIDDEN,
        ErrorCode::Forbidden,
        "this request comes from another site; open Easel under the address that it is reached by",
    )
    .into_response()
}

fn is_ours(headers: &HeaderMap, server: &Server) -> bool {
    let site = headers.get("sec-fetch-site");
    let origin = headers.get(header::ORIGIN);
    if site.is_none() && origin.is_none() {
        // No browser, or an old one: the cookie alone proves nothing.
        return headers.contains_key(header::AUTHORIZATION)
            || cookie::read(headers, &server.config).is_none();
    }
    site.is_none_or(|site| site == "same-origin")
        && origin.is_none_or(|origin| {
            origin.to_str().is_ok_and(|origin| is_our_origin(origin, headers, server))
        })
}

fn is_our_origin(origin: &str, headers: &HeaderMap, server: &Server) -> bool {
    let public = server.config.public_url.as_deref().map(|url| url.trim_end_matches('/'));
    if public.is_some_and(|public| public.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let (default_port, authority) = if let Some(authority) = origin.strip_prefix("https://") {
        (":443", authority)
    } else if let Some(authority) = origin.strip_prefix("http://") {
        (":80", authority)
    } else {
        return false;
    };
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| {
        let host = host.strip_suffix(default_port).unwrap_or(host);
        host.eq_ignore_ascii_case(authority)
    })
}
