//! A small world: an engine, rollouts, a reconciler between them, and time that jumps.

use domain::{
    Clock, DeploymentId, EnvironmentId, Timestamp,
    deployment::{Condition, DeploymentState, RunConfig},
    network::Pool,
    readiness::{HealthCheck, Probe},
    rollout::{Incident, Reconciler, Rollouts, ServiceKey, Step},
    runtime::Runtime,
    testing::{
        FakeRollouts, PausedClock, SeededIds, SimEngine, engine::SimContainer, rollouts::config,
    },
};
use reconciler::{Reconcile, Settings};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Who says where replicas answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addresses {
    /// The engine's adapter, which keeps them: always at the same address.
    Kept,
    /// The engine: somewhere else after each start.
    Chosen,
}

pub(crate) struct Simulation {
    pub(crate) clock: Arc<PausedClock>,
    pub(crate) engine: SimEngine,
    pub(crate) rollouts: FakeRollouts,
    pub(crate) environment: EnvironmentId,
    ids: Arc<SeededIds>,
    settings: Settings,
    reconcile: Arc<Reconcile>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), reconciler::LoopError>>,
}

impl Simulation {
    pub(crate) fn new() -> Self {
        Self::of(Addresses::Kept)
    }

    pub(crate) fn of(addresses: Addresses) -> Self {
        Self::with(Settings::default(), addresses)
    }

    pub(crate) fn with(settings: Settings, addresses: Addresses) -> Self {
        match addresses {
            Addresses::Kept => Self::keeping(settings, Pool::default()),
            Addresses::Chosen => Self::on(settings, |clock, _| SimEngine::new(clock)),
        }
    }

    /// With an adapter that keeps addresses of this pool.
    pub(crate) fn keeping(settings: Settings, pool: Pool) -> Self {
        Self::on(settings, |clock, rows| SimEngine::keeping(clock, Arc::new(rows), pool))
    }

    fn on(
        settings: Settings,
        engine: impl FnOnce(Arc<PausedClock>, FakeRollouts) -> SimEngine,
    ) -> Self {
        let clock = Arc::new(PausedClock::default());
        let ids = Arc::new(SeededIds::default());
        let rollouts = FakeRollouts::new(clock.clone(), ids.clone());
        let engine = engine(clock.clone(), rollouts.clone());
        let environment = rollouts.add_environment();
        let (reconcile, stop, task) = begin(&clock, &ids, &engine, &rollouts, &settings);
        Self { clock, engine, rollouts, environment, ids, settings, reconcile, stop, task }
    }

    /// Easel dies at once, and another one is started.
    pub(crate) async fn restart(&mut self) {
        if !self.task.is_finished() {
            self.task.abort();
            let _dead = (&mut self.task).await;
        }
        let (reconcile, stop, task) =
            begin(&self.clock, &self.ids, &self.engine, &self.rollouts, &self.settings);
        (self.reconcile, self.stop, self.task) = (reconcile, stop, task);
    }

    /// Easel is asked to stop, and has stopped.
    pub(crate) async fn stop(&mut self) -> Result<(), reconciler::LoopError> {
        self.stop.cancel();
        (&mut self.task).await.expect("the loop does not panic")
    }

    pub(crate) fn reconciler(&self) -> &dyn Reconciler {
        &*self.reconcile
    }

    pub(crate) fn service(&self, slug: &str, desired_count: u16) -> ServiceKey {
        self.rollouts.add_service(self.environment, slug, desired_count)
    }

    pub(crate) fn deploy(&self, key: ServiceKey, config: RunConfig) -> DeploymentId {
        let id = self.rollouts.deploy(key, config);
        self.reconcile.trigger(Some(key));
        id
    }

    pub(crate) fn trigger(&self, key: ServiceKey) {
        self.reconcile.trigger(Some(key));
    }

    /// A service that runs.
    pub(crate) async fn live(&self, slug: &str, desired_count: u16, command: &str) -> ServiceKey {
        self.live_with(slug, desired_count, config(command)).await
    }

    pub(crate) async fn live_with(
        &self,
        slug: &str,
        desired_count: u16,
        config: RunConfig,
    ) -> ServiceKey {
        let key = self.service(slug, desired_count);
        let id = self.deploy(key, config);
        self.until_word(id, "live").await;
        self.until_condition(key, Condition::Running).await;
        self.settle().await;
        key
    }

    /// Waits until the claim holds; time passes as fast as everybody waits.
    pub(crate) async fn until(&self, what: &str, claim: impl Fn(&Self) -> bool) {
        let deadline = self.clock.now().plus(Duration::from_secs(900));
        while !claim(self) {
            assert!(
                self.clock.now() < deadline,
                "never: {what}\nstatus: {:?}\nengine: {:#?}\nrollouts: {:#?}\njournal: {:#?}",
                self.reconcile.status(),
                self.engine.state().containers.values().collect::<Vec<_>>(),
                self.rollouts
                    .tables()
                    .services
                    .keys()
                    .map(|key| self.rollouts.view(*key))
                    .collect::<Vec<_>>(),
                self.rollouts.journal().iter().rev().take(30).collect::<Vec<_>>(),
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_word(&self, id: DeploymentId, word: &str) {
        self.until(&format!("{id} is {word}"), |simulation| {
            simulation.rollouts.state_name(id) == word
        })
        .await;
    }

    pub(crate) async fn until_condition(&self, key: ServiceKey, condition: Condition) {
        self.until(&format!("{condition:?}"), |simulation| {
            simulation.condition(key) == Some(condition)
        })
        .await;
    }

    /// Lets this much time pass.
    pub(crate) async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Lets what is under way come to an end.
    pub(crate) async fn settle(&self) {
        self.pass(Duration::from_millis(500)).await;
        self.until("nobody is busy", |simulation| simulation.reconcile.status().in_progress == 0)
            .await;
    }

    pub(crate) fn condition(&self, key: ServiceKey) -> Option<Condition> {
        self.rollouts.view(key)?.condition.map(|(condition, _)| condition)
    }

    pub(crate) fn containers(&self, key: ServiceKey) -> Vec<SimContainer> {
        self.engine.containers_of(key.service)
    }

    pub(crate) fn only(&self, key: ServiceKey) -> SimContainer {
        let mut containers = self.containers(key);
        assert_eq!(containers.len(), 1, "exactly one container: {containers:#?}");
        containers.remove(0)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_healthy(&self, key: ServiceKey, count: usize) -> bool {
        let now = self.now();
        let containers = self.containers(key);
        containers.len() == count && containers.iter().all(|it| it.is_healthy(now))
    }

    /// All incidents so far.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        let incident = |(_, step)| match step {
            Step::Incident { incident, .. } => Some(incident),
            _ => None,
        };
        self.rollouts.journal().into_iter().filter_map(incident).collect()
    }

    /// Why the deployment has failed.
    pub(crate) fn failure(&self, id: DeploymentId) -> domain::deployment::Failure {
        match self.rollouts.deployment(id).map(|it| it.state) {
            Some(DeploymentState::Failed { failure, .. }) => failure,
            other => panic!("it has not failed: {other:?}"),
        }
    }

    /// Asserts that in the next two minutes nothing is changed and nothing is written.
    pub(crate) async fn assert_at_rest(&self) {
        self.settle().await;
        let writes = self.rollouts.writes();
        let journal = self.rollouts.journal().len();
        drop(self.engine.take_calls());
        self.pass(Duration::from_secs(120)).await;
        let mutations: Vec<_> =
            self.engine.take_calls().into_iter().filter(|it| it.kind.is_mutation()).collect();
        assert_eq!(mutations, [], "calls that change something");
        let written: Vec<_> = self.rollouts.journal().split_off(journal);
        assert_eq!(self.rollouts.writes(), writes, "writes: {written:#?}");
    }
}

fn begin(
    clock: &Arc<PausedClock>,
    ids: &Arc<SeededIds>,
    engine: &SimEngine,
    rollouts: &FakeRollouts,
    settings: &Settings,
) -> (Arc<Reconcile>, CancellationToken, JoinHandle<Result<(), reconciler::LoopError>>) {
    let runtime: Arc<dyn Runtime> = Arc::new(engine.clone());
    let port: Arc<dyn Rollouts> = Arc::new(rollouts.clone());
    let reconcile = Reconcile::new(runtime, port, clock.clone(), ids.clone(), settings.clone());
    let stop = CancellationToken::new();
    let task = tokio::spawn(Arc::clone(&reconcile).run(stop.clone()));
    (reconcile, stop, task)
}

/// A program whose port 80 is asked whether it is ready.
pub(crate) fn with_port(command: &str) -> RunConfig {
    let probe = Probe::Tcp { port: 80.try_into().expect("this is a port") };
    RunConfig { check: HealthCheck { probe, ..HealthCheck::default() }, ..config(command) }
}

/// A program of this image.
pub(crate) fn with_image(image: &str) -> RunConfig {
    RunConfig { image: image.parse().expect("this is an image"), ..config("listen 80 0") }
}
