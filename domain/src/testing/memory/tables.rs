//! What the memory holds.

use crate::{
    EnvironmentId, EnvironmentSpec, Error, ProjectId, Resource, Result, RevisionNumber, Secret,
    ServiceId, SessionId, Timestamp, UserId,
    access::ProjectRole,
    account::{ApiKey, Digest, Session, User},
    audit::AuditEntry,
    change::{StagedChange, StagedEdit},
    changes::Revision,
    deployments::{DeploymentSummary, ServiceState},
    event::LoggedEvent,
    layout::Layout,
    project::{Environment, Project},
    rollout::ServiceKey,
    testing::rollouts::RolloutTables,
    workspace::Workspace,
};
use std::{any::Any, collections::BTreeMap, sync::Arc};

/// Everything.
#[derive(Clone, Default)]
pub(super) struct Tables {
    /// How often something was written.
    pub(super) written: u64,
    pub(super) users: Vec<(User, Secret)>,
    pub(super) sessions: BTreeMap<SessionId, StoredSession>,
    pub(super) keys: Vec<(ApiKey, Digest)>,
    pub(super) projects: Vec<StoredProject>,
    pub(super) environments: BTreeMap<EnvironmentId, StoredEnvironment>,
    pub(super) logs: BTreeMap<EnvironmentId, Log>,
    pub(super) audit: Vec<AuditEntry>,
    /// Keyed answers, by who asked and the key.
    pub(super) answers: BTreeMap<(UserId, String), Answer>,
    /// Services, deployments, replicas and tombstones.
    pub(super) rollouts: RolloutTables,
    /// Since when services are in their condition.
    pub(super) since: BTreeMap<ServiceKey, Timestamp>,
}

/// An answer that was given to a keyed mutation.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) action: &'static str,
    pub(super) place: String,
    pub(super) at: Timestamp,
    pub(super) value: Arc<dyn Any + Send + Sync>,
}

/// A session with its tokens.
#[derive(Clone)]
pub(super) struct StoredSession {
    pub(super) session: Session,
    pub(super) access: Vec<(Digest, Timestamp)>,
    pub(super) refresh: Vec<StoredRefresh>,
}

/// A refresh token.
#[derive(Clone)]
pub(super) struct StoredRefresh {
    pub(super) digest: Digest,
    /// The access token that came with it.
    pub(super) access: Digest,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
    /// The refresh token that it was traded for.
    pub(super) successor: Option<Digest>,
}

/// A project with its members.
#[derive(Clone)]
pub(super) struct StoredProject {
    pub(super) project: Project,
    /// Oldest first.
    pub(super) members: Vec<(UserId, ProjectRole)>,
}

/// An environment with its configuration.
#[derive(Clone)]
pub(super) struct StoredEnvironment {
    pub(super) environment: Environment,
    pub(super) spec: EnvironmentSpec,
    pub(super) edits: Vec<StagedEdit>,
    pub(super) discarded: Vec<(Timestamp, StagedEdit)>,
    pub(super) next_seq: u64,
    pub(super) revisions: Vec<(Revision, Vec<StagedChange>)>,
    pub(super) layout: Layout,
}

/// The events of an environment.
#[derive(Clone, Default)]
pub(super) struct Log {
    pub(super) last: u64,
    pub(super) events: Vec<LoggedEvent>,
}

impl StoredEnvironment {
    pub(super) fn workspace(&self) -> Workspace {
        Workspace { spec: self.spec.clone(), edits: self.edits.clone() }
    }
}

impl Tables {
    pub(super) fn user(&self, id: UserId) -> Result<&User> {
        (self.users.iter().map(|(user, _)| user))
            .find(|user| user.id == id)
            .ok_or(Error::NotFound(Resource::User))
    }

    pub(super) fn project(&self, id: ProjectId) -> Result<&StoredProject> {
        (self.projects.iter())
            .find(|held| held.project.id == id)
            .ok_or(Error::NotFound(Resource::Project))
    }

    pub(super) fn project_mut(&mut self, id: ProjectId) -> Result<&mut StoredProject> {
        (self.projects.iter_mut())
            .find(|held| held.project.id == id)
            .ok_or(Error::NotFound(Resource::Project))
    }

    pub(super) fn environment(&self, id: EnvironmentId) -> Result<&StoredEnvironment> {
        self.environments.get(&id).ok_or(Error::NotFound(Resource::Environment))
    }

    pub(super) fn environment_mut(&mut self, id: EnvironmentId) -> Result<&mut StoredEnvironment> {
        self.environments.get_mut(&id).ok_or(Error::NotFound(Resource::Environment))
    }

    /// A service's deployments, oldest first.
    pub(super) fn deployments(&self, key: ServiceKey) -> Vec<DeploymentSummary> {
        let mut found: Vec<_> = (self.rollouts.deployments.values())
            .filter(|it| it.environment == key.environment && it.service == key.service)
            .map(DeploymentSummary::from)
            .collect();
        found.sort_by_key(|deployment| deployment.generation);
        found
    }

    /// How one service is doing.
    pub(super) fn state(&self, key: ServiceKey) -> ServiceState {
        let mut state = ServiceState::unknown(key.service);
        let Some(view) = self.rollouts.services.get(&key) else { return state };
        if let Some((condition, why)) = &view.condition {
            state.condition = Some(*condition);
            state.why = why.clone();
            state.since = self.since.get(&key).copied();
        }
        let active = view.active.and_then(|id| self.rollouts.deployments.get(&id));
        state.active = active.map(DeploymentSummary::from);
        state.newest = self.deployments(key).pop();
        state
    }

    /// How all applied services of an environment are doing.
    pub(super) fn states(&self, environment: EnvironmentId) -> Result<Vec<ServiceState>> {
        let held = self.environment(environment)?;
        let state = |&service: &ServiceId| self.state(ServiceKey { environment, service });
        Ok(held.spec.services.keys().map(state).collect())
    }

    pub(super) fn revision(
        &self,
        environment: EnvironmentId,
        number: RevisionNumber,
    ) -> Result<&(Revision, Vec<StagedChange>)> {
        (self.environment(environment)?.revisions.iter())
            .find(|(revision, _)| revision.number == number)
            .ok_or(Error::NotFound(Resource::Revision))
    }
}
