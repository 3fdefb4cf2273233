//! Volumes and where they are mounted: staged.

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
use domain::{
    Address, Content, MountPath, Name, ServiceId, VolumeId,
    edit::{Edit, NewMount},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(rename, delete))
        .routes(routes!(mount, unmount))
}

/// A volume.
#[derive(Serialize, ToSchema)]
struct VolumeItem {
    id: VolumeId,
    name: Name,
    /// Where it appears.
    mounts: Vec<Mounted>,
    /// Whether it only exists as a staged change so far.
    staged: bool,
}

/// Where a volume appears.
#[derive(Serialize, ToSchema)]
struct Mounted {
    service: ServiceId,
    path: MountPath,
}

/// A volume to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateVolume {
    name: Name,
    /// Where it shall appear.
    #[serde(default)]
    mount: Option<NewMount>,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenameVolume {
    name: Name,
}

/// Where a volume shall appear.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mount {
    path: MountPath,
}

#[derive(Deserialize)]
struct OneVolume {
    volume: VolumeId,
}

#[derive(Deserialize)]
struct OneMount {
    service: ServiceId,
    volume: VolumeId,
}

/// Volumes, staged ones too.
#[utoipa::path(get, path = "/volumes", tag = "volumes",
    responses((status = OK, body = Data<VolumeItem>)))]
async fn list(State(server): State<Server>, may: May<Read>) -> Result<Json<Data<VolumeItem>>> {
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
    Ok(Json(Data { data }))
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
    Ok((StatusCode::CREATED, Json(Staged::stage(&server, &may, vec![edit]).await?)))
}

/// Stage another name.
#[utoipa::path(patch, path = "/volumes/{volume}", tag = "volumes", request_body = RenameVolume,
    responses((status = OK, body = Staged)))]
async fn rename(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneVolume>,
    Json(new): Json<RenameVolume>,
) -> Result<Json<Staged>> {
    let address = Address::VolumeName(named.volume);
    let edit = Edit::Set { address, content: Content::Name(new.name) };
    Staged::stage(&server, &may, vec![edit]).await.map(Json)
}

/// Stage its end, with all that mounts it.
#[utoipa::path(delete, path = "/volumes/{volume}", tag = "volumes",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneVolume>,
) -> Result<Json<Staged>> {
    let address = Address::Volume(named.volume);
    Staged::stage(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}

/// Stage where a volume appears in a service.
#[utoipa::path(put, path = "/services/{service}/mounts/{volume}", tag = "volumes",
    request_body = Mount, responses((status = OK, body = Staged)))]
async fn mount(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneMount>,
    Json(body): Json<Mount>,
) -> Result<Json<Staged>> {
    let address = Address::ServiceMount(named.service, named.volume);
    let edit = Edit::Set { address, content: Content::MountPath(body.path) };
    Staged::stage(&server, &may, vec![edit]).await.map(Json)
}

/// Stage that it appears there no more.
#[utoipa::path(delete, path = "/services/{service}/mounts/{volume}", tag = "volumes",
    responses((status = OK, body = Staged)))]
async fn unmount(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneMount>,
) -> Result<Json<Staged>> {
    let address = Address::ServiceMount(named.service, named.volume);
    Staged::stage(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
