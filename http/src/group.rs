//! Groups: staged like everything that runs differently for it.

use crate::{
    authorization::{May, Read, Stage},
    change::stage_edits,
    error::Result,
    json::Json,
    path::Path,
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, Content, GroupId,
    api::{
        List, Named,
        change::Staged,
        group::{CreateGroup, GroupItem},
    },
    edit::Edit,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(rename, delete))
}

#[derive(Deserialize)]
struct GroupPath {
    group: GroupId,
}

/// Groups, staged ones too.
#[utoipa::path(get, path = "/groups", tag = "groups",
    responses((status = OK, body = List<GroupItem>)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<List<GroupItem>>> {
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let staged = workspace.staged();
    let data = (staged.groups.iter())
        .map(|(id, group)| GroupItem {
            id: *id,
            name: group.name.clone(),
            services: (staged.services.iter())
                .filter(|(_, service)| service.group == Some(*id))
                .map(|(service, _)| *service)
                .collect(),
            staged: !workspace.spec.groups.contains_key(id),
        })
        .collect();
    Ok(Json(List { data }))
}

/// Stage a group.
#[utoipa::path(post, path = "/groups", tag = "groups", request_body = CreateGroup,
    responses((status = CREATED, body = Staged)))]
async fn create(
    State(server): State<Server>,
    may: May<Stage>,
    Json(new): Json<CreateGroup>,
) -> Result<(StatusCode, Json<Staged>)> {
    let edit = Edit::CreateGroup { name: new.name, services: new.services, position: None };
    Ok((StatusCode::CREATED, Json(stage_edits(&server, &may, vec![edit]).await?)))
}

/// Stage another name.
#[utoipa::path(patch, path = "/groups/{group}", tag = "groups", request_body = Named,
    responses((status = OK, body = Staged)))]
async fn rename(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<GroupPath>,
    Json(new): Json<Named>,
) -> Result<Json<Staged>> {
    let address = Address::GroupName(named.group);
    let edit = Edit::Set { address, content: Content::Name(new.name) };
    stage_edits(&server, &may, vec![edit]).await.map(Json)
}

/// Stage its end: services leave it and lose what they inherited.
#[utoipa::path(delete, path = "/groups/{group}", tag = "groups",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<GroupPath>,
) -> Result<Json<Staged>> {
    let address = Address::Group(named.group);
    stage_edits(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
