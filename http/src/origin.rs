//! Whether a request comes from our own pages: browsers say so, and pages cannot lie about it.

use crate::{
    app::Config,
    cookie,
    error::ErrorResponse,
    host::{ReachedAt, is_local},
    request::listed_origin,
    server::Server,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::api::ErrorCode;
use std::net::SocketAddr;

/// Refuses what another site makes a browser send: every mutation and every upgrade.
pub(crate) async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !headers.contains_key(header::UPGRADE);
    let reached = request.extensions().get::<ReachedAt>().map(|reached| reached.0);
    let is_let_in = is_safe
        || is_ours(headers, reached, &server.config)
        || listed_origin(&server, headers).is_some();
    if is_let_in {
        return next.run(request).await;
    }
    ErrorResponse::new(
        StatusCode::FORBIDDEN,
        ErrorCode::Forbidden,
        "this request comes from another site; open Easel at its own address, or name the one that \
         people use with --public-url",
    )
    .into_response()
}

fn is_ours(headers: &HeaderMap, reached: Option<SocketAddr>, config: &Config) -> bool {
    let site = headers.get("sec-fetch-site");
    let origin = headers.get(header::ORIGIN);
    if site.is_none() && origin.is_none() {
        // No browser, or an old one: the cookie alone proves nothing.
        return headers.contains_key(header::AUTHORIZATION)
            || cookie::read(headers, config).is_none();
    }
    let is_same = site.is_some_and(|site| site == "same-origin");
    (site.is_none() || is_same)
        && origin.is_none_or(|origin| {
            let origin = origin.to_str().unwrap_or_default();
            // Browsers do not say it of upgrades. Where a page and the server have one name and port,
            // they are one; that the name is ours has been looked at before.
            let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let is_one = origin.strip_prefix("http://").is_some_and(|page| Some(page) == named);
            is_our_origin(origin, is_same || is_one, reached, config)
        })
}

/// Whether pages of this origin are our own, by what is configured. Where page and server are one, a
/// tunnel may have given the loopback another port.
fn is_our_origin(origin: &str, is_one: bool, reached: Option<SocketAddr>, config: &Config) -> bool {
    let public = config.public_url.as_deref().map(|url| url.trim_end_matches('/'));
    if public.is_some_and(|public| public.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let authority = origin.strip_prefix("http://").and_then(|rest| rest.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let port = authority.port_u16().unwrap_or(80);
        let ports = [config.listen, reached].into_iter().flatten().map(|ours| ours.port());
        is_local(authority.host(), reached, config)
            && (is_one || ports.into_iter().any(|ours| ours == port))
    })
}
