//! Projects, their environments and members.

use crate::{
    authorization::{Known, Make, Manage, May, Read, Stage},
    change::stage_edits,
    error::Result,
    json::Json,
    path::Path,
    query::{Paging, Query},
    server::Server,
};
use axum::{extract::State, http::StatusCode};
use domain::{
    Address, Content, Error, ProjectId, Resource, UserId,
    access::{AuthMethod, ProjectRole},
    api::{
        List, Named,
        change::Staged,
        member::{NewMember, NewRole},
    },
    edit::Edit,
    page::{Page, Paged},
    project::{Environment, Member, Project, ProjectSummary, Projects},
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, rename, delete))
        .routes(routes!(environments))
        .routes(routes!(members, add_member))
        .routes(routes!(set_member, remove_member))
}

/// By what to narrow a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NameFilter {
    /// A part of the name.
    name: Option<String>,
}

#[derive(Deserialize)]
struct MemberPath {
    user: UserId,
}

/// Projects that you belong to; for admins all.
#[utoipa::path(get, path = "/projects", tag = "projects", params(Paging, NameFilter),
    responses((status = OK, body = Paged<ProjectSummary>)))]
async fn list(
    State(projects): State<Arc<dyn Projects>>,
    may: May<Known>,
    Query(page): Query<Paging>,
    Query(by): Query<NameFilter>,
) -> Result<Json<Paged<ProjectSummary>>> {
    let visible_to = (!may.actor().reaches_every_project()).then_some(may.user.id);
    let name = by.name.as_deref().filter(|name| !name.is_empty());
    match may.actor().via {
        AuthMethod::ApiKey { project: Some(bound), .. } => {
            let found = only(projects.as_ref(), visible_to, name, bound).await?;
            Ok(Json(Page::from(page).cut(found)))
        }
        AuthMethod::Session(_) | AuthMethod::ApiKey { .. } => {
            Ok(Json(projects.list(visible_to, name, page.into()).await?))
        }
    }
}

/// What a key that is bound to one project sees of a list.
async fn only(
    projects: &dyn Projects,
    visible_to: Option<UserId>,
    name: Option<&str>,
    bound: ProjectId,
) -> Result<Vec<ProjectSummary>> {
    let mut page = Page::new(0, 100);
    loop {
        let part = projects.list(visible_to, name, page).await?;
        if let Some(found) = part.data.iter().find(|one| one.project.id == bound) {
            return Ok(vec![found.clone()]);
        }
        page.offset += page.limit;
        if page.offset >= part.total_count {
            return Ok(Vec::new());
        }
    }
}

/// Create a project, with an environment `production`.
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = Named,
    responses((status = CREATED, body = Project)))]
async fn create(
    State(server): State<Server>,
    may: May<Make>,
    Json(new): Json<Named>,
) -> Result<(StatusCode, Json<Project>)> {
    let project = server.app.projects.create(&may.by, new.name).await?;
    server.app.reconciler.trigger(None);
    Ok((StatusCode::CREATED, Json(project)))
}

/// One project.
#[utoipa::path(get, path = "/projects/{project}", tag = "projects",
    responses((status = OK, body = Project)))]
async fn get(State(projects): State<Arc<dyn Projects>>, may: May<Read>) -> Result<Json<Project>> {
    Ok(Json(projects.get(may.place.project).await?))
}

/// Stage another name. The slug stays.
#[utoipa::path(patch, path = "/projects/{project}", tag = "projects", request_body = Named,
    responses((status = OK, body = Staged)))]
async fn rename(
    State(server): State<Server>,
    may: May<Stage>,
    Json(new): Json<Named>,
) -> Result<Json<Staged>> {
    let edit = Edit::Set { address: Address::ProjectName, content: Content::Name(new.name) };
    stage_edits(&server, &may, vec![edit]).await.map(Json)
}

/// Delete a project at once, with everything in it. The data of its volumes stays in the engine.
#[utoipa::path(delete, path = "/projects/{project}", tag = "projects",
    responses((status = NO_CONTENT)))]
async fn delete(State(server): State<Server>, may: May<Manage>) -> Result<StatusCode> {
    server.app.projects.delete(&may.by, may.place.project).await?;
    server.rights.notify_changed();
    server.app.reconciler.trigger(None);
    Ok(StatusCode::NO_CONTENT)
}

/// Its environments, oldest first.
#[utoipa::path(get, path = "/projects/{project}/environments", tag = "projects",
    responses((status = OK, body = List<Environment>)))]
async fn environments(
    State(projects): State<Arc<dyn Projects>>,
    may: May<Read>,
) -> Result<Json<List<Environment>>> {
    Ok(Json(List { data: projects.environments(may.place.project).await? }))
}

/// Who belongs to it.
#[utoipa::path(get, path = "/projects/{project}/members", tag = "members",
    responses((status = OK, body = List<Member>)))]
async fn members(
    State(projects): State<Arc<dyn Projects>>,
    may: May<Read>,
) -> Result<Json<List<Member>>> {
    Ok(Json(List { data: projects.members(may.place.project).await? }))
}

/// Make somebody a member, by e-mail: somebody whom you share a project with, or for admins anybody with an
/// account. Of others nobody learns whether they have one.
#[utoipa::path(post, path = "/projects/{project}/members", tag = "members",
    request_body = NewMember, responses((status = CREATED, body = Member)))]
async fn add_member(
    State(server): State<Server>,
    may: May<Manage>,
    Json(new): Json<NewMember>,
) -> Result<(StatusCode, Json<Member>)> {
    let app = &server.app;
    let found = app.accounts.user_to_sign_in(&new.email).await?.map(|(user, _)| user);
    // Asked for whoever it is, so that it takes as long for nobody.
    let candidate = found.as_ref().map_or(may.user.id, |user| user.id);
    let is_known = app.projects.share_project(may.user.id, candidate).await?;
    let knows_all = may.actor().reaches_every_project();
    let Some(user) = found.filter(|_| knows_all || is_known) else {
        let rule = match knows_all {
            true => "belongs to nobody with an account here",
            false => "belongs to nobody whom you share a project with; an admin can add others",
        };
        return Err(Error::field("email", rule).into());
    };
    let (project, role) = (may.place.project, new.role);
    server.app.projects.set_member(&may.by, project, user.id, Some(role)).await?;
    server.rights.notify_user(user.id);
    Ok((StatusCode::CREATED, Json(Member { user, role })))
}

/// Change what a member is.
#[utoipa::path(put, path = "/projects/{project}/members/{user}", tag = "members",
    request_body = NewRole, responses((status = NO_CONTENT)))]
async fn set_member(
    State(server): State<Server>,
    may: May<Manage>,
    Path(named): Path<MemberPath>,
    Json(new): Json<NewRole>,
) -> Result<StatusCode> {
    put_member(&server, &may, named.user, Some(new.role)).await
}

/// End a membership: open canvases of that person close.
#[utoipa::path(delete, path = "/projects/{project}/members/{user}", tag = "members",
    responses((status = NO_CONTENT)))]
async fn remove_member(
    State(server): State<Server>,
    may: May<Manage>,
    Path(named): Path<MemberPath>,
) -> Result<StatusCode> {
    put_member(&server, &may, named.user, None).await
}

async fn put_member(
    server: &Server,
    may: &May<Manage>,
    user: UserId,
    role: Option<ProjectRole>,
) -> Result<StatusCode> {
    let project = may.place.project;
    // Only members are changed by id, so that ids of strangers cannot be tried.
    if server.app.projects.role_of(user, project).await?.is_none() {
        return Err(Error::NotFound(Resource::User).into());
    }
    server.app.projects.set_member(&may.by, project, user, role).await?;
    server.rights.notify_user(user);
    Ok(StatusCode::NO_CONTENT)
}
