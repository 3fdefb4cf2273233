//! Services: listed with what they are doing, made at once, edited by staging.

use crate::{
    app::Server,
    change::{Staged, wake},
    door::{Deploy, May, Read, Stage},
    error::Result,
    json::Json,
    path::Path,
    query::{Paging, Query, slice},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, DeploymentId, EnvironmentId, Error, GroupId, IconUrl, ImageRef, Map, Name, ProjectId,
    Replicas, Resource, Service, ServiceId, Slug, Timestamp,
    changes::OneService as Found,
    deployment::{Condition, service_status},
    deployments::{DeploymentSummary, ServiceState},
    edit::{CreateService, Edit, UpdateService},
    project::Paged,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete))
}

/// A service, and how it is doing.
#[derive(Serialize, ToSchema)]
struct ServiceItem {
    id: ServiceId,
    project_id: ProjectId,
    environment_id: EnvironmentId,
    name: Name,
    /// Its name on the private network.
    slug: Slug,
    icon_url: Option<IconUrl>,
    group_id: Option<GroupId>,
    image: Option<ImageRef>,
    /// How many should run.
    replicas: Replicas,
    /// DeployKit's word: `created`, `deploying`, `running`, `degraded`, `failed` or `stopped`.
    #[schema(value_type = String)]
    status: &'static str,
    /// What it was last seen to be like.
    condition: Option<Condition>,
    /// Why, where it is not plain.
    why: Option<String>,
    /// Since when it is like that.
    since: Option<Timestamp>,
    active_deployment_id: Option<DeploymentId>,
    active_deployment: Option<TrimmedDeployment>,
    /// The newest deployment; may be the active one.
    newest_deployment: Option<DeploymentSummary>,
    /// Whether it only exists as a staged change so far.
    staged: bool,
}

/// The deployment that serves, in short.
#[derive(Serialize, ToSchema)]
struct TrimmedDeployment {
    id: DeploymentId,
    service_id: ServiceId,
    image: ImageRef,
    replicas: Replicas,
    created_at: Timestamp,
}

/// A service with its whole configuration, values hidden.
#[derive(Serialize, ToSchema)]
struct ServiceDetail {
    #[serde(flatten)]
    item: ServiceItem,
    config: Service,
}

impl ServiceItem {
    fn new(
        place: &crate::door::Place,
        id: ServiceId,
        service: &Service,
        state: Option<&ServiceState>,
        staged: bool,
    ) -> Self {
        let condition = state.and_then(|state| state.condition);
        let newest = state.and_then(|state| state.newest.as_ref());
        let active = state.and_then(|state| state.active.as_ref());
        let serving = condition.filter(|_| {
            active.is_some() || !newest.is_some_and(|newest| newest.state.is_candidate())
        });
        Self {
            id,
            project_id: place.project,
            environment_id: place.environment.id,
            name: service.name.clone(),
            slug: service.slug.clone(),
            icon_url: service.icon.clone(),
            group_id: service.group,
            image: service.source.image().cloned(),
            replicas: service.replicas,
            status: service_status(serving, newest.map(|newest| &newest.state)),
            condition,
            why: state.and_then(|state| state.why.clone()),
            since: state.and_then(|state| state.since),
            active_deployment_id: active.map(|active| active.id),
            active_deployment: active.map(|active| TrimmedDeployment {
                id: active.id,
                service_id: id,
                image: active.image.clone(),
                replicas: service.replicas,
                created_at: active.created_at,
            }),
            newest_deployment: newest.cloned(),
            staged,
        }
    }
}

/// By what to narrow the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Narrow {
    /// A part of the name, in any letter case.
    name: Option<String>,
    /// DeployKit's word, or a condition such as `crashed`.
    status: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct OneService {
    pub(crate) service: ServiceId,
}

/// Services that are applied, and how they are doing.
#[utoipa::path(get, path = "/services", tag = "services", params(Paging, Narrow),
    responses((status = OK, body = Paged<ServiceItem>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Query(page): Query<Paging>,
    Query(narrow): Query<Narrow>,
) -> Result<Json<Paged<ServiceItem>>> {
    let environment = may.place.environment.id;
    let workspace = server.app.changes.workspace(environment).await?;
    let states = states(&server, environment).await?;
    let name = narrow.name.unwrap_or_default().to_lowercase();
    let mut found: Vec<ServiceItem> = (workspace.spec.services.iter())
        .map(|(id, service)| ServiceItem::new(&may.place, *id, service, states.get(id), false))
        .filter(|item| item.name.as_str().to_lowercase().contains(&name))
        .filter(|item| {
            narrow.status.as_deref().filter(|status| !status.is_empty()).is_none_or(|status| {
                item.status == status || item.condition.is_some_and(|is| word(is) == status)
            })
        })
        .collect();
    // Ids rise with time: newest first.
    found.sort_by_key(|item| std::cmp::Reverse(item.id));
    Ok(Json(slice(found, page.into())))
}

fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::Running => "running",
        Condition::Degraded => "degraded",
        Condition::Restarting => "restarting",
        Condition::Crashed => "crashed",
        Condition::Completed => "completed",
        Condition::Sleeping => "sleeping",
        Condition::Stopped => "stopped",
        Condition::Missing => "missing",
    }
}

async fn states(
    server: &Server,
    environment: EnvironmentId,
) -> Result<Map<ServiceId, ServiceState>> {
    let states = server.app.deployments.states(environment).await?;
    Ok(states.into_iter().map(|state| (state.service, state)).collect())
}

/// One service; also one that is only staged so far.
#[utoipa::path(get, path = "/services/{service}", tag = "services",
    responses((status = OK, body = ServiceDetail)))]
async fn get(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<OneService>,
) -> Result<Json<ServiceDetail>> {
    Ok(Json(detail(&server, &may.place, named.service).await?))
}

async fn detail(
    server: &Server,
    place: &crate::door::Place,
    id: ServiceId,
) -> Result<ServiceDetail> {
    let environment = place.environment.id;
    let Found { service, is_staged } = server.app.changes.service(environment, id).await?;
    let state = server.app.deployments.state(environment, id).await?;
    let item = ServiceItem::new(place, id, &service, state.as_ref(), is_staged);
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

/// Make a service at once: staged and applied as a revision of its own.
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
    wake(&server, &may.place, &applied);
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
    Path(named): Path<OneService>,
    Json(body): Json<UpdateService>,
) -> Result<Json<Staged>> {
    require(&server, may.place.environment.id, named.service).await?;
    let edits = body.edits(named.service);
    if edits.is_empty() {
        return Err(Error::field("body", "must say what shall be different").into());
    }
    Staged::stage(&server, &may, edits).await.map(Json)
}

/// Stage its end.
#[utoipa::path(delete, path = "/services/{service}", tag = "services",
    responses((status = OK, body = Staged)))]
async fn delete(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<OneService>,
) -> Result<Json<Staged>> {
    let address = Address::Service(named.service);
    Staged::stage(&server, &may, vec![Edit::Clear { address }]).await.map(Json)
}
