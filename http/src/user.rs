//! People with accounts: for admins.

use crate::{
    account::AccountDetails,
    authorization::{Administer, AdministerInPerson, May},
    error::Result,
    json::Json,
    path::Path,
    query::{Paging, Query},
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    UserId,
    account::{Accounts, NewUser, User},
    api::user::CreateUser,
    page::Paged,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get))
}

#[derive(Deserialize)]
struct UserPath {
    user: UserId,
}

/// Everybody with an account.
#[utoipa::path(get, path = "/users", tag = "users", params(Paging),
    responses((status = OK, body = Paged<User>)))]
async fn list(
    State(accounts): State<Arc<dyn Accounts>>,
    _: May<Administer>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<User>>> {
    Ok(Json(accounts.users(page.into()).await?))
}

/// Give somebody an account.
#[utoipa::path(post, path = "/users", tag = "users", request_body = CreateUser,
    responses((status = CREATED, body = User)))]
async fn create(
    State(server): State<Server>,
    may: May<AdministerInPerson>,
    Json(new): Json<CreateUser>,
) -> Result<(StatusCode, Json<User>)> {
    let typed = AccountDetails { email: new.email, name: new.name, password: new.password };
    let (email, name, password) = typed.check()?;
    let password_hash = server.hasher.hash(&password).await?;
    let new = NewUser { email, name, role: new.role, password_hash };
    Ok((StatusCode::CREATED, Json(server.app.accounts.create_user(&may.by, new).await?)))
}

/// One of them.
#[utoipa::path(get, path = "/users/{user}", tag = "users",
    responses((status = OK, body = User)))]
async fn get(
    State(accounts): State<Arc<dyn Accounts>>,
    _: May<Administer>,
    Path(named): Path<UserPath>,
) -> Result<Json<User>> {
    Ok(Json(accounts.user(named.user).await?))
}
