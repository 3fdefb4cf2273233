//! Keys for scripts, of which only digests are kept.

use crate::{
    Store,
    account::user,
    error::{failed, is_taken},
    page,
    row::{json, millis, parse, text, time},
    table::{account, api_key},
    transaction::{Concern, Step},
};
use domain::{
    ApiKeyId, Error, ProjectId, Resource, Result, Timestamp, UserId,
    access::Mutation,
    account::{ApiKey, Digest, MAX_API_KEYS, NewApiKey, User},
    page::{Page, Paged},
};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use std::time::Duration;

/// A use is noted at most this often.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

impl Store {
    pub(crate) async fn insert_api_key(&self, by: &Mutation, new: NewApiKey) -> Result<ApiKey> {
        let mut tx = self.begin().await?;
        let content = (&new.description, &new.scopes, new.project, new.expires_at);
        if let Some(id) =
            tx.find_answer::<ApiKeyId>(by, "accounts.create_api_key", &content).await?
        {
            // The first one's secret counts; the one that was made for this call does not.
            return api_key::Entity::find_by_id(id.as_uuid())
                .one(&tx.db)
                .await
                .map_err(failed("find an API key"))?
                .ok_or(Error::NotFound(Resource::ApiKey))
                .and_then(key);
        }
        let held = api_key::Entity::find()
            .filter(api_key::Column::AccountId.eq(by.actor.user.as_uuid()))
            .count(&tx.db)
            .await
            .map_err(failed("count API keys"))?;
        if held >= MAX_API_KEYS {
            return Err(ApiKey::too_many());
        }
        let row = api_key::Model {
            id: tx.inner.ids.mint(),
            account_id: by.actor.user.as_uuid(),
            description: new.description.into(),
            prefix: new.prefix,
            digest: new.digest.to_vec(),
            scopes: json(&new.scopes)?,
            project_id: new.project.map(ProjectId::as_uuid),
            expires_at: millis(new.expires_at),
            last_used_at: None,
            created_at: tx.now.as_millis(),
        };
        let inserted =
            api_key::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx.db);
        inserted.await.map_err(|error| {
            if is_taken(&error) {
                Error::Exists("this key exists already".to_owned())
            } else if new.project.is_some() && error.to_string().contains("FOREIGN KEY") {
                Error::NotFound(Resource::Project)
            } else {
                failed("make an API key")(error)
            }
        })?;
        let key = key(row)?;
        let step = Step { after: Some(key.scope_words()), ..Step::default() };
        let target = key.id.to_string();
        tx.audit_step(by, "accounts.create_api_key", key.project, target, step).await?;
        tx.store_answer(by, &key.id).await?;
        tx.commit().await?;
        Ok(key)
    }

    pub(crate) async fn list_api_keys(&self, user: UserId, page: Page) -> Result<Paged<ApiKey>> {
        let db = self.read().await?;
        let query = api_key::Entity::find().filter(api_key::Column::AccountId.eq(user.as_uuid()));
        let query =
            query.order_by_desc(api_key::Column::CreatedAt).order_by_desc(api_key::Column::Id);
        let (rows, total_count) =
            page::rows(&db, query, page).await.map_err(failed("list API keys"))?;
        let data = rows.into_iter().map(key).collect::<Result<_>>()?;
        Ok(page.of(data, total_count))
    }

    pub(crate) async fn remove_api_key(&self, by: &Mutation, key: ApiKeyId) -> Result<()> {
        let mut tx = self.begin().await?;
        if tx.find_answer::<()>(by, "accounts.delete_api_key", &key).await?.is_some() {
            return Ok(());
        }
        let found = api_key::Entity::find_by_id(key.as_uuid())
            .filter(api_key::Column::AccountId.eq(by.actor.user.as_uuid()))
            .one(&tx.db)
            .await
            .map_err(failed("find an API key"))?;
        let held = self::key(found.ok_or(Error::NotFound(Resource::ApiKey))?)?;
        api_key::Entity::delete_by_id(key.as_uuid())
            .exec(&tx.db)
            .await
            .map_err(failed("delete an API key"))?;
        let step = Step { before: Some(held.scope_words()), ..Step::default() };
        let target = key.to_string();
        tx.audit_step(by, "accounts.delete_api_key", held.project, target, step).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }

    pub(crate) async fn find_api_key(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>> {
        let db = self.read().await?;
        let now = self.inner.clock.now();
        let row = api_key::Entity::find()
            .filter(api_key::Column::Digest.eq(digest.to_vec()))
            .one(&db)
            .await
            .map_err(failed("find an API key"))?;
        let is_alive = |row: &api_key::Model| row.expires_at.is_none_or(|at| at > now.as_millis());
        let Some(mut row) = row.filter(is_alive) else { return Ok(None) };
        let person = account::Entity::find_by_id(row.account_id)
            .one(&db)
            .await
            .map_err(failed("find a user"))?;
        drop(db);
        let Some(person) = person else { return Ok(None) };
        let is_noted = time(row.last_used_at).is_some_and(|at| now.since(at) < USE_NOTED_EVERY);
        if !is_noted {
            row.last_used_at = Some(now.as_millis());
            if let Err(error) = self.note_key_use(&row).await {
                tracing::warn!(error = %error, "could not note the use of an API key");
            }
        }
        Ok(Some((key(row)?, user(person)?)))
    }

    async fn note_key_use(&self, row: &api_key::Model) -> Result<()> {
        let tx = self.begin_for(Concern::People).await?;
        api_key::Entity::update_many()
            .col_expr(api_key::Column::LastUsedAt, Expr::value(row.last_used_at))
            .filter(api_key::Column::Id.eq(row.id))
            .exec(&tx.db)
            .await
            .map_err(failed("note the use of an API key"))?;
        tx.commit().await
    }
}

fn key(row: api_key::Model) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId::new(row.id),
        user: UserId::new(row.account_id),
        description: text(row.description)?,
        prefix: row.prefix,
        scopes: parse(&row.scopes)?,
        project: row.project_id.map(ProjectId::new),
        expires_at: time(row.expires_at),
        last_used_at: time(row.last_used_at),
        created_at: Timestamp::from_millis(row.created_at),
    })
}
