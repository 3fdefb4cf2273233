//! Projects, their environments and members.

use crate::{
    EnvironmentId, Error, Ids, Name, ProjectId, Result, Slug, Timestamp, UserId,
    access::{Mutation, ProjectRole},
    account::User,
    page::{Page, Paged},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::iter;

/// What a team opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Project {
    pub id: ProjectId,
    pub name: Name,
    /// Made from the first name and six hex digits; never changes.
    pub slug: Slug,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Project {
    /// The slugs to try for a new project, in order: six hex digits meet by chance once in a long
    /// while, so after that of its own identity come those of others.
    pub fn slugs(name: &Name, id: ProjectId, ids: &dyn Ids) -> impl Iterator<Item = Slug> {
        let head = Slug::suggest(name.as_str(), "project");
        iter::once(id)
            .chain(iter::repeat_with(|| ProjectId::new(ids.mint())))
            .map(move |id| head.with_suffix(&id.short()[2..]))
            .take(10)
    }

    /// What to say when all [`slugs`](Self::slugs) are taken.
    #[must_use]
    pub fn no_free_slug() -> Error {
        Error::Exists("no free short name was found for this project; try again".to_owned())
    }
}

/// A project in a list, with what its card shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectSummary {
    /// The project.
    #[serde(flatten)]
    pub project: Project,
    /// What the caller is in it; `None` for an admin who is no member.
    pub role: Option<ProjectRole>,
    /// Services in all environments.
    pub services: u64,
    /// Those that run as wanted.
    pub running: u64,
    /// Those that are crashed, degraded, missing or failed.
    pub failing: u64,
    /// Staged changes that wait.
    pub pending: u64,
}

/// One complete copy of a project's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Environment {
    pub id: EnvironmentId,
    pub project: ProjectId,
    pub name: Name,
    /// Unique in the project; `production` for the first.
    pub slug: Slug,
    pub created_at: Timestamp,
}

/// Somebody who belongs to a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Member {
    pub user: User,
    pub role: ProjectRole,
}

/// Projects, environments, members. Each method is one transaction.
#[async_trait]
pub trait Projects: Send + Sync {
    /// Makes a project with a `production` environment; the caller owns it.
    async fn create(&self, by: &Mutation, name: Name) -> Result<Project>;

    /// The projects that a person belongs to, or all of them for an admin; by part of the name.
    async fn list(
        &self,
        visible_to: Option<UserId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<ProjectSummary>>;

    /// The project of this slug, if it is one that a person belongs to, or any for an admin.
    async fn find_slug(&self, visible_to: Option<UserId>, slug: &Slug)
    -> Result<Option<ProjectId>>;

    /// One project.
    async fn get(&self, project: ProjectId) -> Result<Project>;

    /// Deletes it with everything in it. Its containers and networks go by tombstones; its
    /// volumes' data stays in the engine and is listed as left behind.
    async fn delete(&self, by: &Mutation, project: ProjectId) -> Result<()>;

    /// What a person is in a project. `None` also when there is no such project.
    async fn role_of(&self, user: UserId, project: ProjectId) -> Result<Option<ProjectRole>>;

    /// Whether there is such a project, for admins, who belong to all.
    async fn exists(&self, project: ProjectId) -> Result<bool>;

    /// Whether two people belong to one project: then they may know of each other.
    async fn share_project(&self, one: UserId, other: UserId) -> Result<bool>;

    /// Its environments, oldest first.
    async fn environments(&self, project: ProjectId) -> Result<Vec<Environment>>;

    /// The environment that an id or slug means within the project; `None` given: the first one.
    async fn environment(&self, project: ProjectId, which: Option<&str>) -> Result<Environment>;

    /// Who belongs to it.
    async fn members(&self, project: ProjectId) -> Result<Vec<Member>>;

    /// Makes somebody a member, changes their role, or (`None`) ends their membership. The last
    /// owner stays.
    async fn set_member(
        &self,
        by: &Mutation,
        project: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
    ) -> Result<()>;
}
