//! Services: listed with what they are doing, made at once, edited by staging.

use crate::{
    authorization::{Deploy, EnvironmentAccess, May, Read, Stage},
    change::{stage_edits, trigger_reconciler},
    error::Result,
    json::Json,
    path::Path,
    query::{Paging, Query},
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, EnvironmentId, Error, Map, Resource, Service, ServiceId,
    api::{
        change::Staged,
        service::{CreateService, ServiceDetail, ServiceItem, UpdateService},
    },
    deployments::ServiceState,
    edit::Edit,
    page::{Page, Paged},
    workspace::LoadedService,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete))
}

/// By what to narrow the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListFilter {
    /// A part of the name, in any letter case.
    name: Option<String>,
    /// DeployKit's word, or a condition such as `crashed`.
    status: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ServicePath {
    pub(crate) service: ServiceId,
}

/// Services that are applied, and how they are doing.
#[utoipa::path(get, path = "/services", tag = "services", params(Paging, ListFilter),
    responses((status = OK, body = Paged<ServiceItem>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Query(page): Query<Paging>,
    Query(narrow): Query<ListFilter>,
) -> Result<Json<Paged<ServiceItem>>> {
    let environment = may.place.environment.id;
    let page = Page::from(page);
    let workspace = server.app.changes.workspace(environment).await?;
    let name = narrow.name.unwrap_or_default().to_lowercase();
    // Ids rise with time: newest first.
    let named: Vec<(ServiceId, &Service)> = (workspace.spec.services.iter().rev())
        .filter(|(_, service)| service.name.as_str().to_lowercase().contains(&name))
        .map(|(id, service)| (*id, &**service))
        .collect();
    let items = |states: &Map<ServiceId, ServiceState>, services: Vec<(ServiceId, &Service)>| {
        (services.into_iter())
            .map(|(id, service)| item(&may.place, id, service, states.get(&id)))
            .collect::<Vec<_>>()
    };
    let Some(status) = narrow.status.filter(|status| !status.is_empty()) else {
        let Paged { data, total_count, .. } = page.cut(named);
        let ids: Vec<ServiceId> = data.iter().map(|(id, _)| *id).collect();
        let states = server.app.deployments.states_of(environment, &ids).await?;
        return Ok(Json(page.of(items(&by_service(states), data), total_count)));
    };
    let states = by_service(server.app.deployments.states(environment).await?);
    let mut found = items(&states, named);
    found.retain(|item| {
        item.status == status || item.condition.is_some_and(|is| is.as_str() == status)
    });
    Ok(Json(page.cut(found)))
}

fn item(
    place: &EnvironmentAccess,
    id: ServiceId,
    service: &Service,
    state: Option<&ServiceState>,
) -> ServiceItem {
    ServiceItem::new(place.project, place.environment.id, id, service, state)
}

fn by_service(states: Vec<ServiceState>) -> Map<ServiceId, ServiceState> {
    states.into_iter().map(|state| (state.service, state)).collect()
}

/// One service; also one that is only staged so far.
#[utoipa::path(get, path = "/services/{service}", tag = "services",
    responses((status = OK, body = ServiceDetail)))]
async fn get(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<ServicePath>,
) -> Result<Json<ServiceDetail>> {
    Ok(Json(detail(&server, &may.place, named.service).await?))
}

async fn detail(
    server: &Server,
    place: &EnvironmentAccess,
    id: ServiceId,
) -> Result<ServiceDetail> {
    let environment = place.environment.id;
    let LoadedService { service, is_staged } = server.app.changes.service(environment, id).await?;
    let state = server.app.deployments.state(environment, id).await?;
    let mut item = item(place, id, &service, state.as_ref());
    item.staged = is_staged;
    Ok(ServiceDetail { item, config: service })
}

/// Whether the environment has this service, so that nothing is answered about others.
pub(crate) async fn require(
    server: &Server,
    environment: EnvironmentId,
    id: ServiceId,
) -> Result<()> {
    server.app.changes.service(environment, id).await?;
    Ok(())
}

/// Create a service at once: staged and applied as a revision of its own.
#[utoipa::path(post, path = "/services", tag = "services", request_body = CreateService,
    responses((status = CREATED, body = ServiceDetail)))]
async fn create(
    State(server): State<Server>,
    may: May<Deploy>,
    Json(new): Json<CreateService>,
) -> Result<(StatusCode, Json<ServiceDetail>)> {
    let (edit, message) = new.edit()?;
    let (changes, environment) = (&server.app.changes, may.place.environment.id);
    let (staging, applied) = changes.write(&may.by, environment, vec![edit], message, None).await?;
    trigger_reconciler(&server, &may.place, &applied);
    let id = (applied.created.first().copied())
        .or_else(|| staging.addresses.first().and_then(Address::service))
        .ok_or(Error::NotFound(Resource::Service))?;
    Ok((StatusCode::CREATED, Json(detail(&server, &may.place, id).await?)))
}

/// Stage another configuration.
#[utoipa::path(patch, path = "/services/{service}", tag = "services",
    request_body = UpdateService, responses((status = OK, body = Staged)))]
async fn update(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ServicePath>,
    Json(body): Json<UpdateService>,
) -> Result<Json<Staged>> {
    require(&server, may.place.environment.id, named.service).await?;
    let edits = body.edits(named.service);
    if edits.is_empty() {
        return Err(Error::field("body", "must say what shall be different").into());
    }
    stage_edits(&server, &may, edits).await.map(Json)
}

/// Stage its end.
#[utoipa::path(delete, path = "/services/{service}", tag = "services",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ServicePath>,
) -> Result<Json<Staged>> {
    let address = Address::Service(named.service);
    stage_edits(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
