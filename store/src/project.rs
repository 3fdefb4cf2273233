//! Projects, their environments and members.

mod list;
mod row;

pub(crate) use row::{read, read_environment};

use crate::{
    Store, account,
    error::{failed, is_taken},
    rollout::tombstone,
    row::{enum_from_text, enum_text, signed},
    spec,
    table::{self, environment, event_count, member, project},
    transaction::{Concern, Step, Transaction},
    upsert::upsert,
};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Error, Name, ProjectId, Resource, Result, Slug, UserId,
    access::{Mutation, ProjectRole},
    event::Event,
    page::{Page, Paged},
    project::{Environment, Member, Project, ProjectSummary, Projects},
    resolve::EnvironmentRef,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, Query},
};
use std::collections::BTreeMap;

#[async_trait]
impl Projects for Store {
    async fn create(&self, by: &Mutation, name: Name) -> Result<Project> {
        let mut tx = self.begin().await?;
        if let Some(id) = tx.find_answer::<ProjectId>(by, "projects.create", &name).await? {
            return find(&tx.db, id).await.and_then(read);
        }
        let row = insert(&tx, &name).await?;
        let owner = member::Model {
            project_id: row.id,
            account_id: by.actor.user.as_uuid(),
            role: enum_text(&ProjectRole::Owner)?,
            created_at: tx.now.as_millis(),
        };
        member::Entity::insert(owner.into_active_model())
            .exec_without_returning(&tx.db)
            .await
            .map_err(failed("make a project's owner"))?;
        insert_environment(&tx, row.id, "production").await?;
        let project = read(row)?;
        let step = Step { after: Some(project.name.to_string()), ..Step::default() };
        let target = project.id.to_string();
        tx.audit_step(by, "projects.create", Some(project.id), target, step).await?;
        tx.store_answer(by, &project.id).await?;
        tx.commit().await?;
        Ok(project)
    }

    async fn list(
        &self,
        visible_to: Option<UserId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<ProjectSummary>> {
        let db = self.read().await?;
        list::load(&db, visible_to, name, page).await
    }

    async fn find_slug(
        &self,
        visible_to: Option<UserId>,
        slug: &Slug,
    ) -> Result<Option<ProjectId>> {
        let db = self.read().await?;
        let row = project::Entity::find()
            .filter(project::Column::Slug.eq(slug.as_str()))
            .one(&db)
            .await
            .map_err(failed("find a project"))?;
        let Some(found) = row.map(|row| ProjectId::new(row.id)) else { return Ok(None) };
        let is_visible = match visible_to {
            None => true,
            Some(user) => role_of(&db, user, found).await?.is_some(),
        };
        Ok(is_visible.then_some(found))
    }

    async fn get(&self, project: ProjectId) -> Result<Project> {
        let db = self.read().await?;
        find(&db, project).await.and_then(read)
    }

    async fn delete(&self, by: &Mutation, project: ProjectId) -> Result<()> {
        let mut tx = self.begin().await?;
        if tx.find_answer::<()>(by, "projects.delete", &project).await?.is_some() {
            return Ok(());
        }
        let before = Some(find(&tx.db, project).await?.name);
        for row in environments(&tx.db, project).await? {
            let id = EnvironmentId::new(row.id);
            let place = EnvironmentRef { project, environment: id };
            let (services, volumes) = spec::contents(&tx.db, id).await?;
            tombstone::write_tombstones(&tx, place, &services).await?;
            tombstone::write_environment_tombstone(&tx, project, id).await?;
            spec::record_orphaned_volumes(&tx, &row, volumes).await?;
            tx.inner.cache.remove(id);
            tx.emit(id, Event::Deleted { by: by.actor.user });
        }
        project::Entity::delete_by_id(project.as_uuid())
            .exec(&tx.db)
            .await
            .map_err(failed("delete a project"))?;
        let (step, target) = (Step { before, after: None }, project.to_string());
        tx.audit_step(by, "projects.delete", Some(project), target, step).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }

    async fn role_of(&self, user: UserId, project: ProjectId) -> Result<Option<ProjectRole>> {
        let db = self.read().await?;
        role_of(&db, user, project).await
    }

    async fn exists(&self, project: ProjectId) -> Result<bool> {
        let db = self.read().await?;
        let row = project::Entity::find_by_id(project.as_uuid())
            .one(&db)
            .await
            .map_err(failed("find a project"))?;
        Ok(row.is_some())
    }

    async fn share_project(&self, one: UserId, other: UserId) -> Result<bool> {
        let db = self.read().await?;
        let theirs = Query::select()
            .column(member::Column::ProjectId)
            .from(member::Entity)
            .and_where(Expr::col(member::Column::AccountId).eq(one.as_uuid()))
            .to_owned();
        let shared = member::Entity::find()
            .filter(member::Column::AccountId.eq(other.as_uuid()))
            .filter(Expr::col(member::Column::ProjectId).in_subquery(theirs))
            .one(&db)
            .await
            .map_err(failed("look for a common project"))?;
        Ok(shared.is_some())
    }

    async fn environments(&self, project: ProjectId) -> Result<Vec<Environment>> {
        let db = self.read().await?;
        find(&db, project).await?;
        environments(&db, project).await?.into_iter().map(read_environment).collect()
    }

    async fn environment(&self, project: ProjectId, which: Option<&str>) -> Result<Environment> {
        let db = self.read().await?;
        let is_meant = |row: &environment::Model| match which {
            None => true,
            Some(which) => row.slug == which || which.parse() == Ok(row.id),
        };
        environments(&db, project)
            .await?
            .into_iter()
            .find(is_meant)
            .ok_or(Error::NotFound(Resource::Environment))
            .and_then(read_environment)
    }

    async fn members(&self, project: ProjectId) -> Result<Vec<Member>> {
        let db = self.read().await?;
        find(&db, project).await?;
        let roles: BTreeMap<_, _> = members(&db, project)
            .await?
            .into_iter()
            .map(|row| (row.account_id, row.role))
            .collect();
        let people = table::account::Entity::find()
            .filter(table::account::Column::Id.is_in(roles.keys().copied()))
            .order_by_asc(table::account::Column::CreatedAt)
            .order_by_asc(table::account::Column::Id)
            .all(&db)
            .await
            .map_err(failed("list members"))?;
        people
            .into_iter()
            .map(|row| {
                let role = enum_from_text(&roles[&row.id])?;
                Ok(Member { user: account::user(row)?, role })
            })
            .collect()
    }

    async fn set_member(
        &self,
        by: &Mutation,
        project: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
    ) -> Result<()> {
        let mut tx = self.begin_for(Concern::People).await?;
        let content = (project, user, role);
        if tx.find_answer::<()>(by, "projects.set_member", &content).await?.is_some() {
            return Ok(());
        }
        find(&tx.db, project).await?;
        let before = set_member(&tx, project, user, role).await?;
        let after = role.map(|role| enum_text(&role)).transpose()?;
        let (step, target) = (Step { before, after }, user.to_string());
        tx.audit_step(by, "projects.set_member", Some(project), target, step).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }
}

async fn insert(tx: &Transaction, name: &Name) -> Result<project::Model> {
    let id = tx.inner.ids.mint();
    for slug in Project::slugs(name, ProjectId::new(id), &*tx.inner.ids) {
        let row = project::Model {
            id,
            name: name.as_str().to_owned(),
            name_folded: name.as_str().to_lowercase(),
            slug: slug.into(),
            created_at: tx.now.as_millis(),
            updated_at: tx.now.as_millis(),
        };
        let inserted = project::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&tx.db)
            .await;
        match inserted {
            Ok(_) => return Ok(row),
            Err(error) if is_taken(&error) => (),
            Err(error) => return Err(failed("make a project")(error)),
        }
    }
    Err(Project::no_free_slug())
}

async fn insert_environment(tx: &Transaction, project: uuid::Uuid, name: &str) -> Result<()> {
    let id = tx.inner.ids.mint();
    let row = environment::Model {
        id,
        project_id: project,
        name: name.to_owned(),
        slug: name.to_owned(),
        created_at: tx.now.as_millis(),
        revision: 0,
        edit_seq: 0,
        pending: 0,
        subnet: None,
        version: 0,
    };
    environment::Entity::insert(row.into_active_model())
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("make an environment"))?;
    let count = event_count::ActiveModel { environment_id: Set(id), number: Set(signed(0)) };
    event_count::Entity::insert(count)
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("make an environment"))?;
    Ok(())
}

/// Says what they were before.
async fn set_member(
    tx: &Transaction,
    project: ProjectId,
    user: UserId,
    role: Option<ProjectRole>,
) -> Result<Option<String>> {
    let person = table::account::Entity::find_by_id(user.as_uuid())
        .one(&tx.db)
        .await
        .map_err(failed("find a user"))?;
    if person.is_none() {
        return Err(Error::NotFound(Resource::User));
    }
    let owner = enum_text(&ProjectRole::Owner)?;
    let others = members(&tx.db, project).await?;
    let is_owner = others.iter().any(|row| row.account_id == user.as_uuid() && row.role == owner);
    let owners = others.iter().filter(|row| row.role == owner).count();
    if is_owner && owners == 1 && role != Some(ProjectRole::Owner) {
        return Err(Error::InvalidState(
            "this is the project's last owner; make somebody else an owner first".to_owned(),
        ));
    }
    let before = others.iter().find(|row| row.account_id == user.as_uuid());
    let before = before.map(|row| row.role.clone());
    match role {
        Some(role) => {
            let since = others.iter().find(|row| row.account_id == user.as_uuid());
            let row = member::Model {
                project_id: project.as_uuid(),
                account_id: user.as_uuid(),
                role: enum_text(&role)?,
                created_at: since.map_or(tx.now.as_millis(), |row| row.created_at),
            };
            upsert(tx, [row], [member::Column::ProjectId, member::Column::AccountId]).await?;
        }
        None => {
            member::Entity::delete_by_id((project.as_uuid(), user.as_uuid()))
                .exec(&tx.db)
                .await
                .map_err(failed("end a membership"))?;
        }
    }
    Ok(before)
}

async fn members(db: &DatabaseTransaction, project: ProjectId) -> Result<Vec<member::Model>> {
    member::Entity::find()
        .filter(member::Column::ProjectId.eq(project.as_uuid()))
        .all(db)
        .await
        .map_err(failed("list members"))
}

async fn role_of(
    db: &DatabaseTransaction,
    user: UserId,
    project: ProjectId,
) -> Result<Option<ProjectRole>> {
    let row = member::Entity::find_by_id((project.as_uuid(), user.as_uuid()))
        .one(db)
        .await
        .map_err(failed("look up a role"))?;
    row.map(|row| enum_from_text(&row.role)).transpose()
}

async fn environments(
    db: &DatabaseTransaction,
    project: ProjectId,
) -> Result<Vec<environment::Model>> {
    environment::Entity::find()
        .filter(environment::Column::ProjectId.eq(project.as_uuid()))
        .order_by_asc(environment::Column::CreatedAt)
        .order_by_asc(environment::Column::Id)
        .all(db)
        .await
        .map_err(failed("list environments"))
}

async fn find(db: &DatabaseTransaction, id: ProjectId) -> Result<project::Model> {
    project::Entity::find_by_id(id.as_uuid())
        .one(db)
        .await
        .map_err(failed("find a project"))?
        .ok_or(Error::NotFound(Resource::Project))
}
