//! Deployments: made at once, listed, looked at, made again, cancelled.

use crate::{
    app::Server,
    change::wake,
    door::{Deploy, May, Place, Read},
    error::Result,
    json::{Json, MaybeJson},
    path::Path,
    query::{Paging, Query, slice},
    service::{OneService, require},
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, Check, Command, Content, Deployment, DeploymentId, Error, Field, ImageRef, Limits,
    Map, Message, MountPath, Port, PortNumber, Ports, Protocol, Replicas, Resource, Secret,
    ServiceId, Source, Strategy, VariableKey, VolumeId,
    access::ProjectRole,
    deployment::DeploymentState,
    deployments::{DeploymentSummary, ReplicaSummary},
    edit::Edit,
    project::Paged,
    rollout::ServiceKey,
    runtime::{ContainerId, ContainerState},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::{IntoParams, ToSchema};
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
pub(crate) struct OneDeployment {
    pub(crate) service: ServiceId,
    pub(crate) deployment: DeploymentId,
}

/// A service's deployments, newest first.
#[utoipa::path(get, path = "/services/{service}/deployments", tag = "deployments",
    params(Paging), responses((status = OK, body = Paged<DeploymentSummary>)))]
async fn list(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<OneService>,
    Query(page): Query<Paging>,
) -> Result<Json<Paged<DeploymentSummary>>> {
    let environment = may.place.environment.id;
    require(&server, environment, named.service).await?;
    Ok(Json(server.app.deployments.list(environment, named.service, page.into()).await?))
}

/// What to deploy at once. Absent parts stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateDeployment {
    image: ImageRef,
    /// Set as the service's own variables, which win over inherited ones.
    #[serde(default)]
    env_vars: Map<VariableKey, Secret>,
    #[serde(default)]
    ports: Option<Vec<AnyPort>>,
    #[serde(default)]
    resources: Option<Limits>,
    #[serde(default)]
    replicas: Option<Replicas>,
    /// Why, for the history.
    #[serde(default)]
    message: Message,
}

/// A port, in our words or DeployKit's (`container_port`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnyPort {
    #[serde(alias = "container_port")]
    #[schema(value_type = u16)]
    number: PortNumber,
    #[serde(default)]
    protocol: Protocol,
}

/// Deploy an image at once: staged and applied as a revision of its own.
#[utoipa::path(post, path = "/services/{service}/deployments", tag = "deployments",
    request_body = CreateDeployment, responses((status = CREATED, body = DeploymentDetail)))]
async fn create(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<OneService>,
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
        let ports = (ports.into_iter())
            .map(|port| Port { number: port.number, protocol: port.protocol })
            .collect::<Vec<_>>();
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
    wake(&server, &may.place, &applied);
    let made = applied.deployments.iter().find(|(of, _)| *of == service);
    let Some((_, id)) = made else {
        return Err(Error::NotFound(Resource::Deployment).into());
    };
    let deployment = server.app.deployments.get(environment, service, *id).await?;
    let detail = DeploymentDetail::new(deployment, &may.place);
    Ok((StatusCode::CREATED, Json(detail)))
}

fn set(service: ServiceId, field: Field, content: Content) -> Edit {
    Edit::Set { address: Address::ServiceField(service, field), content }
}

/// A deployment with its configuration; values of variables are never shown.
#[derive(Serialize, ToSchema)]
struct DeploymentDetail {
    #[serde(flatten)]
    summary: DeploymentSummary,
    /// Why it failed.
    failure_reason: Option<String>,
    /// How its container ended.
    exit_code: Option<i64>,
    /// Its container's last lines; not for viewers.
    log_tail: Option<Secret>,
    command: Option<Command>,
    ports: Ports,
    resources: Limits,
    check: Check,
    strategy: Strategy,
    mounts: Map<VolumeId, MountPath>,
    /// Keys of its variables.
    env_keys: Vec<VariableKey>,
}

impl DeploymentDetail {
    fn new(deployment: Deployment, place: &Place) -> Self {
        let summary = DeploymentSummary::from(&deployment);
        let failure = match deployment.state {
            DeploymentState::Failed { failure, .. } => Some(failure),
            _ => None,
        };
        let (reason, exit_code, log_tail) = match failure {
            Some(failure) => (Some(failure.reason), failure.exit_code, failure.log_tail),
            None => (None, None, None),
        };
        let config = deployment.config;
        Self {
            summary,
            failure_reason: reason,
            exit_code,
            log_tail: log_tail.filter(|_| place.role >= ProjectRole::Editor),
            command: config.command,
            ports: config.ports,
            resources: config.limits,
            check: config.check,
            strategy: config.strategy,
            mounts: config.mounts,
            env_keys: config.variables.into_iter().map(|(key, _)| key).collect(),
        }
    }
}

/// One deployment.
#[utoipa::path(get, path = "/services/{service}/deployments/{deployment}", tag = "deployments",
    responses((status = OK, body = DeploymentDetail)))]
async fn get(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<OneDeployment>,
) -> Result<Json<DeploymentDetail>> {
    let environment = may.place.environment.id;
    let deployments = &server.app.deployments;
    let deployment = deployments.get(environment, named.service, named.deployment).await?;
    Ok(Json(DeploymentDetail::new(deployment, &may.place)))
}

/// Stop a deployment that does not serve yet.
#[utoipa::path(post, path = "/services/{service}/deployments/{deployment}/cancel",
    tag = "deployments", responses((status = OK, body = DeploymentSummary)))]
async fn cancel(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<OneDeployment>,
) -> Result<Json<DeploymentSummary>> {
    let (environment, service) = (may.place.environment.id, named.service);
    let deployments = &server.app.deployments;
    let deployment = deployments.cancel(&may.by, environment, service, named.deployment).await?;
    server.app.reconciler.nudge(Some(ServiceKey { environment, service }));
    Ok(Json(deployment))
}

/// Why somebody deploys again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Redeploy {
    /// Why, for the history.
    #[serde(default)]
    message: Message,
}

/// Deploy the present configuration again: the image is looked up anew.
#[utoipa::path(post, path = "/services/{service}/redeploy", tag = "deployments",
    request_body = Redeploy, responses((status = CREATED, body = DeploymentSummary)))]
async fn redeploy(
    State(server): State<Server>,
    may: May<Deploy>,
    Path(named): Path<OneService>,
    MaybeJson(body): MaybeJson<Redeploy>,
) -> Result<(StatusCode, Json<DeploymentSummary>)> {
    let (environment, service) = (may.place.environment.id, named.service);
    let deployments = &server.app.deployments;
    let deployment = deployments.redeploy(&may.by, environment, service, body.message).await?;
    server.app.reconciler.nudge(Some(ServiceKey { environment, service }));
    Ok((StatusCode::CREATED, Json(deployment)))
}

/// By what to narrow the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Narrow {
    /// Only those of this deployment.
    deployment_id: Option<DeploymentId>,
    /// The engine's word, such as `running`; `created` before there is a container.
    status: Option<ContainerState>,
}

/// A replica, and its container.
#[derive(Serialize, ToSchema)]
struct ContainerItem {
    #[serde(flatten)]
    replica: ReplicaSummary,
    service_id: ServiceId,
    deployment_id: DeploymentId,
    docker_container_id: Option<ContainerId>,
    /// Where it answers, as the engine reports it; absent when it does not.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// The engine's word; absent when the engine does not answer.
    status: Option<ContainerState>,
}

/// Replicas of a service, and their containers.
#[utoipa::path(get, path = "/services/{service}/containers", tag = "deployments",
    params(Paging, Narrow), responses((status = OK, body = Paged<ContainerItem>)))]
async fn containers(
    State(server): State<Server>,
    may: May<Read>,
    Path(named): Path<OneService>,
    Query(page): Query<Paging>,
    Query(narrow): Query<Narrow>,
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
    Ok(Json(slice(found, page.into())))
}
