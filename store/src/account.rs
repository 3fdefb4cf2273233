//! People with accounts.

use crate::{
    Store,
    error::{failed, is_taken},
    keyring::Cell,
    page,
    row::{enum_from_text, enum_text, text},
    table::account,
    transaction::{Step, Transaction},
};
use async_trait::async_trait;
use domain::{
    ApiKeyId, Email, Error, Resource, Result, Secret, SessionId, Timestamp, UserId,
    access::{InstanceRole, Mutation, RequestOrigin},
    account::{
        Accounts, ApiKey, Digest, NewApiKey, NewSession, NewTokens, NewUser, Rotation, Session,
        User,
    },
    page::{Page, Paged},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

#[async_trait]
impl Accounts for Store {
    async fn has_users(&self) -> Result<bool> {
        let db = self.read().await?;
        has_users(&db).await
    }

    async fn claim(&self, mut user: NewUser, origin: &RequestOrigin) -> Result<User> {
        let tx = self.begin().await?;
        if has_users(&tx.db).await? {
            return Err(Error::Exists("this Easel has an owner already; sign in".to_owned()));
        }
        user.role = InstanceRole::Admin;
        let user = insert(&tx, user).await?;
        let target = user.id.to_string();
        tx.audit_self(user.id, "console", "accounts.register_first", target, origin).await?;
        tx.commit().await?;
        Ok(user)
    }

    async fn create_user(&self, by: &Mutation, user: NewUser) -> Result<User> {
        let mut tx = self.begin().await?;
        let content = (&user.email, &user.name, user.role);
        if let Some(id) = tx.find_answer::<UserId>(by, "accounts.create_user", &content).await? {
            return load(&tx.db, id).await;
        }
        let user = insert(&tx, user).await?;
        let step = Step { after: Some(enum_text(&user.role)?), ..Step::default() };
        let target = user.id.to_string();
        tx.audit_step(by, "accounts.create_user", None, target, step).await?;
        tx.store_answer(by, &user.id).await?;
        tx.commit().await?;
        Ok(user)
    }

    async fn users(&self, page: Page) -> Result<Paged<User>> {
        let db = self.read().await?;
        let query = account::Entity::find();
        let query =
            query.order_by_desc(account::Column::CreatedAt).order_by_desc(account::Column::Id);
        let (rows, total_count) =
            page::rows(&db, query, page).await.map_err(failed("list users"))?;
        let data = rows.into_iter().map(user).collect::<Result<_>>()?;
        Ok(page.of(data, total_count))
    }

    async fn user(&self, id: UserId) -> Result<User> {
        let db = self.read().await?;
        load(&db, id).await
    }

    async fn user_to_sign_in(&self, email: &Email) -> Result<Option<(User, Secret)>> {
        let db = self.read().await?;
        let row = account::Entity::find()
            .filter(account::Column::Email.eq(email.as_str()))
            .one(&db)
            .await
            .map_err(failed("find a user"))?;
        let Some(row) = row else { return Ok(None) };
        let id = row.id.to_string();
        let hash = (self.inner.keyring)
            .decrypt(password_cell(&id), &row.password_hash)
            .map_err(Error::internal("read a password's hash"))?;
        let hash = String::from_utf8(hash).map_err(Error::internal("read a password's hash"))?;
        Ok(Some((user(row)?, Secret::new(hash))))
    }

    async fn open_session(&self, session: NewSession) -> Result<Session> {
        self.insert_session(session).await
    }

    async fn session_by_access(&self, access: &Digest) -> Result<Option<(Session, User)>> {
        self.find_session(access).await
    }

    async fn access_until(&self, access: &Digest) -> Result<Option<Timestamp>> {
        self.find_access_until(access).await
    }

    async fn rotate(
        &self,
        refresh: &Digest,
        tokens: NewTokens,
        origin: &RequestOrigin,
    ) -> Result<Rotation> {
        self.rotate_tokens(refresh, tokens, origin).await
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<Session>> {
        self.list_sessions(user).await
    }

    async fn close_session(&self, by: &Mutation, session: SessionId) -> Result<()> {
        self.end_session(by, session).await
    }

    async fn purge_sessions(&self) -> Result<u64> {
        self.forget_sessions().await
    }

    async fn create_api_key(&self, by: &Mutation, key: NewApiKey) -> Result<ApiKey> {
        self.insert_api_key(by, key).await
    }

    async fn api_keys(&self, user: UserId, page: Page) -> Result<Paged<ApiKey>> {
        self.list_api_keys(user, page).await
    }

    async fn delete_api_key(&self, by: &Mutation, key: ApiKeyId) -> Result<()> {
        self.remove_api_key(by, key).await
    }

    async fn api_key_by_digest(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>> {
        self.find_api_key(digest).await
    }
}

fn password_cell(id: &str) -> Cell<'_> {
    Cell { table: "account", row: id, column: "password_hash" }
}

async fn has_users(db: &impl ConnectionTrait) -> Result<bool> {
    let first = account::Entity::find().one(db).await.map_err(failed("look for users"))?;
    Ok(first.is_some())
}

async fn insert(tx: &Transaction, new: NewUser) -> Result<User> {
    let id = tx.inner.ids.mint();
    let hash = new.password_hash.expose().as_bytes();
    let row = account::Model {
        id,
        email: new.email.as_str().to_owned(),
        name: new.name.as_str().to_owned(),
        role: enum_text(&new.role)?,
        password_hash: tx.encrypt(password_cell(&id.to_string()), hash),
        created_at: tx.now.as_millis(),
        updated_at: tx.now.as_millis(),
    };
    let inserted =
        account::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx.db);
    match inserted.await {
        Ok(_) => user(row),
        Err(error) if is_taken(&error) => {
            Err(Error::Exists(format!("{} has an account already", new.email)))
        }
        Err(error) => Err(failed("make a user")(error)),
    }
}

async fn load(db: &impl ConnectionTrait, id: UserId) -> Result<User> {
    account::Entity::find_by_id(id.as_uuid())
        .one(db)
        .await
        .map_err(failed("find a user"))?
        .ok_or(Error::NotFound(Resource::User))
        .and_then(user)
}

/// A row as a person.
pub(crate) fn user(row: account::Model) -> Result<User> {
    Ok(User {
        id: UserId::new(row.id),
        email: text(row.email)?,
        name: text(row.name)?,
        role: enum_from_text(&row.role)?,
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}
