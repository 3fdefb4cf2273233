//! Signed-in devices and their tokens, of which only digests are kept.

use crate::{
    Store,
    account::user,
    error::failed,
    row::{enum_from_text, enum_text},
    table::{account, session, session_token},
    transaction::{Concern, Transaction},
};
use domain::{
    Result, SessionId, Timestamp, UserId,
    access::{Mutation, RequestOrigin},
    account::{
        COOKIE_IDLE_TIMEOUT, COOKIE_MAX_AGE, Digest, MAX_SESSIONS, NewSession, NewTokens,
        REFRESH_GRACE, Rotation, Session, SessionKind, TOKEN_MAX_AGE, User,
    },
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use std::time::Duration;
use uuid::Uuid;

/// A use is noted at most this often.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

const ACCESS: &str = "access";
const REFRESH: &str = "refresh";

impl Store {
    pub(crate) async fn insert_session(&self, new: NewSession) -> Result<Session> {
        let tx = self.begin_for(Concern::People).await?;
        end_surplus(&tx, new.user).await?;
        let row = session::Model {
            id: tx.inner.ids.mint(),
            account_id: new.user.as_uuid(),
            kind: enum_text(&new.kind)?,
            device: new.device,
            created_at: tx.now.as_millis(),
            last_seen_at: tx.now.as_millis(),
            expires_at: new.expires_at.as_millis(),
        };
        session::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&tx.db)
            .await
            .map_err(failed("sign a device in"))?;
        let refresh = new.refresh.map(|digest| (digest, new.expires_at));
        add_tokens(&tx, row.id, (new.access, new.access_expires_at), refresh).await?;
        let target = row.id.to_string();
        tx.audit_self(new.user, "session", "accounts.open_session", target, &new.origin).await?;
        tx.commit().await?;
        parse(row)
    }

    pub(crate) async fn find_session(&self, access: &Digest) -> Result<Option<(Session, User)>> {
        let db = self.read().await?;
        let now = self.inner.clock.now();
        let Some(token) = token(&db, access, ACCESS).await? else { return Ok(None) };
        if token.expires_at <= now.as_millis() {
            return Ok(None);
        }
        let found = session::Entity::find_by_id(token.session_id)
            .one(&db)
            .await
            .map_err(failed("find a session"))?;
        let Some(mut row) = found.filter(|row| row.expires_at > now.as_millis()) else {
            return Ok(None);
        };
        let person = account::Entity::find_by_id(row.account_id)
            .one(&db)
            .await
            .map_err(failed("find a user"))?;
        drop(db);
        let Some(person) = person else { return Ok(None) };
        if now.since(Timestamp::from_millis(row.last_seen_at)) >= USE_NOTED_EVERY {
            row = self.note_use(row, access).await;
        }
        Ok(Some((parse(row)?, user(person)?)))
    }

    pub(crate) async fn find_access_until(&self, access: &Digest) -> Result<Option<Timestamp>> {
        let db = self.read().await?;
        let now = self.inner.clock.now().as_millis();
        let token = token(&db, access, ACCESS).await?;
        let until = token.map(|token| token.expires_at).filter(|until| *until > now);
        Ok(until.map(Timestamp::from_millis))
    }

    /// Notes that a device was used. That somebody may look must not hang on a write: if it fails,
    /// the next use notes it.
    async fn note_use(&self, row: session::Model, access: &Digest) -> session::Model {
        match self.try_note_use(row.clone(), access).await {
            Ok(noted) => noted,
            Err(error) => {
                tracing::warn!(error = %error, "could not note the use of a session");
                row
            }
        }
    }

    async fn try_note_use(
        &self,
        mut row: session::Model,
        access: &Digest,
    ) -> Result<session::Model> {
        let tx = self.begin_for(Concern::People).await?;
        let kind: SessionKind = enum_from_text(&row.kind)?;
        row.last_seen_at = tx.now.as_millis();
        if kind == SessionKind::Browser {
            let idle = tx.now.plus(COOKIE_IDLE_TIMEOUT);
            let most = Timestamp::from_millis(row.created_at).plus(COOKIE_MAX_AGE);
            row.expires_at = idle.min(most).as_millis();
            session_token::Entity::update_many()
                .col_expr(session_token::Column::ExpiresAt, Expr::value(row.expires_at))
                .filter(session_token::Column::Digest.eq(access.to_vec()))
                .exec(&tx.db)
                .await
                .map_err(failed("renew a session"))?;
        }
        session::Entity::update_many()
            .col_expr(session::Column::LastSeenAt, Expr::value(row.last_seen_at))
            .col_expr(session::Column::ExpiresAt, Expr::value(row.expires_at))
            .filter(session::Column::Id.eq(row.id))
            .exec(&tx.db)
            .await
            .map_err(failed("renew a session"))?;
        tx.commit().await?;
        Ok(row)
    }

    pub(crate) async fn rotate_tokens(
        &self,
        refresh: &Digest,
        new: NewTokens,
        origin: &RequestOrigin,
    ) -> Result<Rotation> {
        // Whoever guesses takes no turn of those who write.
        let db = self.read().await?;
        if token(&db, refresh, REFRESH).await?.is_none() {
            return Ok(Rotation::Unknown);
        }
        drop(db);
        let tx = self.begin_for(Concern::People).await?;
        let Some(old) = token(&tx.db, refresh, REFRESH).await? else {
            return Ok(Rotation::Unknown);
        };
        let found = session::Entity::find_by_id(old.session_id)
            .one(&tx.db)
            .await
            .map_err(failed("find a session"))?;
        let Some(row) = found else { return Ok(Rotation::Unknown) };
        match old.used_at.map(Timestamp::from_millis) {
            None if old.expires_at <= tx.now.as_millis() => Ok(Rotation::Unknown),
            None => replace_tokens(tx, &row, refresh, new).await,
            // Another process, or a lost answer: the one pair that came of it is told again.
            Some(at) if tx.now.since(at) <= REFRESH_GRACE => repeated(&tx, &old, new).await,
            Some(_) => {
                // Somebody has a copy, and nobody can tell who: nobody stays signed in.
                let (user, target) = (UserId::new(row.account_id), row.id.to_string());
                tx.audit_self(user, "session", "accounts.refresh_reused", target, origin).await?;
                remove(&tx.db, row.id).await?;
                tx.commit().await?;
                Ok(Rotation::Reused)
            }
        }
    }

    pub(crate) async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>> {
        let db = self.read().await?;
        session::Entity::find()
            .filter(session::Column::AccountId.eq(user.as_uuid()))
            .filter(session::Column::ExpiresAt.gt(self.inner.clock.now().as_millis()))
            .order_by_desc(session::Column::CreatedAt)
            .order_by_desc(session::Column::Id)
            .all(&db)
            .await
            .map_err(failed("list sessions"))?
            .into_iter()
            .map(parse)
            .collect()
    }

    pub(crate) async fn end_session(&self, by: &Mutation, session: SessionId) -> Result<()> {
        let tx = self.begin_for(Concern::People).await?;
        let gone = session::Entity::delete_many()
            .filter(session::Column::Id.eq(session.as_uuid()))
            .filter(session::Column::AccountId.eq(by.actor.user.as_uuid()))
            .exec(&tx.db)
            .await
            .map_err(failed("sign a device out"))?;
        if gone.rows_affected > 0 {
            tx.audit(by, "accounts.close_session", None, session.to_string()).await?;
        }
        tx.commit().await
    }

    pub(crate) async fn forget_sessions(&self) -> Result<u64> {
        let tx = self.begin_for(Concern::People).await?;
        let now = tx.now.as_millis();
        let gone = session::Entity::delete_many()
            .filter(session::Column::ExpiresAt.lte(now))
            .exec(&tx.db)
            .await
            .map_err(failed("forget sessions"))?;
        session_token::Entity::delete_many()
            .filter(session_token::Column::ExpiresAt.lte(now))
            .exec(&tx.db)
            .await
            .map_err(failed("forget sessions"))?;
        tx.commit().await?;
        Ok(gone.rows_affected)
    }
}

/// Uses a refresh token up: what it was traded with goes, and the new pair comes.
async fn replace_tokens(
    tx: Transaction,
    row: &session::Model,
    refresh: &Digest,
    new: NewTokens,
) -> Result<Rotation> {
    let end = Timestamp::from_millis(row.created_at).plus(TOKEN_MAX_AGE);
    let expires_at = new.expires_at.min(end);
    let access_expires_at = new.access_expires_at.min(end);
    session_token::Entity::delete_many()
        .filter(session_token::Column::Kind.eq(ACCESS))
        .filter(session_token::Column::Paired.eq(refresh.to_vec()))
        .exec(&tx.db)
        .await
        .map_err(failed("rotate tokens"))?;
    session_token::Entity::update_many()
        .col_expr(session_token::Column::UsedAt, Expr::value(tx.now.as_millis()))
        .col_expr(session_token::Column::Paired, Expr::value(new.refresh.to_vec()))
        .filter(session_token::Column::Digest.eq(refresh.to_vec()))
        .exec(&tx.db)
        .await
        .map_err(failed("rotate tokens"))?;
    session::Entity::update_many()
        .col_expr(session::Column::LastSeenAt, Expr::value(tx.now.as_millis()))
        .col_expr(session::Column::ExpiresAt, Expr::value(expires_at.as_millis()))
        .filter(session::Column::Id.eq(row.id))
        .exec(&tx.db)
        .await
        .map_err(failed("rotate tokens"))?;
    let (access, refresh) = ((new.access, access_expires_at), (new.refresh, expires_at));
    add_tokens(&tx, row.id, access, Some(refresh)).await?;
    tx.commit().await?;
    Ok(Rotation::Rotated { session: SessionId::new(row.id), access_expires_at, expires_at })
}

/// The pair that came of a refresh token, once more, if it is this one and still counts.
async fn repeated(
    tx: &Transaction,
    old: &session_token::Model,
    new: NewTokens,
) -> Result<Rotation> {
    if old.paired.as_deref() != Some(&new.refresh[..]) {
        return Ok(Rotation::Unknown);
    }
    let successor = token(&tx.db, &new.refresh, REFRESH).await?;
    let access = token(&tx.db, &new.access, ACCESS).await?;
    let (Some(successor), Some(access)) = (successor, access) else {
        return Ok(Rotation::Unknown);
    };
    Ok(Rotation::Rotated {
        session: SessionId::new(old.session_id),
        access_expires_at: Timestamp::from_millis(access.expires_at),
        expires_at: Timestamp::from_millis(successor.expires_at),
    })
}

/// Makes room for one more session of a person: those go that were not used for the longest.
async fn end_surplus(tx: &Transaction, user: UserId) -> Result<()> {
    let surplus: Vec<Uuid> = session::Entity::find()
        .filter(session::Column::AccountId.eq(user.as_uuid()))
        .order_by_desc(session::Column::LastSeenAt)
        .order_by_desc(session::Column::Id)
        .offset(MAX_SESSIONS - 1)
        .limit(MAX_SESSIONS)
        .all(&tx.db)
        .await
        .map_err(failed("list sessions"))?
        .into_iter()
        .map(|row| row.id)
        .collect();
    if surplus.is_empty() {
        return Ok(());
    }
    session::Entity::delete_many()
        .filter(session::Column::Id.is_in(surplus))
        .exec(&tx.db)
        .await
        .map_err(failed("sign a device out"))?;
    Ok(())
}

async fn token(
    db: &DatabaseTransaction,
    digest: &Digest,
    kind: &str,
) -> Result<Option<session_token::Model>> {
    session_token::Entity::find_by_id(digest.to_vec())
        .filter(session_token::Column::Kind.eq(kind))
        .one(db)
        .await
        .map_err(failed("find a token"))
}

async fn remove(db: &DatabaseTransaction, session: Uuid) -> Result<()> {
    session::Entity::delete_by_id(session).exec(db).await.map_err(failed("end a session"))?;
    Ok(())
}

async fn add_tokens(
    tx: &Transaction,
    session: Uuid,
    (access, access_expires_at): (Digest, Timestamp),
    refresh: Option<(Digest, Timestamp)>,
) -> Result<()> {
    let row = |digest: Digest, kind: &str, expires_at: Timestamp| session_token::Model {
        digest: digest.to_vec(),
        session_id: session,
        kind: kind.to_owned(),
        paired: None,
        expires_at: expires_at.as_millis(),
        used_at: None,
    };
    let mut rows = vec![session_token::Model {
        paired: refresh.map(|(digest, _)| digest.to_vec()),
        ..row(access, ACCESS, access_expires_at)
    }];
    rows.extend(refresh.map(|(digest, expires_at)| row(digest, REFRESH, expires_at)));
    session_token::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("keep tokens"))?;
    Ok(())
}

fn parse(row: session::Model) -> Result<Session> {
    Ok(Session {
        id: SessionId::new(row.id),
        user: UserId::new(row.account_id),
        kind: enum_from_text(&row.kind)?,
        device: row.device,
        created_at: Timestamp::from_millis(row.created_at),
        last_seen_at: Timestamp::from_millis(row.last_seen_at),
        expires_at: Timestamp::from_millis(row.expires_at),
    })
}
