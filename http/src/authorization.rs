//! Authorization: every handler states in its signature the permission that it needs.

use crate::{
    caller::{self, Caller},
    error::{ErrorResponse, Result},
    server::Server,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{StatusCode, request::Parts},
};
use domain::{
    Error, ProjectId, Resource, Slug,
    access::{Actor, AuthMethod, Decision, KeyScope, Mutation, Permission, ProjectRole},
    account::User,
    audit::Refusal,
    project::Environment,
};
use std::{future::Future, marker::PhantomData};

/// Somebody who may do `D` here. There is no other way to learn who calls.
#[derive(Debug)]
pub(crate) struct May<D: Requirement> {
    /// Who.
    pub(crate) user: User,
    /// The same for ports that write.
    pub(crate) by: Mutation,
    /// How they proved who they are.
    pub(crate) credential: caller::Credential,
    /// Where, if `D` is about a place.
    pub(crate) place: D::Access,
    requirement: PhantomData<D>,
}

impl<D: Requirement> May<D> {
    pub(crate) fn actor(&self) -> &Actor {
        &self.by.actor
    }
}

/// What a handler requires of its caller.
pub(crate) trait Requirement: Send + Sync + Sized + 'static {
    /// What is known of the place once somebody is in.
    type Access: Send;

    /// Lets the caller in, or says why not.
    fn check(
        server: &Server,
        caller: &Caller,
        parts: &mut Parts,
    ) -> impl Future<Output = Result<Self::Access>> + Send;
}

impl<D: Requirement> FromRequestParts<Server> for May<D> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let caller = caller::authenticate(server, &parts.headers).await?;
        let place = match D::check(server, &caller, parts).await {
            Ok(place) => place,
            Err(refused) => {
                note_refused(server, &caller, parts, &refused).await;
                return Err(refused);
            }
        };
        let by = caller::mutation(server, parts, caller.actor)?;
        Ok(Self {
            user: caller.user,
            by,
            credential: caller.credential,
            place,
            requirement: PhantomData,
        })
    }
}

/// Notes for the audit what somebody was refused who had proved who they are. That something does not
/// exist for them is no refusal.
async fn note_refused(server: &Server, caller: &Caller, parts: &mut Parts, answer: &ErrorResponse) {
    let is_refused = matches!(answer.status(), StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED);
    if !is_refused {
        return;
    }
    let refusal = caller::refusal(server, parts, &caller.actor);
    let path = RawPathParams::from_request_parts(parts, &()).await.ok();
    let named = path.as_ref().and_then(|path| path.iter().find(|(name, _)| *name == "project"));
    let project = match named {
        Some((_, which)) => find(server, &caller.actor, which).await.ok(),
        None => None,
    };
    server.note_refused(Refusal { project, ..refusal });
}

/// A project and one of its environments, which the caller may know of.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentAccess {
    pub(crate) project: ProjectId,
    pub(crate) environment: Environment,
    /// What the caller is here: an admin is an owner everywhere.
    pub(crate) role: ProjectRole,
}

/// The project that a path means: by id, or by the slug of one that the caller may know of.
pub(crate) async fn find(server: &Server, actor: &Actor, which: &str) -> Result<ProjectId> {
    if let Ok(id) = which.parse() {
        return Ok(id);
    }
    let hidden = || ErrorResponse::from(Error::NotFound(Resource::Project));
    let slug = Slug::try_from(which).map_err(|_| hidden())?;
    let visible_to = (!actor.reaches_every_project()).then_some(actor.user);
    server.app.projects.find_slug(visible_to, &slug).await?.ok_or_else(hidden)
}

/// The place that a path names, if the caller may do this there.
pub(crate) async fn authorize(
    server: &Server,
    actor: &Actor,
    permission: Permission,
    project: ProjectId,
    environment: Option<&str>,
) -> Result<EnvironmentAccess> {
    let projects = &server.app.projects;
    let hidden = || ErrorResponse::from(Error::NotFound(Resource::Project));
    let role = if actor.reaches_every_project() {
        projects.exists(project).await?.then_some(ProjectRole::Owner)
    } else {
        projects.role_of(actor.user, project).await?
    };
    let role = role.ok_or_else(hidden)?;
    match actor.may(permission, project, Some(role)) {
        Decision::Allowed => (),
        Decision::Hidden => return Err(hidden()),
        Decision::Forbidden => {
            let has_scope = actor.has_scope(permission.scope());
            return Err(Error::Forbidden(match has_scope {
                true => "your role in this project does not allow this; ask an owner",
                false => without(permission.scope()),
            })
            .into());
        }
    }
    let environment = projects.environment(project, environment).await?;
    Ok(EnvironmentAccess { project, environment, role })
}

macro_rules! in_project {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Requirement for $name {
            type Access = EnvironmentAccess;

            async fn check(server: &Server, caller: &Caller, parts: &mut Parts) -> Result<EnvironmentAccess> {
                let path = RawPathParams::from_request_parts(parts, &())
                    .await
                    .map_err(|_| ErrorResponse::no_such_path())?;
                let named = |wanted: &str| {
                    path.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
                };
                let (actor, permission) = (&caller.actor, Permission::$name);
                let project = find(server, actor, named("project").unwrap_or_default()).await?;
                authorize(server, actor, permission, project, named("environment")).await
            }
        }
    )*};
}

in_project! {
    /// To look at a project, but for values.
    Read,
    /// To read what its containers write.
    Logs,
    /// To stage changes and discard them, and to lay out the canvas.
    Stage,
    /// To apply changes and to deploy.
    Deploy,
    /// To see values.
    Reveal,
    /// To delete it, say who belongs to it, and read its audit.
    Manage,
}

macro_rules! on_instance {
    ($($(#[$doc:meta])* $name:ident: $admit:expr,)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Requirement for $name {
            type Access = ();

            async fn check(_: &Server, caller: &Caller, _: &mut Parts) -> Result<()> {
                let admit: fn(&Actor) -> Result<()> = $admit;
                admit(&caller.actor)
            }
        }
    )*};
}

on_instance! {
    /// To be anybody who is signed in.
    Known: |actor| require_scope(actor, KeyScope::Read),
    /// To make projects.
    Make: |actor| {
        if matches!(actor.via, AuthMethod::ApiKey { project: Some(_), .. }) {
            return Err(Error::Forbidden("this API key is bound to one project").into());
        }
        require_scope(actor, KeyScope::Write)
    },
    /// To be a person, not a key: keys cannot make keys.
    Person: require_person,
    /// To administer the instance.
    Administer: require_admin,
    /// To administer the instance as a person: keys cannot make users.
    AdministerInPerson: |actor| {
        require_person(actor)?;
        require_admin(actor)
    },
}

fn require_scope(actor: &Actor, scope: KeyScope) -> Result<()> {
    if actor.has_scope(scope) { Ok(()) } else { Err(Error::Forbidden(without(scope)).into()) }
}

/// What an API key lacks.
const fn without(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Read => "this API key does not have the scope `read`",
        KeyScope::Stage => "this API key does not have the scope `stage`",
        KeyScope::Deploy => "this API key does not have the scope `deploy`",
        KeyScope::Logs => "this API key does not have the scope `logs`",
        KeyScope::Write => "this API key does not have the scope `write`",
        KeyScope::Admin => "this API key does not have the scope `admin`",
    }
}

fn require_person(actor: &Actor) -> Result<()> {
    if actor.is_person() {
        Ok(())
    } else {
        Err(ErrorResponse::unauthorized("an API key cannot do this: sign in"))
    }
}

fn require_admin(actor: &Actor) -> Result<()> {
    if matches!(actor.via, AuthMethod::ApiKey { project: Some(_), .. }) {
        return Err(Error::Forbidden("this API key is bound to one project").into());
    }
    require_scope(actor, KeyScope::Admin)?;
    if actor.is_admin() {
        Ok(())
    } else {
        Err(Error::Forbidden("only an admin may do this").into())
    }
}
