//! Signing in and out, and who one is.

use crate::{
    authorization::{Known, May, Person},
    caller, cookie,
    error::{ErrorResponse, Result},
    json::Json,
    path::Path,
    server::Server,
    token::{digest, mint},
};
use axum::{
    extract::State,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    Email, Error, FieldErrors, Name, Secret, SessionId, UserId,
    access::{InstanceRole, RequestOrigin},
    account::{
        ACCESS_TTL, COOKIE_IDLE_TIMEOUT, Digest, NewSession, NewTokens, NewUser, Password,
        REFRESH_TTL, Rotation, SessionKind, User,
    },
    api::account::{Claim, Login, Refresh, Registered, Registration, Sessions, SignedIn, Tokens},
    audit::Refusal,
    visible::is_hidden,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(registration, register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(sessions))
        .routes(routes!(close_session))
}

/// Whether the instance can be claimed.
#[utoipa::path(get, path = "/auth/register", tag = "auth",
    responses((status = OK, body = Registration)))]
async fn registration(State(server): State<Server>) -> Result<Json<Registration>> {
    let can_register = !server.app.accounts.has_users().await?;
    Ok(Json(Registration { can_register }))
}

/// Claim the instance: make the first account, an admin.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = Claim,
    responses((status = CREATED, body = Registered)))]
async fn register(
    State(server): State<Server>,
    parts: Parts,
    Json(claim): Json<Claim>,
) -> Result<Response> {
    let closed = || Error::Exists("this instance has been claimed already: sign in".to_owned());
    if server.app.accounts.has_users().await? {
        return Err(closed().into());
    }
    // Looked at before anything else, so that others who guess never keep the right one out.
    if !server.config.claim.is(&claim.claim_token) {
        let source = caller::source(&server, &parts);
        note_refused(&server, &parts, None, "claim", "accounts.register_first");
        server.attempts.claim_failed(source, server.app.clock.now())?;
        return Err(Error::Forbidden("this is not the claim token that the console printed").into());
    }

    let new = AccountDetails { email: claim.email, name: claim.name, password: claim.password };
    let (email, name, password) = new.check()?;
    let password_hash = server.hasher.hash(&password).await?;
    let new = NewUser { email, name, role: InstanceRole::Admin, password_hash };
    let origin = caller::origin(&server, &parts);
    let user = server.app.accounts.claim(new, &origin).await.map_err(|error| match error {
        Error::Exists(_) => closed(),
        other => other,
    })?;
    let device = device(claim.device, &parts);
    let (tokens, cookie) = open(&server, &user, claim.kind, device, origin).await?;
    Ok(with_cookie(StatusCode::CREATED, Json(Registered { user, tokens }), cookie))
}

/// Sign in. Browsers say `"kind": "browser"` and get a cookie.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Login,
    responses((status = OK, body = SignedIn)))]
async fn login(
    State(server): State<Server>,
    parts: Parts,
    Json(login): Json<Login>,
) -> Result<Response> {
    const WRONG: &str = "the e-mail or the password is wrong";
    // What is no address is nobody's address, and takes as long to say so.
    let nobody = || Email::try_from("nobody@invalid");
    let email = Email::try_from(login.email.expose())
        .or_else(|_| nobody())
        .map_err(|_| ErrorResponse::unauthorized(WRONG))?;
    let (clock, source) = (&server.app.clock, caller::source(&server, &parts));
    let turn = server.attempts.begin(&email, source, clock.now()).inspect_err(|_| {
        note_refused(&server, &parts, None, "password", SIGN_IN);
    })?;
    if !turn.wait.is_zero() {
        clock.sleep(turn.wait).await;
    }

    let known = server.app.accounts.user_to_sign_in(&email).await?;
    let (user, hash) = known.unzip();
    let is_right = server.hasher.verify(&login.password, hash).await?;
    if !is_right {
        let user = user.as_ref().map(|user| user.id);
        note_refused(&server, &parts, user, "password", SIGN_IN);
    }
    let Some(user) = user.filter(|_| is_right) else {
        let refusal = turn.refusal().unwrap_or(Error::Unauthorized(WRONG));
        return Err(refusal.into());
    };
    server.attempts.succeeded(&email, source, clock.now());
    let (device, origin) = (device(login.device, &parts), caller::origin(&server, &parts));
    let (tokens, cookie) = open(&server, &user, login.kind, device, origin).await?;
    Ok(with_cookie(StatusCode::OK, Json(SignedIn { user, tokens }), cookie))
}

/// Trade a refresh token for a new pair. Each can be traded once.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = OK, body = Tokens)))]
async fn refresh(
    State(server): State<Server>,
    parts: Parts,
    Json(refresh): Json<Refresh>,
) -> Result<Json<Tokens>> {
    let old = refresh.refresh_token;
    // Derived, so that a repeated request is answered with the same pair.
    let succession = server.succession()?;
    let access = succession.successor("easela_", &old);
    let (mut tokens, new) = pair(&server, access, succession.successor("easelr_", &old));
    let origin = caller::origin(&server, &parts);
    match server.app.accounts.rotate(&digest(old.expose()), new, &origin).await? {
        Rotation::Rotated { access_expires_at, expires_at, .. } => {
            (tokens.expires_at, tokens.refresh_expires_at) = (access_expires_at, expires_at);
            // What the old access token opened ends with it.
            match server.app.accounts.session_by_access(&new.access).await {
                Ok(Some((_, user))) => server.rights.notify_user(user.id),
                Ok(None) | Err(_) => server.rights.notify_changed(),
            }
            Ok(Json(tokens))
        }
        Rotation::Unknown => Err(ErrorResponse::unauthorized(
            "this refresh token is not valid (any more): sign in again",
        )),
        Rotation::Reused => {
            server.rights.notify_changed();
            Err(ErrorResponse::unauthorized(
                "this refresh token was used before, so its session has been ended: sign in again",
            ))
        }
    }
}

/// Sign this device out.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = NO_CONTENT)))]
async fn logout(State(server): State<Server>, may: May<Person>) -> Result<Response> {
    if let domain::access::AuthMethod::Session(session) = may.actor().via {
        server.app.accounts.close_session(&may.by, session).await?;
    }
    server.rights.notify_user(may.user.id);
    let cookie = match may.credential {
        caller::Credential::Cookie(_) => Some(cookie::clear(&server.config)?),
        caller::Credential::Bearer(_) => None,
    };
    Ok(with_cookie(StatusCode::NO_CONTENT, (), cookie))
}

/// Who you are.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = OK, body = User)))]
async fn me(may: May<Known>) -> Json<User> {
    Json(may.user)
}

/// Your sessions.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    responses((status = OK, body = Sessions)))]
async fn sessions(State(server): State<Server>, may: May<Person>) -> Result<Json<Sessions>> {
    let current = match may.actor().via {
        domain::access::AuthMethod::Session(session) => Some(session),
        domain::access::AuthMethod::ApiKey { .. } => None,
    };
    let data = server.app.accounts.sessions(may.user.id).await?;
    Ok(Json(Sessions { data, current }))
}

/// End one of your sessions.
#[utoipa::path(delete, path = "/auth/sessions/{session}", tag = "auth",
    responses((status = NO_CONTENT)))]
async fn close_session(
    State(server): State<Server>,
    may: May<Person>,
    Path(named): Path<SessionPath>,
) -> Result<StatusCode> {
    let own = server.app.accounts.sessions(may.user.id).await?;
    if own.iter().all(|session| session.id != named.session) {
        return Err(Error::NotFound(domain::Resource::Session).into());
    }
    server.app.accounts.close_session(&may.by, named.session).await?;
    server.rights.notify_user(may.user.id);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct SessionPath {
    session: SessionId,
}

/// A person's typed particulars, checked together so that all that is wrong is said at once.
pub(crate) struct AccountDetails {
    pub(crate) email: Secret,
    pub(crate) name: Secret,
    pub(crate) password: Secret,
}

impl AccountDetails {
    pub(crate) fn check(self) -> Result<(Email, Name, Password)> {
        let mut errors = FieldErrors::default();
        let mut note = |field: &str, rule: domain::name::Invalid| {
            errors.0.entry(field.to_owned()).or_default().push(rule.to_string());
        };
        let email = Email::try_from(self.email.expose()).map_err(|rule| note("email", rule)).ok();
        let name = Name::try_from(self.name.expose()).map_err(|rule| note("name", rule)).ok();
        let password =
            Password::try_from(self.password).map_err(|rule| note("password", rule)).ok();
        match (email, name, password) {
            (Some(email), Some(name), Some(password)) => Ok((email, name, password)),
            _ => Err(Error::Invalid(errors).into()),
        }
    }
}

type Cookie = Option<axum::http::HeaderValue>;
/// A token, and its digest.
type Minted = (Secret, Digest);

/// What the audit calls it.
const SIGN_IN: &str = "accounts.open_session";

/// What a device calls itself, or else what its browser does.
fn device(said: String, parts: &Parts) -> String {
    let browser = || parts.headers.get(header::USER_AGENT)?.to_str().ok();
    let name = if said.trim().is_empty() { browser().unwrap_or_default() } else { &said };
    name.chars().filter(|letter| !is_hidden(*letter)).take(200).collect()
}

/// Signs a device in: tokens for scripts, a cookie for browsers.
async fn open(
    server: &Server,
    user: &User,
    kind: SessionKind,
    device: String,
    origin: RequestOrigin,
) -> Result<(Option<Tokens>, Cookie)> {
    let now = server.app.clock.now();
    let accounts = &server.app.accounts;
    match kind {
        SessionKind::Browser => {
            let (token, access) = mint("")?;
            let ends = now.plus(COOKIE_IDLE_TIMEOUT);
            accounts
                .open_session(NewSession {
                    user: user.id,
                    kind,
                    device,
                    access,
                    access_expires_at: ends,
                    refresh: None,
                    expires_at: ends,
                    origin,
                })
                .await?;
            Ok((None, Some(cookie::set(&token, &server.config)?)))
        }
        SessionKind::Token => {
            let (tokens, new) = pair(server, mint("easela_")?, mint("easelr_")?);
            accounts
                .open_session(NewSession {
                    user: user.id,
                    kind,
                    device,
                    access: new.access,
                    access_expires_at: new.access_expires_at,
                    refresh: Some(new.refresh),
                    expires_at: new.expires_at,
                    origin,
                })
                .await?;
            Ok((Some(tokens), None))
        }
    }
}

/// Two tokens of one session, from now on.
fn pair(server: &Server, access: Minted, refresh: Minted) -> (Tokens, NewTokens) {
    let now = server.app.clock.now();
    let ((access_token, access), (refresh_token, refresh)) = (access, refresh);
    let (access_expires_at, expires_at) = (now.plus(ACCESS_TTL), now.plus(REFRESH_TTL));
    let tokens = Tokens {
        access_token,
        refresh_token,
        expires_at: access_expires_at,
        refresh_expires_at: expires_at,
    };
    (tokens, NewTokens { access, access_expires_at, refresh, expires_at })
}

/// Notes for the audit that somebody could not prove who they are. What they typed is left out: it may be
/// a password in the wrong field.
fn note_refused(server: &Server, parts: &Parts, of: Option<UserId>, via: &str, action: &str) {
    let RequestOrigin { request, source } = caller::origin(server, parts);
    let target = of.map_or_else(|| "nobody's account".to_owned(), |user| user.to_string());
    let via = via.to_owned();
    server.note_refused(Refusal { via, target, request, source, ..Refusal::of(action) });
}

fn with_cookie(status: StatusCode, body: impl IntoResponse, cookie: Cookie) -> Response {
    let mut response = (status, body).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let person =
            AccountDetails { email: "x".into(), name: "".into(), password: "short".into() };
        let text = format!("{:?}", person.check().expect_err("all three are wrong"));
        assert!(text.contains("email") && text.contains("name") && text.contains("password"));
    }
}
