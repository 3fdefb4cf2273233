//! Accounts, sessions and keys in memory.

use super::{
    Memory, Transaction, paged,
    tables::{StoredRefresh, StoredSession},
};
use crate::{
    ApiKeyId, Email, Error, Resource, Result, Secret, SessionId, Timestamp, UserId,
    access::{InstanceRole, Mutation, RequestOrigin},
    account::{
        Accounts, ApiKey, COOKIE_IDLE_TIMEOUT, COOKIE_MAX_AGE, Digest, MAX_API_KEYS, MAX_SESSIONS,
        NewApiKey, NewSession, NewTokens, NewUser, REFRESH_GRACE, Rotation, Session, SessionKind,
        TOKEN_MAX_AGE, User,
    },
    page::{Page, Paged},
};
use async_trait::async_trait;
use std::time::Duration;

/// Uses are noted at most this often.
const NOTED_EVERY: Duration = Duration::from_secs(60);

impl Transaction<'_> {
    fn add_user(&mut self, new: NewUser) -> Result<User> {
        if self.tables.users.iter().any(|(user, _)| user.email == new.email) {
            return Err(Error::Exists("there is an account with this e-mail already".to_owned()));
        }
        let user = User {
            id: UserId::new(self.ids.mint()),
            email: new.email,
            name: new.name,
            role: new.role,
            created_at: self.now,
            updated_at: self.now,
        };
        self.tables.users.push((user.clone(), new.password_hash));
        Ok(user)
    }

    /// Makes room for one more session of a person.
    fn end_surplus(&mut self, user: UserId) {
        let held = self.tables.sessions.values().map(|held| &held.session);
        let mut theirs: Vec<_> = (held.filter(|session| session.user == user))
            .map(|session| (session.last_seen_at, session.id))
            .collect();
        theirs.sort_unstable_by(|a, b| b.cmp(a));
        for (_, surplus) in theirs.into_iter().skip(MAX_SESSIONS as usize - 1) {
            self.tables.sessions.remove(&surplus);
        }
    }
}

impl StoredSession {
    /// The pair that came of a refresh token, once more, if it is this one and still counts.
    fn repeated(&self, at: usize, tokens: NewTokens) -> Rotation {
        if self.refresh[at].successor != Some(tokens.refresh) {
            return Rotation::Unknown;
        }
        let successor = self.refresh.iter().find(|token| token.digest == tokens.refresh);
        let access = self.access.iter().find(|(digest, _)| *digest == tokens.access);
        match (successor, access) {
            (Some(successor), Some((_, access_expires_at))) => Rotation::Rotated {
                session: self.session.id,
                access_expires_at: *access_expires_at,
                expires_at: successor.expires_at,
            },
            _ => Rotation::Unknown,
        }
    }
}

fn role_word(role: InstanceRole) -> String {
    match role {
        InstanceRole::Member => "member".to_owned(),
        InstanceRole::Admin => "admin".to_owned(),
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn has_users(&self) -> Result<bool> {
        Ok(self.read(|tables, _| !tables.users.is_empty()))
    }

    async fn claim(&self, user: NewUser, origin: &RequestOrigin) -> Result<User> {
        self.transact(None, |tx| {
            if !tx.tables.users.is_empty() {
                return Err(Error::Exists("this Easel has been claimed already".to_owned()));
            }
            let user = tx.add_user(NewUser { role: InstanceRole::Admin, ..user })?;
            tx.audit("accounts.register_first", None, user.id);
            tx.audit_self(user.id, "console", origin);
            Ok(user)
        })
    }

    async fn create_user(&self, by: &Mutation, user: NewUser) -> Result<User> {
        self.mutate(by, "accounts.create_user", "", |tx| {
            let user = tx.add_user(user)?;
            tx.audit("accounts.create_user", None, user.id);
            tx.audit_step(None, Some(role_word(user.role)));
            Ok(user)
        })
    }

    async fn users(&self, page: Page) -> Result<Paged<User>> {
        Ok(self.read(|tables, _| {
            let users: Vec<User> = tables.users.iter().map(|(user, _)| user.clone()).collect();
            paged(&users, page)
        }))
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.read(|tables, _| tables.user(id).cloned())
    }

    async fn user_to_sign_in(&self, email: &Email) -> Result<Option<(User, Secret)>> {
        Ok(self
            .read(|tables, _| tables.users.iter().find(|(user, _)| user.email == *email).cloned()))
    }

    async fn open_session(&self, new: NewSession) -> Result<Session> {
        self.transact(None, |tx| {
            tx.tables.user(new.user)?;
            tx.end_surplus(new.user);
            let session = Session {
                id: SessionId::new(tx.ids.mint()),
                user: new.user,
                kind: new.kind,
                device: new.device,
                created_at: tx.now,
                last_seen_at: tx.now,
                expires_at: new.expires_at,
            };
            let refresh = new.refresh.map(|digest| StoredRefresh {
                digest,
                access: new.access,
                expires_at: new.expires_at,
                used_at: None,
                successor: None,
            });
            let held = StoredSession {
                session: session.clone(),
                access: vec![(new.access, new.access_expires_at)],
                refresh: refresh.into_iter().collect(),
            };
            tx.tables.sessions.insert(session.id, held);
            tx.audit("accounts.open_session", None, session.id);
            tx.audit_self(new.user, "session", &new.origin);
            Ok(session)
        })
    }

    async fn session_by_access(&self, access: &Digest) -> Result<Option<(Session, User)>> {
        self.transact(None, |tx| {
            let now = tx.now;
            let found = tx.tables.sessions.values_mut().find(|held| {
                held.session.expires_at > now
                    && held.access.iter().any(|(digest, until)| digest == access && *until > now)
            });
            let Some(held) = found else { return Ok(None) };
            if now.since(held.session.last_seen_at) >= NOTED_EVERY {
                held.session.last_seen_at = now;
                if held.session.kind == SessionKind::Browser {
                    let end = held.session.created_at.plus(COOKIE_MAX_AGE);
                    let renewed: Timestamp = now.plus(COOKIE_IDLE_TIMEOUT).min(end);
                    held.session.expires_at = renewed;
                    held.access.iter_mut().for_each(|(_, until)| *until = renewed);
                }
            }
            let session = held.session.clone();
            let user = tx.tables.user(session.user)?.clone();
            Ok(Some((session, user)))
        })
    }

    async fn access_until(&self, access: &Digest) -> Result<Option<Timestamp>> {
        self.transact(None, |tx| {
            let mut held = tx.tables.sessions.values().flat_map(|held| &held.access);
            let found = held.find(|(digest, until)| digest == access && *until > tx.now);
            Ok(found.map(|(_, until)| *until))
        })
    }

    async fn rotate(
        &self,
        refresh: &Digest,
        tokens: NewTokens,
        origin: &RequestOrigin,
    ) -> Result<Rotation> {
        self.transact(None, |tx| {
            let now = tx.now;
            let found = tx.tables.sessions.values_mut().find_map(|held| {
                let at = held.refresh.iter().position(|token| token.digest == *refresh)?;
                Some((held, at))
            });
            let Some((held, at)) = found else { return Ok(Rotation::Unknown) };
            let (id, user) = (held.session.id, held.session.user);
            match held.refresh[at].used_at {
                None if held.refresh[at].expires_at <= now => return Ok(Rotation::Unknown),
                Some(used) if now.since(used) > REFRESH_GRACE => {
                    tx.tables.sessions.remove(&id);
                    tx.audit("accounts.refresh_reused", None, id);
                    tx.audit_self(user, "session", origin);
                    return Ok(Rotation::Reused);
                }
                Some(_) => return Ok(held.repeated(at, tokens)),
                None => held.refresh[at].used_at = Some(now),
            }
            let end = held.session.created_at.plus(TOKEN_MAX_AGE);
            let (access_expires_at, expires_at) =
                (tokens.access_expires_at.min(end), tokens.expires_at.min(end));
            let paired = held.refresh[at].access;
            held.refresh[at].successor = Some(tokens.refresh);
            held.access.retain(|(digest, until)| *digest != paired && *until > now);
            held.access.push((tokens.access, access_expires_at));
            held.refresh.push(StoredRefresh {
                digest: tokens.refresh,
                access: tokens.access,
                expires_at,
                used_at: None,
                successor: None,
            });
            held.session.last_seen_at = now;
            held.session.expires_at = expires_at;
            Ok(Rotation::Rotated { session: id, access_expires_at, expires_at })
        })
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<Session>> {
        Ok(self.read(|tables, now| {
            let mut sessions: Vec<Session> = (tables.sessions.values())
                .map(|held| held.session.clone())
                .filter(|session| session.user == user && session.expires_at > now)
                .collect();
            sessions.reverse();
            sessions
        }))
    }

    async fn close_session(&self, by: &Mutation, session: SessionId) -> Result<()> {
        self.transact(Some(by), |tx| {
            let is_theirs = |held: &StoredSession| held.session.user == by.actor.user;
            if tx.tables.sessions.get(&session).is_some_and(is_theirs) {
                tx.tables.sessions.remove(&session);
                tx.audit("accounts.close_session", None, session);
            }
            Ok(())
        })
    }

    async fn purge_sessions(&self) -> Result<u64> {
        self.transact(None, |tx| {
            let before = tx.tables.sessions.len();
            let now = tx.now;
            tx.tables.sessions.retain(|_, held| held.session.expires_at > now);
            Ok((before - tx.tables.sessions.len()) as u64)
        })
    }

    async fn create_api_key(&self, by: &Mutation, new: NewApiKey) -> Result<ApiKey> {
        self.mutate(by, "accounts.create_api_key", "", |tx| {
            if let Some(project) = new.project {
                tx.tables.project(project)?;
            }
            let owner = tx.author();
            let held = tx.tables.keys.iter().filter(|(key, _)| key.user == owner).count();
            if held as u64 >= MAX_API_KEYS {
                return Err(ApiKey::too_many());
            }
            let key = ApiKey {
                id: ApiKeyId::new(tx.ids.mint()),
                user: tx.author(),
                description: new.description,
                prefix: new.prefix,
                scopes: new.scopes,
                project: new.project,
                expires_at: new.expires_at,
                last_used_at: None,
                created_at: tx.now,
            };
            tx.tables.keys.push((key.clone(), new.digest));
            tx.audit("accounts.create_api_key", key.project, key.id);
            tx.audit_step(None, Some(key.scope_words()));
            Ok(key)
        })
    }

    async fn api_keys(&self, user: UserId, page: Page) -> Result<Paged<ApiKey>> {
        Ok(self.read(|tables, _| {
            let keys: Vec<ApiKey> = (tables.keys.iter())
                .map(|(key, _)| key.clone())
                .filter(|key| key.user == user)
                .collect();
            paged(&keys, page)
        }))
    }

    async fn delete_api_key(&self, by: &Mutation, id: ApiKeyId) -> Result<()> {
        self.mutate(by, "accounts.delete_api_key", id, |tx| {
            let owner = tx.author();
            let is_meant = |(key, _): &(ApiKey, Digest)| key.id == id && key.user == owner;
            let at = tx.tables.keys.iter().position(is_meant);
            let (gone, _) = tx.tables.keys.remove(at.ok_or(Error::NotFound(Resource::ApiKey))?);
            tx.audit("accounts.delete_api_key", gone.project, id);
            tx.audit_step(Some(gone.scope_words()), None);
            Ok(())
        })
    }

    async fn api_key_by_digest(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>> {
        self.transact(None, |tx| {
            let now = tx.now;
            let found = (tx.tables.keys.iter_mut()).find(|(key, known)| {
                known == digest && key.expires_at.is_none_or(|until| until > now)
            });
            let Some((key, _)) = found else { return Ok(None) };
            if key.last_used_at.is_none_or(|used| now.since(used) >= NOTED_EVERY) {
                key.last_used_at = Some(now);
            }
            let key = key.clone();
            let user = tx.tables.user(key.user)?.clone();
            Ok(Some((key, user)))
        })
    }
}
