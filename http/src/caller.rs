//! Who is calling, and how they prove it.

use crate::{
    cookie,
    error::{ErrorResponse, Result},
    server::Server,
    token::digest,
};
use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, header, request::Parts},
};
use domain::{
    Secret,
    access::{Actor, AuthMethod, Mutation},
    account::{Digest, SessionKind, User},
};
use std::net::{IpAddr, SocketAddr};

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user: User,
    pub(crate) actor: Actor,
    pub(crate) credential: Credential,
}

/// By what they proved it, so that it can be asked for again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential {
    /// The browser's cookie.
    Cookie(Digest),
    /// An access token or an API key.
    Bearer(Digest),
}

/// Who sends this request: by header, else by cookie.
pub(crate) async fn authenticate(server: &Server, headers: &HeaderMap) -> Result<Caller> {
    const SIGN_IN: &str = "sign in first";
    let credential = match headers.get(header::AUTHORIZATION) {
        Some(value) => {
            let token = value.to_str().ok().and_then(|value| value.split_once(' '));
            match token {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                    Credential::Bearer(digest(token.trim()))
                }
                _ => {
                    return Err(ErrorResponse::unauthorized(
                        "send `Authorization: Bearer <token>`",
                    ));
                }
            }
        }
        None => match cookie::read(headers, &server.config) {
            Some(cookie) => Credential::Cookie(digest(cookie.expose())),
            None => return Err(ErrorResponse::unauthorized(SIGN_IN)),
        },
    };
    verify(server, credential).await
}

/// Who holds a token or key, for sockets whose first frame brings it.
pub(crate) async fn by_token(server: &Server, token: &Secret) -> Result<Caller> {
    verify(server, Credential::Bearer(digest(token.expose()))).await
}

/// Whose proof this is: a session's first, then an API key's (DK-18).
pub(crate) async fn verify(server: &Server, credential: Credential) -> Result<Caller> {
    const AGAIN: &str = "your session has ended, or the key is not valid (any more): sign in again";
    let accounts = &server.app.accounts;
    let (digest, kind) = match credential {
        Credential::Cookie(digest) => (digest, SessionKind::Browser),
        Credential::Bearer(digest) => (digest, SessionKind::Token),
    };
    if let Some((session, user)) = accounts.session_by_access(&digest).await? {
        // A cookie is no bearer token: what was made for one door opens no other.
        if session.kind != kind {
            return Err(ErrorResponse::unauthorized(AGAIN));
        }
        let actor = Actor { user: user.id, role: user.role, via: AuthMethod::Session(session.id) };
        return Ok(Caller { user, actor, credential });
    }
    if kind == SessionKind::Token
        && let Some((key, user)) = accounts.api_key_by_digest(&digest).await?
    {
        let via = AuthMethod::ApiKey { key: key.id, scopes: key.scopes, project: key.project };
        let actor = Actor { user: user.id, role: user.role, via };
        return Ok(Caller { user, actor, credential });
    }
    Err(ErrorResponse::unauthorized(AGAIN))
}

/// The id of a request: in the answer, the log and the audit.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// From where a request comes: the peer, or whom a trusted peer names.
pub(crate) fn source(server: &Server, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    if !server.config.trusted_proxies.contains(&peer) {
        return Some(peer);
    }
    let named = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let named = named.and_then(|value| value.to_str().ok()).and_then(|value| {
        value.rsplit(',').map(str::trim).find_map(|address| {
            let address: IpAddr = address.parse().ok()?;
            (!server.config.trusted_proxies.contains(&address)).then_some(address)
        })
    });
    Some(named.unwrap_or(peer))
}

/// What mutating ports want to know of a request.
pub(crate) fn mutation(server: &Server, parts: &Parts, actor: Actor) -> Result<Mutation> {
    let idempotency = match parts.headers.get("idempotency-key") {
        None => None,
        Some(value) => {
            let key = value.to_str().unwrap_or_default().parse();
            Some(key.map_err(|rule: domain::name::Invalid| {
                ErrorResponse::unreadable(format!("the header Idempotency-Key {rule}"))
            })?)
        }
    };
    let request = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let source = source(server, parts).map(|address| address.to_string());
    Ok(Mutation { actor, idempotency, request, source })
}
