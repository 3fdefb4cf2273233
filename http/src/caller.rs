//! Who is calling, and how they prove it.

use crate::{
    cookie,
    error::{ErrorResponse, Result},
    forwarded,
    server::Server,
    token::digest,
};
use axum::{
    extract::{ConnectInfo, MatchedPath},
    http::{HeaderMap, header, request::Parts},
};
use domain::{
    Secret, Timestamp,
    access::{Actor, AuthMethod, Mutation, RequestOrigin},
    account::{Digest, SessionKind, User},
    audit::Refusal,
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

/// Until when a proof counts that has just been shown; `None`: for ever.
pub(crate) async fn until(server: &Server, caller: &Caller) -> Result<Option<Timestamp>> {
    let accounts = &server.app.accounts;
    let (Credential::Cookie(digest) | Credential::Bearer(digest)) = caller.credential;
    Ok(match caller.actor.via {
        AuthMethod::Session(_) => {
            // It has run out between two looks.
            Some(accounts.access_until(&digest).await?.unwrap_or_else(|| server.app.clock.now()))
        }
        AuthMethod::ApiKey { .. } => {
            accounts.api_key_by_digest(&digest).await?.and_then(|(key, _)| key.expires_at)
        }
    })
}

/// The id of a request: in the answer, the log and the audit.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// From where a request comes: the peer, or whom a trusted peer names.
pub(crate) fn source(server: &Server, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let trusted = &server.config.trusted_proxies;
    if trusted.is_empty() && forwarded::is_forwarded(&parts.headers) {
        server.unnamed_proxy.call_once(|| {
            tracing::warn!(
                "a request from {peer} says that it was passed on; if a proxy of yours stands there, \
                 name it with --trusted-proxy, so that its clients are told apart"
            );
        });
    }
    Some(forwarded::client(peer, &parts.headers, trusted))
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
    let RequestOrigin { request, source } = origin(server, parts);
    Ok(Mutation { actor, idempotency, request, source })
}

/// From where a request comes, and its id.
pub(crate) fn origin(server: &Server, parts: &Parts) -> RequestOrigin {
    let request = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let source = source(server, parts).map(|address| address.to_string());
    RequestOrigin { request, source }
}

/// Something that this caller was refused, for the audit.
pub(crate) fn refusal(server: &Server, parts: &Parts, actor: &Actor) -> Refusal {
    let (via, key) = match actor.via {
        AuthMethod::Session(_) => ("session", None),
        AuthMethod::ApiKey { key, .. } => ("api_key", Some(key)),
    };
    // The pattern says what was asked for; the path could hold what people typed.
    let path = parts.extensions.get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let RequestOrigin { request, source } = origin(server, parts);
    Refusal {
        actor: Some(actor.user),
        via: via.to_owned(),
        key,
        target: format!("{} {path}", parts.method),
        request,
        source,
        ..Refusal::of("requests.forbidden")
    }
}
