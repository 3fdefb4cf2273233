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
    Email, Error, FieldErrors, Name, Secret, SessionId,
    access::InstanceRole,
    account::{
        ACCESS_TTL, COOKIE_IDLE_TIMEOUT, NewSession, NewTokens, NewUser, Password, REFRESH_TTL,
        Rotation, SessionKind, User,
    },
    api::account::{Claim, Login, Refresh, Registered, Registration, Sessions, SignedIn, Tokens},
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
    // The token is short-lived and random, but whoever guesses shall be slow.
    let guesser = Email::try_from("claim@localhost")
        .map_err(|rule| Error::field("email", rule.to_string()))?;
    let (source, now) = (caller::source(&server, &parts), server.app.clock.now());
    server.attempts.begin(&guesser, source, now)?;
    if !server.config.claim.is(&claim.claim_token) {
        return Err(Error::Forbidden("this is not the claim token that the console printed").into());
    }
    server.attempts.succeeded(&guesser, source);

    let new = AccountDetails { email: claim.email, name: claim.name, password: claim.password };
    let (email, name, password) = new.check()?;
    let password_hash = server.hasher.hash(&password).await?;
    let new = NewUser { email, name, role: InstanceRole::Admin, password_hash };
    let user = server.app.accounts.register_first(new).await.map_err(|error| match error {
        Error::Exists(_) => closed(),
        other => other,
    })?;
    let (tokens, cookie) = open(&server, &user, claim.kind, device(claim.device, &parts)).await?;
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
    let source = caller::source(&server, &parts);
    server.attempts.begin(&email, source, server.app.clock.now())?;

    let known = server.app.accounts.user_to_sign_in(&email).await?;
    let (user, hash) = known.unzip();
    if !server.hasher.verify(&login.password, hash).await? {
        return Err(ErrorResponse::unauthorized(WRONG));
    }
    let user = user.ok_or_else(|| ErrorResponse::unauthorized(WRONG))?;
    server.attempts.succeeded(&email, source);
    let (tokens, cookie) = open(&server, &user, login.kind, device(login.device, &parts)).await?;
    Ok(with_cookie(StatusCode::OK, Json(SignedIn { user, tokens }), cookie))
}

/// Trade a refresh token for a new pair. Each can be traded once.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = OK, body = Tokens)))]
async fn refresh(
    State(server): State<Server>,
    Json(refresh): Json<Refresh>,
) -> Result<Json<Tokens>> {
    let (tokens, new) = new_tokens(&server)?;
    let old = digest(refresh.refresh_token.expose());
    match server.app.accounts.rotate(&old, new).await? {
        Rotation::Rotated(_) => Ok(Json(tokens)),
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
        server.app.accounts.close_session(may.user.id, session).await?;
    }
    server.rights.notify_changed();
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
    server.app.accounts.close_session(may.user.id, named.session).await?;
    server.rights.notify_changed();
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

/// What a device calls itself, or else what its browser does.
fn device(said: String, parts: &Parts) -> String {
    let browser = || parts.headers.get(header::USER_AGENT)?.to_str().ok();
    let name = if said.trim().is_empty() { browser().unwrap_or_default() } else { &said };
    name.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// Signs a device in: tokens for scripts, a cookie for browsers.
async fn open(
    server: &Server,
    user: &User,
    kind: SessionKind,
    device: String,
) -> Result<(Option<Tokens>, Cookie)> {
    let now = server.app.clock.now();
    let device: String = device.chars().filter(|letter| !letter.is_control()).take(200).collect();
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
                })
                .await?;
            Ok((None, Some(cookie::set(&token, &server.config)?)))
        }
        SessionKind::Token => {
            let (tokens, new) = new_tokens(server)?;
            accounts
                .open_session(NewSession {
                    user: user.id,
                    kind,
                    device,
                    access: new.access,
                    access_expires_at: new.access_expires_at,
                    refresh: Some(new.refresh),
                    expires_at: new.expires_at,
                })
                .await?;
            Ok((Some(tokens), None))
        }
    }
}

fn new_tokens(server: &Server) -> Result<(Tokens, NewTokens)> {
    let now = server.app.clock.now();
    let (access_token, access) = mint("easela_")?;
    let (refresh_token, refresh) = mint("easelr_")?;
    let (access_expires_at, expires_at) = (now.plus(ACCESS_TTL), now.plus(REFRESH_TTL));
    let tokens = Tokens {
        access_token,
        refresh_token,
        expires_at: access_expires_at,
        refresh_expires_at: expires_at,
    };
    Ok((tokens, NewTokens { access, access_expires_at, refresh, expires_at }))
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
