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
    Address, Check, Command, Content, DeploymentId, EnvironmentId, Error, Field, GroupId, IconUrl,
    ImageRef, Limits, Map, Message, Name, Port, ProjectId, Replicas, Resource, Secret, Service,
    ServiceId, Slug, Source, Strategy, Timestamp, VariableKey,
    changes::OneService as Found,
    deployment::{Condition, service_status},
    deployments::{DeploymentSummary, ServiceState},
    edit::{Edit, NewService, NewVariable},
    project::Paged,
};
use serde::{Deserialize, Deserializer, Serialize};
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

/// A service to be made at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateService {
    name: Name,
    /// Suggested by the name if absent.
    #[serde(default)]
    slug: Option<Slug>,
    #[serde(default)]
    icon_url: Option<IconUrl>,
    #[serde(default)]
    group_id: Option<GroupId>,
    /// In short for `source`.
    #[serde(default)]
    image: Option<ImageRef>,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default)]
    command: Option<Command>,
    #[serde(default)]
    ports: Vec<Port>,
    #[serde(default)]
    replicas: Replicas,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    check: Check,
    #[serde(default)]
    strategy: Strategy,
    #[serde(default)]
    env_vars: Map<VariableKey, Secret>,
    /// Why, for the history.
    #[serde(default)]
    message: Message,
}

/// Make a service at once: staged and applied as a revision of its own.
#[utoipa::path(post, path = "/services", tag = "services", request_body = CreateService,
    responses((status = CREATED, body = ServiceDetail)))]
async fn create(
    State(server): State<Server>,
    may: May<Deploy>,
    Json(new): Json<CreateService>,
) -> Result<(StatusCode, Json<ServiceDetail>)> {
    let source = match (new.image, new.source) {
        (Some(_), Some(_)) => {
            return Err(Error::field("image", "and `source` say the same: give only one").into());
        }
        (Some(image), None) => Source::Image { image, pull: domain::PullPolicy::default() },
        (None, source) => source.unwrap_or_default(),
    };
    let variables = (new.env_vars.into_iter())
        .map(|(key, value)| (key, NewVariable { value, sealed: false }))
        .collect();
    let edit = Edit::CreateService(Box::new(NewService {
        name: new.name,
        slug: new.slug,
        icon: new.icon_url,
        group: new.group_id,
        source,
        command: new.command,
        ports: new.ports,
        replicas: new.replicas,
        limits: new.limits,
        check: new.check,
        strategy: new.strategy,
        variables,
        position: None,
    }));
    let (changes, environment) = (&server.app.changes, may.place.environment.id);
    let (staging, applied) =
        changes.write(&may.by, environment, vec![edit], new.message, None).await?;
    wake(&server, &may.place, &applied);
    let id = (applied.created.first().copied())
        .or_else(|| staging.addresses.first().and_then(Address::service))
        .ok_or(Error::NotFound(Resource::Service))?;
    Ok((StatusCode::CREATED, Json(detail(&server, &may.place, id).await?)))
}

/// What shall be different. Absent fields stay; `null` empties what may be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateService {
    #[serde(default)]
    name: Option<Name>,
    /// An absolute http or https address; empty or `null` clears it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    icon_url: Option<Option<Icon>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<GroupId>)]
    group_id: Option<Option<GroupId>>,
    #[serde(default)]
    image: Option<ImageRef>,
    #[serde(default)]
    source: Option<Source>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Command>)]
    command: Option<Option<Command>>,
    #[serde(default)]
    ports: Option<Vec<Port>>,
    #[serde(default)]
    replicas: Option<Replicas>,
    #[serde(default)]
    limits: Option<Limits>,
    #[serde(default)]
    check: Option<Check>,
    #[serde(default)]
    strategy: Option<Strategy>,
}

/// A picture's address, or nothing for no picture.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Icon(Option<IconUrl>);

impl TryFrom<String> for Icon {
    type Error = domain::name::Invalid;

    fn try_from(raw: String) -> std::result::Result<Self, Self::Error> {
        if raw.is_empty() {
            Ok(Self(None))
        } else {
            IconUrl::try_from(raw).map(|url| Self(Some(url)))
        }
    }
}

/// Tells `null` from absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl UpdateService {
    fn edits(self, id: ServiceId) -> Vec<Edit> {
        let at = |field| Address::ServiceField(id, field);
        let image =
            self.image.map(|image| Source::Image { image, pull: domain::PullPolicy::default() });
        let icon = self.icon_url.map(|icon| icon.and_then(|Icon(url)| url).map(Content::Icon));
        let puts: [(Field, Option<Option<Content>>); 10] = [
            (Field::Name, self.name.map(|name| Some(Content::Name(name)))),
            (Field::Icon, icon),
            (Field::Group, self.group_id.map(|group| group.map(Content::GroupId))),
            (Field::Source, self.source.or(image).map(|source| Some(Content::Source(source)))),
            (Field::Command, self.command.map(|command| command.map(Content::Command))),
            (Field::Ports, self.ports.map(|ports| Some(Content::Ports(ports)))),
            (Field::Replicas, self.replicas.map(|count| Some(Content::Replicas(count)))),
            (Field::Limits, self.limits.map(|limits| Some(Content::Limits(limits)))),
            (Field::Check, self.check.map(|check| Some(Content::Check(check)))),
            (Field::Strategy, self.strategy.map(|strategy| Some(Content::Strategy(strategy)))),
        ];
        puts.into_iter()
            .filter_map(|(field, put)| {
                let address = at(field);
                Some(match put? {
                    Some(content) => Edit::Set { address, content },
                    None => Edit::Clear { address },
                })
            })
            .collect()
    }
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
