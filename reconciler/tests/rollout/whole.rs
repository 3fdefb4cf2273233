//! The whole way, from an edit to a running container and back, on the simulated engine.

use domain::{
    Address, Content, EnvironmentId, Field, Message, ServiceId,
    access::Mutation,
    canvas::{Snapshot, Snapshots},
    changes::{Applied, Changes, Selection},
    edit::Edit,
    event::{Event, EventLog, Replay},
    rollout::{Reconciler, ServiceKey},
    runtime::ContainerState,
    testing::{
        ManualClock, Memory, PausedClock, SeededIds, SimEngine, TestBus,
        contracts::{
            Fixture, Store,
            fixture::{name, new_service, own, variable},
        },
    },
};
use reconciler::{Reconcile, Settings};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Somebody at work, and everything behind them.
struct System {
    memory: Memory,
    engine: SimEngine,
    reconcile: Arc<Reconcile>,
    by: Mutation,
    environment: EnvironmentId,
    first: Snapshot,
}

impl System {
    async fn open() -> Self {
        let clock = Arc::new(PausedClock::default());
        let ids = Arc::new(SeededIds::default());
        let bus = Arc::new(TestBus::default());
        let memory = Memory::new(clock.clone(), ids.clone(), bus.clone());
        let store = Store::over(memory.clone(), Arc::new(ManualClock::default()), bus);
        let Fixture { by, environment, .. } = Fixture::open(store).await;
        let first = memory.snapshot(environment).await.expect("there is a snapshot");
        let engine = SimEngine::new(clock.clone());
        let reconcile = Reconcile::new(
            Arc::new(engine.clone()),
            Arc::new(memory.clone()),
            clock,
            ids,
            Settings::default(),
        );
        tokio::spawn({
            let reconcile = reconcile.clone();
            async move { reconcile.run(CancellationToken::new()).await }
        });
        Self { memory, engine, reconcile, by, environment, first }
    }

    async fn stage(&self, edit: Edit) -> Address {
        let staging = self.memory.stage(&self.by, self.environment, vec![edit]).await;
        staging.expect("it can be staged").addresses.remove(0)
    }

    async fn create(&self, text: &str) -> ServiceId {
        let mut new = new_service(text);
        new.source = domain::testing::contracts::image("sim/app:1");
        let edit = Edit::CreateService(Box::new(new));
        self.stage(edit).await.service().expect("it makes a service")
    }

    async fn apply(&self) -> Applied {
        let selection = Selection::UpTo { up_to: u64::MAX };
        let message = Message::default();
        let applied = self.memory.apply(&self.by, self.environment, selection, message).await;
        self.reconcile.trigger(None);
        applied.expect("it can be applied")
    }

    async fn snapshot(&self) -> Snapshot {
        self.memory.snapshot(self.environment).await.expect("there is a snapshot")
    }

    /// Waits until the newest deployment of a service is like this.
    async fn until_word(&self, service: ServiceId, generation: u64, word: &str) {
        for _ in 0..10_000 {
            let states = self.snapshot().await.states;
            let newest = states.get(&service).and_then(|state| state.newest.as_ref());
            if newest.is_some_and(|it| it.generation == generation && it.state.as_str() == word) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never was {word}: {:#?}", self.snapshot().await.states);
    }

    async fn until_running(&self, service: ServiceId, count: usize) {
        for _ in 0..10_000 {
            let containers = self.engine.containers_of(service);
            let running =
                containers.iter().filter(|it| it.state == ContainerState::Running).count();
            if running == count && containers.len() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("there never were {count}: {:#?}", self.engine.containers_of(service));
    }

    /// A canvas that was open all the time shows what a fresh one shows.
    async fn assert_folded(&self) {
        let snapshot = self.snapshot().await;
        let mut folded = self.first.clone();
        match self.memory.after(self.environment, folded.number, 10_000).await {
            Ok(Replay::Events(events)) => events.into_iter().for_each(|event| folded.fold(event)),
            other => panic!("the events cannot be read: {other:?}"),
        }
        folded.people = snapshot.people.clone();
        assert_eq!(folded, snapshot);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_applied_runs_and_what_is_deleted_is_gone() {
    let system = System::open().await;
    let web = system.create("web").await;
    let db = system.create("db").await;
    system.stage(variable(own(web, "DB"), "${{db.HOST}}")).await;
    assert!(system.engine.containers_of(web).is_empty(), "what is staged does not run");

    system.apply().await;
    system.until_word(web, 1, "live").await;
    system.until_word(db, 1, "live").await;
    system.until_running(web, 1).await;
    system.assert_folded().await;

    system.stage(Edit::Clear { address: own(web, "DB") }).await;
    system.stage(Edit::Clear { address: Address::Service(db) }).await;
    let applied = system.apply().await;
    assert_eq!(applied.deleted, [db]);
    system.until_running(db, 0).await;
    system.until_word(web, 2, "live").await;
    system.until_running(web, 1).await;
    system.assert_folded().await;
}

// DK-67.
#[tokio::test(start_paused = true)]
async fn a_variable_redeploys_who_uses_it_and_nobody_else() {
    let system = System::open().await;
    let (web, db) = (system.create("web").await, system.create("db").await);
    system.apply().await;
    system.until_word(web, 1, "live").await;
    system.until_word(db, 1, "live").await;
    let before = system.engine.containers_of(db);

    system.stage(variable(own(web, "A"), "1")).await;
    system.apply().await;
    system.until_word(web, 2, "live").await;
    system.until_running(web, 1).await;

    let after = system.engine.containers_of(db);
    assert_eq!(before[0].id, after[0].id);
    system.assert_folded().await;
}

#[tokio::test(start_paused = true)]
async fn a_rename_and_more_replicas_redeploy_nobody() {
    let system = System::open().await;
    let web = system.create("web").await;
    system.apply().await;
    system.until_word(web, 1, "live").await;
    system.until_running(web, 1).await;

    let field = |field| Address::ServiceField(web, field);
    let replicas = Content::Replicas(domain::Replicas::try_from(3).expect("not too many"));
    system.stage(Edit::Set { address: field(Field::Replicas), content: replicas }).await;
    let content = Content::Name(name("api"));
    system.stage(Edit::Set { address: field(Field::Name), content }).await;
    let applied = system.apply().await;

    assert!(applied.deployments.is_empty());
    system.until_running(web, 3).await;
    system.until_word(web, 1, "live").await;
    let key = ServiceKey { environment: system.environment, service: web };
    system.reconcile.trigger(Some(key));
    system.assert_folded().await;
}

/// Whoever kills a container finds it again, and the reason in the history.
#[tokio::test(start_paused = true)]
async fn what_is_removed_by_hand_comes_back_and_history_says_so() {
    let system = System::open().await;
    let web = system.create("web").await;
    system.apply().await;
    system.until_word(web, 1, "live").await;
    system.until_running(web, 1).await;

    let container = system.engine.containers_of(web).remove(0).id;
    system.engine.remove_by_hand(&container);
    system.until_running(web, 0).await;
    system.until_running(web, 1).await;

    let history = system.memory.history(system.environment, web, 100).await.expect("it is kept");
    assert!(history.iter().any(|it| matches!(it.event, Event::Incident { .. })));
    system.assert_folded().await;
}
