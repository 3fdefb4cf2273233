//! The rollout port in memory, and what people do to it.

mod given;
mod pulled;
mod tables;

pub use tables::{Given, Held, RolloutTables};

use crate::{
    Clock, DeploymentId, EnvironmentId, Ids, Limits, Map, Message, ProjectId, RevisionNumber,
    ServiceId, Set, Slug, Strategy, Timestamp, VolumeId,
    deployment::{Cause, Deployment, DeploymentState, RunConfig, Transition},
    rollout::{
        Desired, DesiredService, Fence, Ownership, ReplicaRow, RestartHistory, RolloutError,
        Rollouts, ServiceKey, ServiceView, Step, Subject, Tombstone, Version,
    },
    runtime::ReplicaIdentity,
    testing::Rng,
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The rollout port in memory. Clones share one world.
#[derive(Clone)]
pub struct FakeRollouts {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    tables: RolloutTables,
    /// The world as it was when its version was asked for last, and that version.
    known: (RolloutTables, u64),
    journal: Vec<(Timestamp, Step)>,
    writes: u64,
    reads: u64,
    whole_reads: u64,
    /// Whether nothing can be written.
    is_full: bool,
    lost_answer: u8,
    faulty_until: Option<Timestamp>,
    rng: Option<Rng>,
    deaths: Option<u64>,
}

impl Inner {
    /// Whether the answer that is due now is lost.
    fn loses(&mut self, now: Timestamp) -> bool {
        self.faulty_until.is_some_and(|until| now < until)
            && self.rng.as_mut().is_some_and(|rng| rng.percent(self.lost_answer))
    }
}

fn lost(doing: &'static str) -> crate::Error {
    crate::Error::Internal { doing, source: "the answer was lost".into() }
}

impl FakeRollouts {
    /// An empty world.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { clock, ids, inner: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all or nothing; what changes nothing is no write. The answer may be lost, or nobody be
    /// there any more to hear it.
    async fn write<T, E: From<crate::Error>>(
        &self,
        at: Timestamp,
        steps: &[Step],
        act: impl FnOnce(&mut RolloutTables) -> Result<T, E>,
    ) -> Result<T, E> {
        let (value, is_dead) = {
            let inner = &mut *self.lock();
            let mut tables = inner.tables.clone();
            let value = act(&mut tables)?;
            if steps.is_empty() && tables == inner.tables {
                return Ok(value);
            }
            if inner.is_full {
                let source = "the disk is full".into();
                return Err(crate::Error::Internal { doing: "write", source }.into());
            }
            inner.tables = tables;
            inner.writes += 1;
            inner.journal.extend(steps.iter().map(|step| (at, step.clone())));
            if inner.loses(at) {
                return Err(lost("write").into());
            }
            inner.deaths = inner.deaths.map(|left| left.saturating_sub(1));
            (value, inner.deaths == Some(0))
        };
        if is_dead {
            std::future::pending::<()>().await;
        }
        Ok(value)
    }

    /// What is held now.
    #[must_use]
    pub fn tables(&self) -> RolloutTables {
        self.lock().tables.clone()
    }

    /// Puts rows there that nobody has recorded.
    pub fn seed(&self, plant: impl FnOnce(&mut RolloutTables)) {
        plant(&mut self.lock().tables);
    }

    /// All that was recorded, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<(Timestamp, Step)> {
        self.lock().journal.clone()
    }

    /// How often something was written.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// How often something was read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.lock().reads
    }

    /// How often everything was read.
    #[must_use]
    pub fn whole_reads(&self) -> u64 {
        self.lock().whole_reads
    }

    /// So many percent of the answers to writes and to asking for the version are lost until then.
    pub fn set_faults(&self, lost_answer: u8, until: Timestamp, rng: Rng) {
        let mut inner = self.lock();
        inner.lost_answer = lost_answer;
        inner.faulty_until = Some(until);
        inner.rng = Some(rng);
    }

    /// Nothing can be written until this is taken back.
    pub fn set_full(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// After so many writes, the next one is done and never answers.
    pub fn die_after(&self, writes: Option<u64>) {
        self.lock().deaths = writes;
    }

    /// A new environment.
    pub fn add_environment(&self) -> EnvironmentId {
        let project = ProjectId::new(self.ids.mint());
        let environment = EnvironmentId::new(self.ids.mint());
        self.lock().tables.environments.insert(environment, project);
        environment
    }

    /// A new service that nothing was deployed for yet.
    pub fn add_service(
        &self,
        environment: EnvironmentId,
        slug: &str,
        desired_count: u16,
    ) -> ServiceKey {
        let id = ServiceId::new(self.ids.mint());
        let key = ServiceKey { environment, service: id };
        let mut inner = self.lock();
        let project = inner.tables.environments[&environment];
        let view = ServiceView {
            id,
            project,
            environment,
            slug: Slug::try_from(slug).expect("the test's slug is one"),
            desired_count,
            limits: Limits::default(),
            active: None,
            deployments: Vec::new(),
            replicas: Vec::new(),
            released: Set::new(),
            volumes_made: Set::new(),
            condition: None,
        };
        inner.tables.services.insert(key, view);
        key
    }

    /// A new deployment of a service, queued.
    pub fn deploy(&self, key: ServiceKey, config: RunConfig) -> DeploymentId {
        let id = DeploymentId::new(self.ids.mint());
        let now = self.clock.now();
        let mut inner = self.lock();
        let service = inner.tables.services[&key].clone();
        let generation = inner.tables.next_generation(key);
        inner.tables.services.entry(key).and_modify(|service| service.limits = config.limits);
        let deployment = Deployment {
            id,
            project: service.project,
            environment: key.environment,
            service: key.service,
            generation,
            ..queued(service.slug, config, now)
        };
        inner.tables.deployments.insert(id, deployment);
        id
    }

    /// Rows for a replica that a test makes in an engine by itself.
    pub fn add_replica(&self, replica: ReplicaIdentity, slug: &Slug) {
        let service = ServiceKey { environment: replica.environment, service: replica.service };
        let deployment = Deployment {
            id: replica.deployment,
            project: replica.project,
            environment: replica.environment,
            service: replica.service,
            generation: replica.generation,
            ..queued(slug.clone(), config("stay"), self.clock.now())
        };
        let row = ReplicaRow {
            id: replica.replica,
            deployment: replica.deployment,
            index: 0,
            container: None,
            restarts: RestartHistory::default(),
            retired_at: None,
        };
        let tables = &mut self.lock().tables;
        tables.environments.insert(replica.environment, replica.project);
        tables.deployments.insert(deployment.id, deployment);
        tables.replicas.insert(row.id, Held { row, service, released_at: None, has_served: false });
    }

    /// Another number of replicas is wanted; 0 stops it.
    pub fn scale(&self, key: ServiceKey, desired_count: u16) {
        self.lock()
            .tables
            .services
            .entry(key)
            .and_modify(|service| service.desired_count = desired_count);
    }

    /// Other limits are wanted.
    pub fn limit(&self, key: ServiceKey, limits: Limits) {
        self.lock().tables.services.entry(key).and_modify(|service| service.limits = limits);
    }

    /// Somebody does not want the deployment any more.
    pub fn cancel(&self, id: DeploymentId) {
        let now = self.clock.now();
        if let Some(deployment) = self.lock().tables.deployments.get_mut(&id)
            && deployment.state.is_candidate()
            && let Ok(state) = deployment.state.clone().transition(Transition::Cancelled, now)
        {
            deployment.state = state;
        }
    }

    /// The service is deleted: its rows go, a tombstone stays.
    pub fn delete_service(&self, key: ServiceKey) {
        let now = self.clock.now();
        self.lock().tables.delete_service(key, now);
    }

    /// The environment and its services are deleted.
    pub fn delete_environment(&self, environment: EnvironmentId) {
        let now = self.clock.now();
        let tables = &mut self.lock().tables;
        let keys: Vec<_> =
            tables.services.keys().filter(|key| key.environment == environment).copied().collect();
        for key in keys {
            tables.delete_service(key, now);
        }
        let Some(project) = tables.remove_environment(environment) else { return };
        let subject = Subject::Environment { project, environment };
        let tombstone = Tombstone { subject, containers: Vec::new(), made_at: now, done_at: None };
        tables.tombstones.insert(subject, tombstone);
    }

    /// The database seems to be a copy.
    pub fn mark_doubtful(&self, why: &str) {
        self.lock().tables.ownership = Ownership::Doubtful { why: why.to_owned() };
    }

    /// The service as the reconciler sees it.
    #[must_use]
    pub fn view(&self, key: ServiceKey) -> Option<ServiceView> {
        let now = self.clock.now();
        self.lock().tables.view(key, now)
    }

    /// A deployment.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> Option<Deployment> {
        self.lock().tables.deployments.get(&id).cloned()
    }

    /// How far a deployment has come, in a word.
    #[must_use]
    pub fn state_name(&self, id: DeploymentId) -> &'static str {
        self.deployment(id).map_or("unknown", |deployment| deployment.state.as_str())
    }
}

/// A queued deployment of nobody in particular.
fn queued(slug: Slug, config: RunConfig, now: Timestamp) -> Deployment {
    Deployment {
        id: DeploymentId::new(Uuid::nil()),
        project: ProjectId::new(Uuid::nil()),
        environment: EnvironmentId::new(Uuid::nil()),
        service: ServiceId::new(Uuid::nil()),
        slug,
        generation: 1,
        revision: RevisionNumber::default(),
        cause: Cause::Apply,
        author: None,
        message: Message::default(),
        config,
        image: None,
        state: DeploymentState::Queued { since: now },
        attempts: 0,
        retry_at: None,
        created_at: now,
        started_at: None,
        live_at: None,
        ended_at: None,
    }
}

/// A configuration that runs `sim/app:1`, with this command line if it is not empty.
#[must_use]
pub fn config(command: &str) -> RunConfig {
    let image = "sim/app:1".parse().expect("this is an image");
    let command = command.parse().expect("the test's command is one");
    RunConfig { command: Some(command), ..RunConfig::bare(image) }
}

/// The same, with a volume: it stops first.
#[must_use]
pub fn config_with_volume(command: &str, volume: VolumeId) -> RunConfig {
    let path = crate::MountPath::try_from("/data").expect("this is a path");
    let mounts = Map::from([(volume, path)]);
    RunConfig { mounts, strategy: Strategy::StopFirst, ..config(command) }
}

#[async_trait]
impl Rollouts for FakeRollouts {
    async fn acquire_fence(&self) -> Result<Fence, RolloutError> {
        let inner = &mut *self.lock();
        if inner.is_full {
            let source = "the disk is full".into();
            return Err(crate::Error::Internal { doing: "take over", source }.into());
        }
        inner.tables.fence += 1;
        Ok(Fence(inner.tables.fence))
    }

    async fn desired(&self, fence: Fence) -> Result<Desired, RolloutError> {
        let now = self.clock.now();
        let inner = &mut self.lock();
        inner.reads += 1;
        inner.whole_reads += 1;
        inner.tables.check_fence(fence)?;
        Ok(inner.tables.desired(now))
    }

    async fn desired_service(
        &self,
        fence: Fence,
        key: ServiceKey,
    ) -> Result<DesiredService, RolloutError> {
        let now = self.clock.now();
        let inner = &mut self.lock();
        inner.reads += 1;
        inner.tables.check_fence(fence)?;
        let mut tombstones = inner.tables.remembered_tombstones(now);
        tombstones.retain(|tombstone| tombstone.subject.service() == Some(key));
        Ok(DesiredService { service: inner.tables.view(key, now), tombstones })
    }

    async fn version(&self) -> Result<Version, RolloutError> {
        let now = self.clock.now();
        let inner = &mut *self.lock();
        if inner.loses(now) {
            return Err(lost("read the version").into());
        }
        let Inner { tables, known: (known, version), .. } = inner;
        if known != tables {
            *known = tables.clone();
            *version += 1;
        }
        Ok(Version(*version))
    }

    async fn record(
        &self,
        fence: Fence,
        at: Timestamp,
        steps: &[Step],
    ) -> Result<(), RolloutError> {
        let take = |tables: &mut RolloutTables| {
            tables.check_fence(fence)?;
            steps.iter().try_for_each(|step| tables.apply_step(at, step))
        };
        self.write(at, steps, take).await
    }

    async fn confirm_engine(&self, engine: &str) -> Result<(), RolloutError> {
        self.lock().tables.ownership = Ownership::Bound { engine: engine.to_owned() };
        Ok(())
    }
}
