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
        Bell, ManualClock, Memory, PausedClock, SeededIds, SimEngine,
        contracts::{
            Desk, Store,
            desk::{name, new_service, own, variable},
        },
    },
};
use reconciler::{Reconcile, Settings};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Somebody at work, and everything behind them.
struct House {
    memory: Memory,
    engine: SimEngine,
    reconcile: Arc<Reconcile>,
    by: Mutation,
    environment: EnvironmentId,
    first: Snapshot,
}

impl House {
    async fn open() -> Self {
        let clock = Arc::new(PausedClock::default());
        let ids = Arc::new(SeededIds::default());
        let bell = Arc::new(Bell::default());
        let memory = Memory::new(clock.clone(), ids.clone(), bell.clone());
        let store = Store::over(memory.clone(), Arc::new(ManualClock::default()), bell);
        let Desk { by, environment, .. } = Desk::open(store).await;
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
        self.reconcile.nudge(None);
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
            if newest.is_some_and(|it| it.generation == generation && it.state.word() == word) {
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
    let house = House::open().await;
    let web = house.create("web").await;
    let db = house.create("db").await;
    house.stage(variable(own(web, "DB"), "${{db.HOST}}")).await;
    assert!(house.engine.containers_of(web).is_empty(), "what is staged does not run");

    house.apply().await;
    house.until_word(web, 1, "live").await;
    house.until_word(db, 1, "live").await;
    house.until_running(web, 1).await;
    house.assert_folded().await;

    house.stage(Edit::Clear { address: own(web, "DB") }).await;
    house.stage(Edit::Clear { address: Address::Service(db) }).await;
    let applied = house.apply().await;
    assert_eq!(applied.deleted, [db]);
    house.until_running(db, 0).await;
    house.until_word(web, 2, "live").await;
    house.until_running(web, 1).await;
    house.assert_folded().await;
}

// DK-67.
#[tokio::test(start_paused = true)]
async fn a_variable_redeploys_who_uses_it_and_nobody_else() {
    let house = House::open().await;
    let (web, db) = (house.create("web").await, house.create("db").await);
    house.apply().await;
    house.until_word(web, 1, "live").await;
    house.until_word(db, 1, "live").await;
    let before = house.engine.containers_of(db);

    house.stage(variable(own(web, "A"), "1")).await;
    house.apply().await;
    house.until_word(web, 2, "live").await;
    house.until_running(web, 1).await;

    let after = house.engine.containers_of(db);
    assert_eq!(before[0].id, after[0].id);
    house.assert_folded().await;
}

#[tokio::test(start_paused = true)]
async fn a_rename_and_more_replicas_redeploy_nobody() {
    let house = House::open().await;
    let web = house.create("web").await;
    house.apply().await;
    house.until_word(web, 1, "live").await;
    house.until_running(web, 1).await;

    let field = |field| Address::ServiceField(web, field);
    let replicas = Content::Replicas(domain::Replicas::try_from(3).expect("not too many"));
    house.stage(Edit::Set { address: field(Field::Replicas), content: replicas }).await;
    let content = Content::Name(name("api"));
    house.stage(Edit::Set { address: field(Field::Name), content }).await;
    let applied = house.apply().await;

    assert!(applied.deployments.is_empty());
    house.until_running(web, 3).await;
    house.until_word(web, 1, "live").await;
    let key = ServiceKey { environment: house.environment, service: web };
    house.reconcile.nudge(Some(key));
    house.assert_folded().await;
}

/// Whoever kills a container finds it again, and the reason in the history.
#[tokio::test(start_paused = true)]
async fn what_is_removed_by_hand_comes_back_and_history_says_so() {
    let house = House::open().await;
    let web = house.create("web").await;
    house.apply().await;
    house.until_word(web, 1, "live").await;
    house.until_running(web, 1).await;

    let container = house.engine.containers_of(web).remove(0).id;
    house.engine.remove_by_hand(&container);
    house.until_running(web, 0).await;
    house.until_running(web, 1).await;

    let history = house.memory.history(house.environment, web, 100).await.expect("it is kept");
    assert!(history.iter().any(|it| matches!(it.event, Event::Incident { .. })));
    house.assert_folded().await;
}
