//! The browser's session cookie: one opaque value that no script can read.

use crate::app::Config;
use axum::http::{HeaderMap, HeaderValue, header};
use domain::{Error, Secret, account::COOKIE_MAX_AGE};

/// What the cookie is called. The prefix `__Host-` binds it to this host and to HTTPS.
pub(crate) fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-easel" } else { "easel" }
}

/// The session's value, if the browser sent one.
pub(crate) fn read(headers: &HeaderMap, config: &Config) -> Option<Secret> {
    let wanted = name(config);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| Secret::from(value))
}

/// The header that gives a browser its session.
pub(crate) fn set(token: &Secret, config: &Config) -> Result<HeaderValue, Error> {
    header(token.expose(), COOKIE_MAX_AGE.as_secs(), config)
}

/// The header that takes it away.
pub(crate) fn clear(config: &Config) -> Result<HeaderValue, Error> {
    header("", 0, config)
}

fn header(value: &str, seconds: u64, config: &Config) -> Result<HeaderValue, Error> {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let name = name(config);
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
        .try_into()
        .map_err(Error::internal("set a cookie"))
}
