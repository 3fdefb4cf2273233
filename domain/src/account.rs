//! People, their signed-in devices and their keys.

use crate::{
    ApiKeyId, Email, Error, Name, ProjectId, Result, Secret, SessionId, Set, Timestamp, UserId,
    access::{InstanceRole, KeyScope, Mutation, RequestOrigin},
    name::Invalid,
    page::{Page, Paged},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an access token lives (DK-5).
pub const ACCESS_TTL: Duration = Duration::from_secs(15 * 60);
/// How long a refresh token lives (DK-5).
pub const REFRESH_TTL: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a browser's session lives without being used.
pub const COOKIE_IDLE_TIMEOUT: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long a browser's session lives in all.
pub const COOKIE_MAX_AGE: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long a command line's session lives in all, however often it is refreshed.
pub const TOKEN_MAX_AGE: Duration = Duration::from_secs(90 * 24 * 3600);
/// Devices of one person: whoever signs in at one more signs out at the one that they have not used for
/// the longest.
pub const MAX_SESSIONS: u64 = 100;
/// API keys of one person.
pub const MAX_API_KEYS: u64 = 100;
/// Within this time a used refresh token is answered as before: two processes, one lost answer.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub name: Name,
    pub role: InstanceRole,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A password as typed.
///
/// Invariant: at least 8 characters and at most 72 bytes, all of which count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Secret", into = "Secret")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Password(Secret);

impl Password {
    /// The text, for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<Secret> for Password {
    type Error = Invalid;

    fn try_from(raw: Secret) -> std::result::Result<Self, Invalid> {
        if raw.expose().chars().count() < 8 {
            return Err(Invalid::new("must be at least 8 characters long"));
        }
        if raw.expose().len() > 72 {
            return Err(Invalid::new("must be at most 72 bytes long"));
        }
        if raw.expose().contains('\0') {
            return Err(Invalid::new("must not contain a NUL character"));
        }
        Ok(Self(raw))
    }
}

impl From<Password> for Secret {
    fn from(password: Password) -> Self {
        password.0
    }
}

/// Somebody to be given an account. The hash is bcrypt's own text form.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct NewUser {
    pub email: Email,
    pub name: Name,
    pub role: InstanceRole,
    pub password_hash: Secret,
}

/// SHA-256 of a random token: all that is kept of one.
pub type Digest = [u8; 32];

/// How a device stays signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionKind {
    /// A browser, by a cookie that no script can read.
    Browser,
    /// A command line or script, by access and refresh tokens.
    Token,
}

/// A signed-in device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub kind: SessionKind,
    /// What the device calls itself.
    pub device: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// When it ends unless renewed: the cookie's, or the refresh token's.
    pub expires_at: Timestamp,
}

/// A device to be signed in.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct NewSession {
    pub user: UserId,
    pub kind: SessionKind,
    pub device: String,
    /// Of the cookie, or the access token.
    pub access: Digest,
    pub access_expires_at: Timestamp,
    /// Of the refresh token; `None` for browsers.
    pub refresh: Option<Digest>,
    pub expires_at: Timestamp,
    pub origin: RequestOrigin,
}

/// A fresh pair of tokens for a session.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct NewTokens {
    pub access: Digest,
    pub access_expires_at: Timestamp,
    pub refresh: Digest,
    pub expires_at: Timestamp,
}

/// What became of an attempt to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The new pair counts, the old refresh token is used up.
    Rotated {
        /// Whose pair it is.
        session: SessionId,
        /// When the access token ends: no later than the session may live.
        access_expires_at: Timestamp,
        /// When the refresh token ends.
        expires_at: Timestamp,
    },
    /// Nobody knows this refresh token, it has expired, or it was traded for another pair just now.
    Unknown,
    /// It had been used before, beyond [`REFRESH_GRACE`]: somebody has a copy. The session and all
    /// that came of it are ended.
    Reused,
}

/// A key for scripts. The secret itself is shown once and never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub user: UserId,
    pub description: Name,
    /// The first eight characters of its random part, to tell keys apart.
    pub prefix: String,
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeSet<KeyScope>))]
    pub scopes: Set<KeyScope>,
    pub project: Option<ProjectId>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl ApiKey {
    /// What it may be used for, in words.
    #[must_use]
    pub fn scope_words(&self) -> String {
        let words: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        words.join(", ")
    }

    /// Why there can be no more of them.
    #[must_use]
    pub fn too_many() -> Error {
        Error::InvalidState(format!(
            "you have {MAX_API_KEYS} API keys; delete one that is not used"
        ))
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct NewApiKey {
    pub description: Name,
    pub prefix: String,
    pub digest: Digest,
    pub scopes: Set<KeyScope>,
    pub project: Option<ProjectId>,
    pub expires_at: Option<Timestamp>,
}

/// Accounts, sessions and keys. Each method is one transaction.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether anybody has an account yet (DK-1).
    async fn has_users(&self) -> Result<bool>;

    /// Makes the first account, an admin. [`Error::Exists`](crate::Error::Exists) if there is one,
    /// also when two try at once (DK-2).
    async fn claim(&self, user: NewUser, origin: &RequestOrigin) -> Result<User>;

    /// The same, by nobody's request.
    async fn register_first(&self, user: NewUser) -> Result<User> {
        self.claim(user, &RequestOrigin::default()).await
    }

    /// Makes a further account. `Exists` when the e-mail has one.
    async fn create_user(&self, by: &Mutation, user: NewUser) -> Result<User>;

    /// All people, newest first.
    async fn users(&self, page: Page) -> Result<Paged<User>>;

    /// One of them.
    async fn user(&self, id: UserId) -> Result<User>;

    /// Somebody by e-mail, with the password's hash, for signing in.
    async fn user_to_sign_in(&self, email: &Email) -> Result<Option<(User, Secret)>>;

    /// Signs a device in. Beyond [`MAX_SESSIONS`] the ones that were not used for the longest end.
    async fn open_session(&self, session: NewSession) -> Result<Session>;

    /// Whose cookie or access token this is; `None` when unknown or expired. Renews the browser's
    /// idle time at most once a minute.
    async fn session_by_access(&self, access: &Digest) -> Result<Option<(Session, User)>>;

    /// Until when this cookie or access token counts, unless its use renews it; `None` when it does
    /// not count.
    async fn access_until(&self, access: &Digest) -> Result<Option<Timestamp>>;

    /// Trades a refresh token for a new pair. Within [`REFRESH_GRACE`] the same pair is told again: of
    /// one token comes one successor. The session ends [`TOKEN_MAX_AGE`] after it was opened.
    async fn rotate(
        &self,
        refresh: &Digest,
        tokens: NewTokens,
        origin: &RequestOrigin,
    ) -> Result<Rotation>;

    /// The devices of a person.
    async fn sessions(&self, user: UserId) -> Result<Vec<Session>>;

    /// Signs one of the caller's devices out. Gone already is fine.
    async fn close_session(&self, by: &Mutation, session: SessionId) -> Result<()>;

    /// Forgets what has expired; says how many.
    async fn purge_sessions(&self) -> Result<u64>;

    /// Makes a key. `InvalidState` when its maker has [`MAX_API_KEYS`] already.
    async fn create_api_key(&self, by: &Mutation, key: NewApiKey) -> Result<ApiKey>;

    /// A person's keys, newest first.
    async fn api_keys(&self, user: UserId, page: Page) -> Result<Paged<ApiKey>>;

    /// Deletes one of the caller's keys; another's does not exist.
    async fn delete_api_key(&self, by: &Mutation, key: ApiKeyId) -> Result<()>;

    /// Whose key this is; `None` when unknown or expired. Notes the use, at most once a minute.
    async fn api_key_by_digest(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>>;
}
