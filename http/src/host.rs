//! Under which name a request asks for this server. A name that is not ours is another site's, which
//! has led a browser here: its pages would pass for our own.

use crate::{app::Config, error::ErrorResponse, server::Server};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::api::ErrorCode;
use std::net::{IpAddr, SocketAddr};

/// The address of ours that a connection has reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReachedAt(pub(crate) SocketAddr);

/// Refuses what was meant for another server.
pub(crate) async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    let reached = request.extensions().get::<ReachedAt>().map(|reached| reached.0);
    let Some(authority) = named(request.headers(), request.uri()) else {
        let message = "a request names exactly one host";
        return ErrorResponse::unreadable(message).into_response();
    };
    if is_this_server(authority.host(), reached, &server.config) {
        return next.run(request).await;
    }
    ErrorResponse::new(
        StatusCode::MISDIRECTED_REQUEST,
        ErrorCode::Invalid,
        "Easel is not known by this name; open it at its own address, or name the one that people \
         use with --public-url",
    )
    .into_response()
}

/// The one host that a request names.
fn named(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else { return None };
    let host: Authority = host.to_str().ok()?.parse().ok()?;
    let is_plain = !host.as_str().contains('@');
    let is_meant = uri.authority().is_none_or(|named| *named == host);
    (is_plain && is_meant).then_some(host)
}

/// Whether a host is this server: the one of the public URL, or one that is [local](is_local).
fn is_this_server(host: &str, reached: Option<SocketAddr>, config: &Config) -> bool {
    let public = config.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
    let is_public = public.and_then(|url| url.host().map(|name| name.eq_ignore_ascii_case(host)));
    is_public.unwrap_or_default() || is_local(host, reached, config)
}

/// Whether a host is this server without anybody having said so: the loopback, the address that it
/// listens at, or the one that this very connection has reached.
pub(crate) fn is_local(host: &str, reached: Option<SocketAddr>, config: &Config) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let Ok(address) = bare.parse::<IpAddr>() else { return host.eq_ignore_ascii_case("localhost") };
    let address = address.to_canonical();
    let ours = [config.listen, reached].into_iter().flatten();
    address.is_loopback() || ours.into_iter().any(|ours| ours.ip().to_canonical() == address)
}
