//! Deployments: made at once, listed, looked at, made again, cancelled.

use crate::{
    authorization::{Deploy, May, Read},
    change::trigger_reconciler,
    error::Result,
    json::{Json, MaybeJson},
    path::Path,
    query::{Paging, Query},
    server::Server,
    service::{ServicePath, require},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, Content, DeploymentId, Error, Field, Port, Resource, ServiceId, Source,
    api::deployment::{ContainerItem, CreateDeployment, DeploymentDetail, Redeploy},
    deployments::{DeploymentSummary, ReplicaSummary},
    edit::Edit,
    page::{Page, Paged},
    rollout::ServiceKey,
    runtime::ContainerState,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(redeploy))
        .routes(routes!(containers))
}

#[derive(Deserialize)]
pub(crate) struct DeploymentPath {
    pub(crate) service: ServiceId,
    pub(crate) deployment: DeploymentId,
}

/// A service's deployments, newest first.
#[utoipa::path(get, path = "/services/{service}/deployments", tag = "deployments",
    params(Paging), responses((status = OK, body = Paged<DeploymentSummary>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<ServicePath>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<DeploymentSummary>>> {
    let environment = may.place.environment.id;
    require(&server, environment, named.service).await?;
    Ok(Json(server.app.deployments.list(environment, named.service, page.into()).await?))
}

/// Deploy an image at once: staged and applied as a revision of its own.
#[utoipa::path(post, path = "/services/{service}/deployments", tag = "deployments",
    request_body = CreateDeployment, responses((status = CREATED, body = DeploymentDetail)))]
async fn create(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<ServicePath>,
    Json(new): Json<CreateDeployment>,
) -> Result<(StatusCode, Json<DeploymentDetail>)> {
    let (environment, service) = (may.place.environment.id, named.service);
    // A direct write is about what is applied: a service that is only staged has to be applied.
    let found = server.app.changes.service(environment, service).await?;
    if found.is_staged {
        return Err(Error::NotFound(Resource::Service).into());
    }
    let pull = match &found.service.source {
        Source::Image { pull, .. } => *pull,
        Source::Empty => domain::PullPolicy::default(),
    };
    let mut edits = vec![set(
        service,
        Field::Source,
        Content::Source(Source::Image { image: new.image, pull }),
    )];
    if let Some(ports) = new.ports {
        let ports: Vec<Port> = ports.into_iter().map(Port::from).collect();
        edits.push(set(service, Field::Ports, Content::Ports(ports.into())));
    }
    edits.extend(new.resources.map(|limits| set(service, Field::Limits, Content::Limits(limits))));
    edits.extend(new.replicas.map(|count| set(service, Field::Replicas, Content::Replicas(count))));
    edits.extend(new.env_vars.into_iter().map(|(key, value)| Edit::SetVariable {
        address: Address::ServiceVariable(service, key),
        value,
        sealed: false,
        only_new: false,
    }));

    let changes = &server.app.changes;
    let (_, applied) =
        changes.write(&may.by, environment, edits, new.message, Some(service)).await?;
    trigger_reconciler(&server, &may.place, &applied);
    let made = applied.deployments.iter().find(|(of, _)| *of == service);
    let Some((_, id)) = made else {
        return Err(Error::NotFound(Resource::Deployment).into());
    };
    let deployment = server.app.deployments.get(environment, service, *id).await?;
    let detail = DeploymentDetail::seen_by(may.actor(), may.place.role, deployment);
    Ok((StatusCode::CREATED, Json(detail)))
}

fn set(service: ServiceId, field: Field, content: Content) -> Edit {
    Edit::Set { address: Address::ServiceField(service, field), content }
}

/// One deployment.
#[utoipa::path(get, path = "/services/{service}/deployments/{deployment}", tag = "deployments",
    responses((status = OK, body = DeploymentDetail)))]
async fn get(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<DeploymentPath>,
) -> Result<Json<DeploymentDetail>> {
    let environment = may.place.environment.id;
    let deployments = &server.app.deployments;
    let deployment = deployments.get(environment, named.service, named.deployment).await?;
    Ok(Json(DeploymentDetail::seen_by(may.actor(), may.place.role, deployment)))
}

/// Stop a deployment that does not serve yet.
#[utoipa::path(post, path = "/services/{service}/deployments/{deployment}/cancel",
    tag = "deployments", responses((status = OK, body = DeploymentSummary)))]
async fn cancel(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<DeploymentPath>,
) -> Result<Json<DeploymentSummary>> {
    let (environment, service) = (may.place.environment.id, named.service);
    let deployments = &server.app.deployments;
    let deployment = deployments.cancel(&may.by, environment, service, named.deployment).await?;
    server.app.reconciler.trigger(Some(ServiceKey { environment, service }));
    Ok(Json(deployment))
}

/// Deploy the present configuration again: the image is looked up anew.
#[utoipa::path(post, path = "/services/{service}/redeploy", tag = "deployments",
    request_body = Redeploy, responses((status = CREATED, body = DeploymentSummary)))]
async fn redeploy(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<ServicePath>,
    MaybeJson(body): MaybeJson<Redeploy>,
) -> Result<(StatusCode, Json<DeploymentSummary>)> {
    let (environment, service) = (may.place.environment.id, named.service);
    let deployments = &server.app.deployments;
    let deployment = deployments.redeploy(&may.by, environment, service, body.message).await?;
    server.app.reconciler.trigger(Some(ServiceKey { environment, service }));
    Ok((StatusCode::CREATED, Json(deployment)))
}

/// By what to narrow the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListFilter {
    /// Only those of this deployment.
    deployment_id: Option<DeploymentId>,
    /// The engine's word, such as `running`; `created` before there is a container.
    status: Option<ContainerState>,
}

/// Replicas of a service, and their containers.
#[utoipa::path(get, path = "/services/{service}/containers", tag = "deployments",
    params(Paging, ListFilter), responses((status = OK, body = Paged<ContainerItem>)))]
async fn containers(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<ServicePath>,
    Query(page): Query<Paging>,
    Query(narrow): Query<ListFilter>,
) -> Result<Json<Paged<ContainerItem>>> {
    let (environment, service) = (may.place.environment.id, named.service);
    require(&server, environment, service).await?;
    let replicas = server.app.deployments.replicas(environment, service).await?;
    // The list is about rows: without an engine it lacks only what the containers do.
    let observed = match server.app.runtime.replicas_of(service).await {
        Ok(observed) => Some(observed),
        Err(error) => {
            tracing::warn!(service.id = %service, "could not list containers: {error}");
            None
        }
    };
    let seen = |replica: &ReplicaSummary| {
        let container = replica.container.as_ref()?;
        observed.as_ref()?.iter().find(|one| one.container == *container)
    };
    let state = |replica: &ReplicaSummary| match replica.container {
        Some(_) => seen(replica).map(|one| one.state),
        None => observed.as_ref().map(|_| ContainerState::Created),
    };
    let found = (replicas.into_iter())
        .filter(|replica| narrow.deployment_id.is_none_or(|id| id == replica.deployment))
        .map(|replica| ContainerItem {
            status: state(&replica),
            address: seen(&replica).and_then(|one| one.address),
            service_id: replica.service,
            deployment_id: replica.deployment,
            docker_container_id: replica.container.clone(),
            replica,
        })
        .filter(|item| narrow.status.is_none_or(|status| item.status == Some(status)))
        .collect();
    Ok(Json(Page::from(page).cut(found)))
}
