//! Keys for scripts. People make them; keys cannot.

use crate::{
    authorization::{May, Person},
    error::Result,
    json::Json,
    path::Path,
    query::{Paging, Query},
    server::Server,
    token::mint_key,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    ApiKeyId, Error, Resource,
    account::{Accounts, ApiKey, NewApiKey},
    api::api_key::{CreateKey, CreatedKey},
    page::Paged,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(delete))
}

#[derive(Deserialize)]
struct ApiKeyPath {
    key: ApiKeyId,
}

/// Your keys.
#[utoipa::path(get, path = "/api-keys", tag = "api-keys", params(Paging),
    responses((status = OK, body = Paged<ApiKey>)))]
async fn list(
    State(accounts): State<Arc<dyn Accounts>>,
    may: May<Person>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<ApiKey>>> {
    Ok(Json(accounts.api_keys(may.user.id, page.into()).await?))
}

/// Create a key. Its token is shown this once.
#[utoipa::path(post, path = "/api-keys", tag = "api-keys", request_body = CreateKey,
    responses((status = CREATED, body = CreatedKey)))]
async fn create(
    State(server): State<Server>,
    may: May<Person>,
    Json(new): Json<CreateKey>,
) -> Result<(StatusCode, Json<CreatedKey>)> {
    if new.expires_at.is_some_and(|end| end <= server.app.clock.now()) {
        return Err(Error::field("expires_at", "must lie in the future").into());
    }
    if new.scopes.is_empty() {
        return Err(Error::field(
            "scopes",
            "must name at least one of read, stage, deploy, logs, write, admin",
        )
        .into());
    }
    if let Some(project) = new.project {
        // Only a project that its maker may know of: nobody finds others by trying.
        let permission = domain::access::Permission::Read;
        crate::authorization::authorize(&server, may.actor(), permission, project, None)
            .await
            .map_err(|_| Error::NotFound(Resource::Project))?;
    }
    let (prefix, token, digest) = mint_key()?;
    let key = NewApiKey {
        description: new.description,
        prefix: prefix.clone(),
        digest,
        scopes: new.scopes,
        project: new.project,
        expires_at: new.expires_at,
    };
    let key = server.app.accounts.create_api_key(&may.by, key).await?;
    if key.prefix != prefix {
        // A retry finds the key that was made before, whose token nobody keeps.
        let made = "this key has been made already, and its token was shown then; delete it and \
                    make another if that answer was lost";
        return Err(Error::InvalidState(made.to_owned()).into());
    }
    Ok((StatusCode::CREATED, Json(CreatedKey { key, token })))
}

/// Delete one of your keys: it is refused from now on.
#[utoipa::path(delete, path = "/api-keys/{key}", tag = "api-keys",
    responses((status = NO_CONTENT)))]
async fn delete(
    State(server): State<Server>,
    may: May<Person>,
    Path(named): Path<ApiKeyPath>,
) -> Result<StatusCode> {
    server.app.accounts.delete_api_key(&may.by, named.key).await?;
    server.rights.notify_user(may.user.id);
    Ok(StatusCode::NO_CONTENT)
}
