//! Projects, environments and members in memory.

use super::{
    Memory, Transaction, paged,
    tables::{StoredEnvironment, StoredProject, Tables},
};
use crate::{
    EnvironmentId, EnvironmentSpec, Error, Map, Name, ProjectId, Resource, Result, Slug, UserId,
    access::{Mutation, ProjectRole},
    deployment::{Condition, DeploymentState},
    deployments::ServiceState,
    event::Event,
    page::{Page, Paged},
    project::{Environment, Member, Project, ProjectSummary, Projects},
    rollout::{ServiceKey, Subject, Tombstone},
};
use async_trait::async_trait;

impl Tables {
    fn environments_of(&self, project: ProjectId) -> Vec<&StoredEnvironment> {
        let mut found: Vec<_> = (self.environments.values())
            .filter(|held| held.environment.project == project)
            .collect();
        found.sort_by_key(|held| (held.environment.created_at, held.environment.id));
        found
    }

    fn summary(&self, held: &StoredProject, viewer: Option<UserId>) -> ProjectSummary {
        let environments = self.environments_of(held.project.id);
        let states: Vec<ServiceState> = environments
            .iter()
            .flat_map(|held| self.states(held.environment.id).unwrap_or_default())
            .collect();
        let count = |test: fn(&ServiceState) -> bool| {
            states.iter().filter(|state| test(state)).count() as u64
        };
        ProjectSummary {
            project: held.project.clone(),
            role: viewer.and_then(|viewer| role_in(held, viewer)),
            services: states.len() as u64,
            running: count(|state| state.condition == Some(Condition::Running)),
            failing: count(is_failing),
            pending: environments.iter().map(|held| held.workspace().changes().len() as u64).sum(),
        }
    }
}

fn is_failing(state: &ServiceState) -> bool {
    let newest = state.newest.as_ref().map(|newest| &newest.state);
    matches!(state.condition, Some(Condition::Crashed | Condition::Degraded | Condition::Missing))
        || (state.active.is_none() && matches!(newest, Some(DeploymentState::Failed { .. })))
}

fn role_in(held: &StoredProject, user: UserId) -> Option<ProjectRole> {
    held.members.iter().find(|(member, _)| *member == user).map(|(_, role)| *role)
}

impl Transaction<'_> {
    fn delete_environment(&mut self, project: ProjectId, environment: EnvironmentId) {
        let now = self.now;
        let keys: Vec<ServiceKey> = (self.tables.rollouts.services.keys())
            .filter(|key| key.environment == environment)
            .copied()
            .collect();
        for key in keys {
            self.tables.rollouts.delete_service(key, now);
        }
        self.tables.rollouts.remove_environment(environment);
        let subject = Subject::Environment { project, environment };
        let tombstone = Tombstone { subject, containers: Vec::new(), made_at: now, done_at: None };
        self.tables.rollouts.tombstones.insert(subject, tombstone);
        self.tables.environments.remove(&environment);
        let by = self.author();
        self.emit(environment, Event::Deleted { by });
    }
}

fn role_word(role: ProjectRole) -> String {
    match role {
        ProjectRole::Viewer => "viewer",
        ProjectRole::Editor => "editor",
        ProjectRole::Owner => "owner",
    }
    .to_owned()
}

#[async_trait]
impl Projects for Memory {
    async fn create(&self, by: &Mutation, name: Name) -> Result<Project> {
        self.mutate(by, "projects.create", "", |tx| {
            let id = ProjectId::new(tx.ids.mint());
            let is_free =
                |slug: &Slug| tx.tables.projects.iter().all(|held| held.project.slug != *slug);
            let slug = Project::slugs(&name, id, tx.ids)
                .find(is_free)
                .ok_or_else(Project::no_free_slug)?;
            let (created_at, updated_at) = (tx.now, tx.now);
            let project = Project { id, name: name.clone(), slug, created_at, updated_at };
            let production = Environment {
                id: EnvironmentId::new(tx.ids.mint()),
                project: id,
                name: Name::try_from("production").expect("this is a name"),
                slug: Slug::try_from("production").expect("this is a slug"),
                created_at,
            };
            let owner = (tx.author(), ProjectRole::Owner);
            tx.tables
                .projects
                .push(StoredProject { project: project.clone(), members: vec![owner] });
            tx.tables.rollouts.environments.insert(production.id, id);
            let held = StoredEnvironment {
                environment: production.clone(),
                spec: EnvironmentSpec::empty(name),
                edits: Vec::new(),
                discarded: Vec::new(),
                next_seq: 1,
                revisions: Vec::new(),
                layout: Map::new(),
            };
            tx.tables.environments.insert(production.id, held);
            tx.audit("projects.create", Some(id), id);
            tx.audit_step(None, Some(project.name.to_string()));
            Ok(project)
        })
    }

    async fn find_slug(
        &self,
        visible_to: Option<UserId>,
        slug: &Slug,
    ) -> Result<Option<ProjectId>> {
        Ok(self.read(|tables, _| {
            (tables.projects.iter())
                .filter(|held| visible_to.is_none_or(|user| role_in(held, user).is_some()))
                .find(|held| held.project.slug == *slug)
                .map(|held| held.project.id)
        }))
    }

    async fn list(
        &self,
        visible_to: Option<UserId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<ProjectSummary>> {
        Ok(self.read(|tables, _| {
            let desired_count = name.unwrap_or_default().to_lowercase();
            let found: Vec<ProjectSummary> = (tables.projects.iter())
                .filter(|held| visible_to.is_none_or(|user| role_in(held, user).is_some()))
                .filter(|held| held.project.name.as_str().to_lowercase().contains(&desired_count))
                .map(|held| tables.summary(held, visible_to))
                .collect();
            paged(&found, page)
        }))
    }

    async fn get(&self, project: ProjectId) -> Result<Project> {
        self.read(|tables, _| Ok(tables.project(project)?.project.clone()))
    }

    async fn delete(&self, by: &Mutation, project: ProjectId) -> Result<()> {
        self.mutate(by, "projects.delete", project, |tx| {
            let name = tx.tables.project(project)?.project.name.to_string();
            let environments: Vec<EnvironmentId> = (tx.tables.environments_of(project).iter())
                .map(|held| held.environment.id)
                .collect();
            for environment in environments {
                tx.delete_environment(project, environment);
            }
            tx.tables.projects.retain(|held| held.project.id != project);
            tx.tables.keys.retain(|(key, _)| key.project != Some(project));
            tx.audit("projects.delete", Some(project), project);
            tx.audit_step(Some(name), None);
            Ok(())
        })
    }

    async fn role_of(&self, user: UserId, project: ProjectId) -> Result<Option<ProjectRole>> {
        Ok(self.read(|tables, _| role_in(tables.project(project).ok()?, user)))
    }

    async fn exists(&self, project: ProjectId) -> Result<bool> {
        Ok(self.read(|tables, _| tables.project(project).is_ok()))
    }

    async fn share_project(&self, one: UserId, other: UserId) -> Result<bool> {
        Ok(self.read(|tables, _| {
            let belongs = |held: &StoredProject, user| role_in(held, user).is_some();
            tables.projects.iter().any(|held| belongs(held, one) && belongs(held, other))
        }))
    }

    async fn environments(&self, project: ProjectId) -> Result<Vec<Environment>> {
        self.read(|tables, _| {
            tables.project(project)?;
            let found = tables.environments_of(project);
            Ok(found.iter().map(|held| held.environment.clone()).collect())
        })
    }

    async fn environment(&self, project: ProjectId, which: Option<&str>) -> Result<Environment> {
        let all = self.environments(project).await?;
        (all.into_iter())
            .find(|environment| match which {
                None => true,
                Some(which) => {
                    environment.slug.as_str() == which || environment.id.to_string() == which
                }
            })
            .ok_or(Error::NotFound(Resource::Environment))
    }

    async fn members(&self, project: ProjectId) -> Result<Vec<Member>> {
        self.read(|tables, _| {
            let members = tables.project(project)?.members.iter();
            members
                .map(|(user, role)| Ok(Member { user: tables.user(*user)?.clone(), role: *role }))
                .collect()
        })
    }

    async fn set_member(
        &self,
        by: &Mutation,
        project: ProjectId,
        user: UserId,
        role: Option<ProjectRole>,
    ) -> Result<()> {
        self.mutate(by, "projects.set_member", format!("{project}/{user}"), |tx| {
            tx.tables.user(user)?;
            let held = tx.tables.project_mut(project)?;
            let before = role_in(held, user);
            held.members.retain(|(member, _)| *member != user || role.is_some());
            match (role, held.members.iter_mut().find(|(member, _)| *member == user)) {
                (Some(role), Some((_, held))) => *held = role,
                (Some(role), None) => held.members.push((user, role)),
                (None, _) => (),
            }
            if held.members.iter().all(|(_, role)| *role != ProjectRole::Owner) {
                return Err(Error::InvalidState(
                    "a project needs an owner; make somebody else one first".to_owned(),
                ));
            }
            tx.audit("projects.set_member", Some(project), user);
            tx.audit_step(before.map(role_word), role.map(role_word));
            Ok(())
        })
    }
}
