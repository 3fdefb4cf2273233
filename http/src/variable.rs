//! Variables in three scopes: listed without values, edited by staging, revealed one at a time.

use crate::{
    authorization::{May, Read, Reveal, Stage},
    change::stage_edits,
    error::Result,
    json::Json,
    path::Path,
    server::Server,
    service::ServicePath,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, EnvironmentSpec, Error, GroupId, Map, Resource, ServiceId, VariableKey,
    api::{
        List,
        change::Staged,
        variable::{CreateVariable, UpdateVariable, VariableItem, VariableScope, VariableStep},
    },
    changes::Revealed,
    edit::Edit,
    variable::{Value, Variable},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes within an environment.
pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list_shared, create_shared))
        .routes(routes!(update_shared, delete_shared))
        .routes(routes!(reveal_shared))
        .routes(routes!(list_of_group, create_of_group))
        .routes(routes!(update_of_group, delete_of_group))
        .routes(routes!(reveal_of_group))
        .routes(routes!(list_of_service, create_of_service))
        .routes(routes!(update_of_service, delete_of_service))
        .routes(routes!(reveal_of_service))
        .routes(routes!(create_of_pending))
}

#[derive(Deserialize)]
struct KeyPath {
    key: VariableKey,
}

#[derive(Deserialize)]
struct GroupPath {
    group: GroupId,
}

#[derive(Clone, Copy)]
enum Scope {
    Shared,
    Group(GroupId),
    Service(ServiceId),
}

impl Scope {
    fn address(self, key: VariableKey) -> Address {
        match self {
            Self::Shared => Address::Variable(key),
            Self::Group(group) => Address::GroupVariable(group, key),
            Self::Service(service) => Address::ServiceVariable(service, key),
        }
    }

    /// Those defined here, and those inherited, by key.
    fn variables(self, spec: &EnvironmentSpec) -> Option<Map<Address, Variable>> {
        let own = |variables: &Map<VariableKey, Variable>| {
            (variables.iter())
                .map(|(key, variable)| (self.address(key.clone()), variable.clone()))
                .collect()
        };
        match self {
            Self::Shared => Some(own(&spec.variables)),
            Self::Group(group) => spec.groups.get(&group).map(|group| own(&group.variables)),
            Self::Service(service) => spec.services.contains_key(&service).then(|| {
                (spec.variables_of(service).into_iter())
                    .map(|(address, variable)| (address, variable.clone()))
                    .collect()
            }),
        }
    }
}

async fn list(server: &Server, may: &May<Read>, scope: Scope) -> Result<Json<List<VariableItem>>> {
    let workspace = server.app.changes.workspace(may.place.environment.id).await?;
    let (before, after) = (scope.variables(&workspace.spec), scope.variables(&workspace.staged()));
    if before.is_none() && after.is_none() {
        return Err(Error::NotFound(match scope {
            Scope::Shared => Resource::Environment,
            Scope::Group(_) => Resource::Group,
            Scope::Service(_) => Resource::Service,
        })
        .into());
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let mut all = before.clone();
    all.extend(after.clone());
    let mut data: Vec<VariableItem> = all
        .into_iter()
        .filter_map(|(address, variable)| {
            let staged = match (before.get(&address), after.get(&address)) {
                (None, Some(_)) => Some(VariableStep::Create),
                (Some(_), None) => Some(VariableStep::Delete),
                (Some(old), Some(new)) if !old.same_as(new) => Some(VariableStep::Update),
                _ => None,
            };
            item(scope, address, &variable, staged)
        })
        .collect();
    data.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Json(List { data }))
}

fn item(
    scope: Scope,
    address: Address,
    variable: &Variable,
    staged: Option<VariableStep>,
) -> Option<VariableItem> {
    let key = address.variable_key()?.clone();
    let inherited = scope.address(key.clone()) != address;
    let references = match variable.hidden().value {
        Value::Hidden { references } => references,
        Value::Shown(_) => Vec::new(),
    };
    let scope = match &address {
        Address::ServiceVariable(..) => VariableScope::Service,
        Address::GroupVariable(..) => VariableScope::Group,
        _ => VariableScope::Shared,
    };
    let (sealed, version) = (variable.sealed, variable.version);
    Some(VariableItem { key, address, scope, sealed, version, references, staged, inherited })
}

async fn create(
    server: &Server,
    may: &May<Stage>,
    scope: Scope,
    new: CreateVariable,
) -> Result<(StatusCode, Json<Staged>)> {
    let edit = Edit::SetVariable {
        address: scope.address(new.key),
        value: new.value,
        sealed: new.sealed,
        only_new: true,
    };
    Ok((StatusCode::CREATED, Json(stage_edits(server, may, vec![edit]).await?)))
}

async fn update(
    server: &Server,
    may: &May<Stage>,
    scope: Scope,
    key: VariableKey,
    new: UpdateVariable,
) -> Result<Json<Staged>> {
    let (address, value, sealed) = (scope.address(key), new.value, new.sealed);
    let edit = Edit::ReplaceVariable { address, value, sealed };
    stage_edits(server, may, vec![edit]).await.map(Json)
}

async fn delete(
    server: &Server,
    may: &May<Stage>,
    scope: Scope,
    key: VariableKey,
) -> Result<Json<Staged>> {
    let edit = Edit::Clear { address: scope.address(key) };
    stage_edits(server, may, vec![edit]).await.map(Json)
}

async fn reveal(
    server: &Server,
    may: &May<Reveal>,
    scope: Scope,
    key: VariableKey,
) -> Result<Json<Revealed>> {
    let environment = may.place.environment.id;
    let address = scope.address(key);
    Ok(Json(server.app.changes.reveal(&may.by, environment, &address).await?))
}

/// Five handlers for each scope: what differs is where the scope stands in the path.
macro_rules! scope {
    ($list:ident, $create:ident, $update:ident, $delete:ident, $reveal:ident, $at:literal,
     $named:ident: $path:ty, $scope:expr) => {
        /// Variables of this scope, and those it inherits, without their values.
        #[utoipa::path(get, path = concat!($at, "/env-vars"), tag = "variables",
                    responses((status = OK, body = List<VariableItem>)))]
        async fn $list(
            State(server): State<Server>,
            may: May<Read>,
            Path($named): Path<$path>,
        ) -> Result<Json<List<VariableItem>>> {
            list(&server, &may, $scope).await
        }

        /// Stage a new variable.
        #[utoipa::path(post, path = concat!($at, "/env-vars"), tag = "variables",
                    request_body = CreateVariable, responses((status = CREATED, body = Staged)))]
        async fn $create(
            State(server): State<Server>,
            may: May<Stage>,
            Path($named): Path<$path>,
            Json(new): Json<CreateVariable>,
        ) -> Result<(StatusCode, Json<Staged>)> {
            create(&server, &may, $scope, new).await
        }

        /// Stage another value.
        #[utoipa::path(patch, path = concat!($at, "/env-vars/{key}"), tag = "variables",
                    request_body = UpdateVariable, responses((status = OK, body = Staged)))]
        async fn $update(
            State(server): State<Server>,
            may: May<Stage>,
            Path($named): Path<$path>,
            Path(KeyPath { key }): Path<KeyPath>,
            Json(new): Json<UpdateVariable>,
        ) -> Result<Json<Staged>> {
            update(&server, &may, $scope, key, new).await
        }

        /// Stage its end.
        #[utoipa::path(delete, path = concat!($at, "/env-vars/{key}"), tag = "variables",
                    responses((status = OK, body = Staged)))]
        async fn $delete(
            State(server): State<Server>,
            may: May<Stage>,
            Path($named): Path<$path>,
            Path(KeyPath { key }): Path<KeyPath>,
        ) -> Result<Json<Staged>> {
            delete(&server, &may, $scope, key).await
        }

        /// Show its values. Audited; refused for sealed ones.
        #[utoipa::path(post, path = concat!($at, "/env-vars/{key}/reveal"), tag = "variables",
                    responses((status = OK, body = Revealed)))]
        async fn $reveal(
            State(server): State<Server>,
            may: May<Reveal>,
            Path($named): Path<$path>,
            Path(KeyPath { key }): Path<KeyPath>,
        ) -> Result<Json<Revealed>> {
            reveal(&server, &may, $scope, key).await
        }
    };
}

/// The shared scope has no part of the path to itself.
#[derive(Deserialize)]
struct Nothing {}

scope!(list_shared, create_shared, update_shared, delete_shared, reveal_shared, "",
    _named: Nothing, Scope::Shared);
scope!(list_of_group, create_of_group, update_of_group, delete_of_group, reveal_of_group,
    "/groups/{group}", named: GroupPath, Scope::Group(named.group));
scope!(list_of_service, create_of_service, update_of_service, delete_of_service,
    reveal_of_service, "/services/{service}", named: ServicePath, Scope::Service(named.service));

/// Stage a variable of a service that is itself only staged: its id is final already.
#[utoipa::path(post, path = "/pending-services/{service}/env-vars", tag = "variables",
    request_body = CreateVariable, responses((status = CREATED, body = Staged)))]
async fn create_of_pending(
    State(server): State<Server>,
    may: May<Stage>,
    Path(named): Path<ServicePath>,
    Json(new): Json<CreateVariable>,
) -> Result<(StatusCode, Json<Staged>)> {
    create(&server, &may, Scope::Service(named.service), new).await
}
