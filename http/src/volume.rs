//! Volumes and where they are mounted: staged.

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
    Address, Content, ServiceId, VolumeId,
    api::{
        List, Named,
        change::Staged,
        volume::{CreateVolume, Mount, Mounted, VolumeItem},
    },
    edit::Edit,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(rename, delete))
        .routes(routes!(mount, unmount))
}

#[derive(Deserialize)]
struct VolumePath {
    volume: VolumeId,
}

#[derive(Deserialize)]
struct ServiceVolumePath {
    service: ServiceId,
    volume: VolumeId,
}

/// Volumes, staged ones too.
#[utoipa::path(get, path = "/volumes", tag = "volumes",
    responses((status = OK, body = List<VolumeItem>)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<List<VolumeItem>>> {
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let staged = workspace.staged();
    let data = (staged.volumes.iter())
        .map(|(id, volume)| VolumeItem {
            id: *id,
            name: volume.name.clone(),
            mounts: (staged.services.iter())
                .filter_map(|(service, config)| {
                    let path = config.mounts.get(id)?.clone();
                    Some(Mounted { service: *service, path })
                })
                .collect(),
            staged: !workspace.spec.volumes.contains_key(id),
        })
        .collect();
    Ok(Json(List { data }))
}

/// Stage a volume, and where it appears.
#[utoipa::path(post, path = "/volumes", tag = "volumes", request_body = CreateVolume,
    responses((status = CREATED, body = Staged)))]
async fn create(
    State(server): State<Server>,
    may: May<Stage>,
    Json(new): Json<CreateVolume>,
) -> Result<(StatusCode, Json<Staged>)> {
    let edit = Edit::CreateVolume { name: new.name, mount: new.mount };
    Ok((StatusCode::CREATED, Json(stage_edits(&server, &may, vec![edit]).await?)))
}

/// Stage another name.
#[utoipa::path(patch, path = "/volumes/{volume}", tag = "volumes", request_body = Named,
    responses((status = OK, body = Staged)))]
async fn rename(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<VolumePath>,
    Json(new): Json<Named>,
) -> Result<Json<Staged>> {
    let address = Address::VolumeName(named.volume);
    let edit = Edit::Set { address, content: Content::Name(new.name) };
    stage_edits(&server, &may, vec![edit]).await.map(Json)
}

/// Stage its end, with all that mounts it.
#[utoipa::path(delete, path = "/volumes/{volume}", tag = "volumes",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<VolumePath>,
) -> Result<Json<Staged>> {
    let address = Address::Volume(named.volume);
    stage_edits(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}

/// Stage where a volume appears in a service.
#[utoipa::path(put, path = "/services/{service}/mounts/{volume}", tag = "volumes",
    request_body = Mount, responses((status = OK, body = Staged)))]
async fn mount(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ServiceVolumePath>,
    Json(body): Json<Mount>,
) -> Result<Json<Staged>> {
    let address = Address::ServiceMount(named.service, named.volume);
    let edit = Edit::Set { address, content: Content::MountPath(body.path) };
    stage_edits(&server, &may, vec![edit]).await.map(Json)
}

/// Stage that it appears there no more.
#[utoipa::path(delete, path = "/services/{service}/mounts/{volume}", tag = "volumes",
    responses((status = OK, body = Staged)))]
async fn unmount(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ServiceVolumePath>,
) -> Result<Json<Staged>> {
    let address = Address::ServiceMount(named.service, named.volume);
    stage_edits(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
