//! Signing in and out.

use crate::{
    Secret, SessionId, Timestamp,
    account::{Session, SessionKind, User},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether the instance waits for its first account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registration {
    /// True only while nobody has an account.
    pub can_register: bool,
}

/// The first account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Claim {
    /// The one-time token that the console printed.
    pub claim_token: Secret,
    // As typed, so that all that is wrong is said at once.
    pub email: Secret,
    pub name: Secret,
    /// 8 characters at least, 72 bytes at most.
    pub password: Secret,
    #[serde(default = "by_token")]
    pub kind: SessionKind,
    /// What this device calls itself.
    #[serde(default)]
    pub device: String,
}

/// E-mail and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Login {
    pub email: Secret,
    pub password: Secret,
    /// `browser` answers with a cookie, `token` with tokens.
    #[serde(default = "by_token")]
    pub kind: SessionKind,
    /// What this device calls itself.
    #[serde(default)]
    pub device: String,
}

fn by_token() -> SessionKind {
    SessionKind::Token
}

/// Tokens of a command line or script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// For `Authorization: Bearer`, 15 minutes long.
    pub access_token: Secret,
    /// For one refresh, within 7 days.
    pub refresh_token: Secret,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the refresh token ends.
    pub refresh_expires_at: Timestamp,
}

impl Tokens {
    /// Whether it is time to renew them: a call that is made now may take a while.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.plus(Duration::from_secs(30)) >= self.expires_at
    }
}

/// Somebody has signed in. Browsers get a cookie and no tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct SignedIn {
    pub user: User,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
}

/// The first account is made, and signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct Registered {
    pub user: User,
    /// Absent for browsers, which get a cookie.
    pub tokens: Option<Tokens>,
}

/// A refresh token to be traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct Refresh {
    pub refresh_token: Secret,
}

/// Sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Sessions {
    pub data: Vec<Session>,
    /// The one that asks.
    pub current: Option<SessionId>,
}
