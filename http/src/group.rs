//! Groups: staged like everything that runs differently for it.

use crate::{
    app::Server,
    change::Staged,
    door::{May, Read, Stage},
    error::Result,
    json::Json,
    path::Path,
    project::Data,
};
use axum::{extract::State, http::StatusCode};
use domain::{Address, Content, GroupId, Name, ServiceId, edit::Edit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(rename, delete))
}

/// A group.
#[derive(Serialize, ToSchema)]
struct GroupItem {
    id: GroupId,
    name: Name,
    /// Who lies in it.
    services: Vec<ServiceId>,
    /// Whether it only exists as a staged change so far.
    staged: bool,
}

/// A group to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateGroup {
    name: Name,
    /// Who shall lie in it.
    #[serde(default)]
    services: Vec<ServiceId>,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenameGroup {
    name: Name,
}

#[derive(Deserialize)]
struct OneGroup {
    group: GroupId,
}

/// Groups, staged ones too.
#[utoipa::path(get, path = "/groups", tag = "groups",
    responses((status = OK, body = Data<GroupItem>)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<Data<GroupItem>>> {
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
    Ok(Json(Data { data }))
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
    Ok((StatusCode::CREATED, Json(Staged::stage(&server, &may, vec![edit]).await?)))
}

/// Stage another name.
#[utoipa::path(patch, path = "/groups/{group}", tag = "groups", request_body = RenameGroup,
    responses((status = OK, body = Staged)))]
async fn rename(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneGroup>,
    Json(new): Json<RenameGroup>,
) -> Result<Json<Staged>> {
    let address = Address::GroupName(named.group);
    let edit = Edit::Set { address, content: Content::Name(new.name) };
    Staged::stage(&server, &may, vec![edit]).await.map(Json)
}

/// Stage its end: services leave it and lose what they inherited.
#[utoipa::path(delete, path = "/groups/{group}", tag = "groups",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneGroup>,
) -> Result<Json<Staged>> {
    let address = Address::Group(named.group);
    Staged::stage(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
