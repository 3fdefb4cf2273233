//! What is old is forgotten, and nothing else.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    Address, Clock, EnvironmentId, Ids, Message, ReplicaId, Secret, ServiceId,
    access::{InstanceRole, Mutation},
    account::Accounts,
    audit::Audit,
    canvas::Snapshots,
    changes::{Changes, Selection},
    deployment::Condition,
    deployments::Deployments,
    edit::{Edit, NewService, NewVariable},
    event::{EventLog, Replay},
    layout::{Layouts, Node, Position},
    page::Page,
    project::Projects,
    rollout::{Fence, Rollouts, ServiceKey, Step},
    runtime::ReplicaHandle,
    testing::contracts::fixture::{mutation, name, new_service},
};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use std::{fs, path::Path, time::Duration};
use store::{Retention, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A store with a project, and one service in it that has a secret.
struct Kept {
    fixture: StoreFixture,
    store: Store,
    by: Mutation,
    place: EnvironmentId,
    service: ServiceId,
}

impl Kept {
    async fn new() -> Self {
        let fixture = StoreFixture::new();
        let store = fixture.open().await;
        let user = store.register_first(somebody("ann@example.com")).await.unwrap();
        let by = mutation(user.id, InstanceRole::Admin);
        let project = store.create(&by, name("shop")).await.unwrap();
        let place = store.environment(project.id, None).await.unwrap().id;
        let variable = NewVariable { value: Secret::from("planted"), sealed: false };
        let variables = [("TOKEN".try_into().unwrap(), variable)].into_iter().collect();
        let web = Edit::CreateService(Box::new(NewService { variables, ..new_service("web") }));
        let (_, applied) =
            store.write(&by, place, vec![web], Message::default(), None).await.unwrap();
        let service = applied.created[0];
        Self { fixture, store, by, place, service }
    }

    async fn write(&self, edits: Vec<Edit>) {
        let Self { store, by, place, .. } = self;
        store.write(by, *place, edits, Message::default(), None).await.unwrap();
    }

    fn token(&self) -> Address {
        Address::ServiceVariable(self.service, "TOKEN".try_into().unwrap())
    }

    /// So many events that belong to no service's history: containers come and go.
    async fn happen_to_nobody(&self, fence: Fence, count: usize) {
        let Self { store, place, service, fixture, .. } = self;
        let page = Deployments::list(store, *place, *service, Page::FIRST).await.unwrap();
        let (deployment, at) = (page.data[0].id, fixture.clock.now());
        let replica = ReplicaId::new(fixture.ids.mint());
        let added = Step::ReplicaAdded { replica, deployment, index: 0 };
        store.record(fence, at, &[added]).await.unwrap();
        let container = || ReplicaHandle("c".to_owned());
        let pair = || {
            [
                Step::ContainerMade { replica, container: container() },
                Step::ContainerLost { replica, container: container() },
            ]
        };
        for _ in 0..count.div_ceil(500) {
            let steps: Vec<Step> = (0..250).flat_map(|_| pair()).collect();
            store.record(fence, at, &steps).await.unwrap();
        }
    }

    async fn prune_after(&self, time: Duration) {
        self.fixture.clock.advance(time);
        self.store.prune(&Retention::default()).await.unwrap();
    }
}

/// Everything that is encrypted in the database, as it lies there.
async fn ciphertexts(path: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let url = format!("sqlite://{}?mode=ro", path.join("easel.db").display());
    let db = Database::connect(url).await.unwrap();
    let mut found = Vec::new();
    for (table, column) in [
        ("variable", "value"),
        ("revision", "body"),
        ("deployment", "config"),
        ("staged_edit", "content"),
    ] {
        let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        found.extend(rows.iter().map(|row| (table, row.try_get_by_index(0).unwrap())));
    }
    db.close().await.unwrap();
    found
}

/// Which of them are anywhere in the files.
fn in_files(directory: &Path, wanted: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
    let files: Vec<Vec<u8>> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read(path).unwrap())
        .collect();
    // The beginning is enough to know it by, and lies in one page.
    let is_in = |bytes: &[u8], file: &[u8]| {
        let head = &bytes[..bytes.len().min(64)];
        file.windows(head.len()).any(|part| part == head)
    };
    let is_there = |(_, bytes): &&(&str, Vec<u8>)| files.iter().any(|file| is_in(bytes, file));
    wanted.iter().filter(is_there).map(|(table, _)| *table).collect()
}

// S48: whoever has the key and the file finds no value that was deleted long ago.
#[tokio::test]
async fn a_deleted_value_is_in_no_file_after_the_retention() {
    let kept = Kept::new().await;
    let staged = Edit::SetVariable {
        address: kept.token(),
        value: Secret::from("planted too"),
        sealed: false,
        only_new: false,
    };
    let staging = kept.store.stage(&kept.by, kept.place, vec![staged]).await.unwrap();
    kept.store.discard(&kept.by, kept.place, &staging.edits, None).await.unwrap();
    let planted = ciphertexts(kept.fixture.path()).await;
    let tables: Vec<&str> = planted.iter().map(|(table, _)| *table).collect();
    assert_eq!(tables, ["variable", "revision", "deployment", "staged_edit"]);

    kept.write(vec![Edit::Clear { address: kept.token() }]).await;

    // What the change has replaced is in its revision, too.
    let planted: Vec<_> = ciphertexts(kept.fixture.path())
        .await
        .into_iter()
        .filter(|(table, bytes)| {
            *table == "revision" && !planted.contains(&(*table, bytes.clone()))
        })
        .chain(planted.clone())
        .collect();
    assert_eq!(planted.len(), 5);
    let left = in_files(kept.fixture.path(), &planted);
    assert!(left.contains(&"revision") && left.contains(&"deployment"), "{left:?}");
    kept.prune_after(89 * DAY).await;
    let left = in_files(kept.fixture.path(), &planted);
    assert!(left.contains(&"deployment"), "it may be gone back to: {left:?}");
    kept.prune_after(DAY * 2).await;
    let left = in_files(kept.fixture.path(), &planted);
    assert!(!left.contains(&"deployment") && left.contains(&"revision"), "{left:?}");
    kept.prune_after(300 * DAY).await;

    assert_eq!(in_files(kept.fixture.path(), &planted), Vec::<&str>::new());
    let page = Deployments::list(&kept.store, kept.place, kept.service, Page::FIRST).await.unwrap();
    assert_eq!(page.total_count, 1, "the latest stays");
}

#[tokio::test]
async fn a_deployment_that_serves_or_is_the_latest_is_never_forgotten() {
    let kept = Kept::new().await;
    let Kept { store, fixture, place, service, by } = &kept;
    let fence = store.acquire_fence().await.unwrap();
    let first = Deployments::list(store, *place, *service, Page::FIRST).await.unwrap().data[0].id;
    promote(store, fence, first, fixture).await;
    for _ in 0..3 {
        store.redeploy(by, *place, *service, Message::default()).await.unwrap();
    }

    kept.prune_after(1000 * DAY).await;

    let left = Deployments::list(store, *place, *service, Page::FIRST).await.unwrap().data;
    let generations: Vec<u64> = left.iter().map(|one| one.generation).collect();
    assert_eq!(generations, [4, 1], "the latest, and the one that serves");
    let state = store.state(*place, *service).await.unwrap().unwrap();
    assert_eq!(state.active.map(|active| active.id), Some(first));
}

/// Brings a deployment all the way to the one that serves.
async fn promote(
    store: &Store,
    fence: Fence,
    deployment: domain::DeploymentId,
    fixture: &StoreFixture,
) {
    use domain::deployment::Transition;
    let reached = |transition| Step::Reached { deployment, transition };
    let steps = [
        reached(Transition::StartRequested),
        reached(Transition::Started),
        reached(Transition::Ready),
        Step::Promoted { deployment },
    ];
    store.record(fence, fixture.clock.now(), &steps).await.unwrap();
}

#[tokio::test]
async fn the_audit_and_revisions_go_after_a_year() {
    let kept = Kept::new().await;
    let before = kept.store.entries(None, Page::FIRST).await.unwrap().total_count;
    assert!(before > 2);

    kept.prune_after(364 * DAY).await;
    assert_eq!(kept.store.entries(None, Page::FIRST).await.unwrap().total_count, before);
    assert_eq!(kept.store.revisions(kept.place, Page::FIRST).await.unwrap().total_count, 1);
    kept.prune_after(2 * DAY).await;

    let left = kept.store.entries(None, Page::FIRST).await.unwrap();
    assert_eq!(left.total_count, 1, "the last one vouches for what follows");
    assert_eq!(kept.store.verify().await.unwrap().broken_at, None);
    assert_eq!(kept.store.revisions(kept.place, Page::FIRST).await.unwrap().total_count, 0);
    kept.write(vec![Edit::Clear { address: kept.token() }]).await;
    let revisions = kept.store.revisions(kept.place, Page::FIRST).await.unwrap().data;
    assert_eq!(revisions[0].number.0, 2, "numbers go on");
    assert_eq!(kept.store.verify().await.unwrap().broken_at, None);
}

// "Why is it down?" is answered after however much has happened to others.
#[tokio::test]
async fn what_happened_to_a_service_is_not_pushed_out_by_what_happened_to_others() {
    let kept = Kept::new().await;
    let Kept { store, place, service, fixture, .. } = &kept;
    let fence = store.acquire_fence().await.unwrap();
    let key = ServiceKey { environment: *place, service: *service };
    let crashed = Step::ConditionChanged {
        service: key,
        condition: Condition::Crashed,
        why: Some("it ended with 7".to_owned()),
    };
    let at = fixture.clock.now();
    store.record(fence, at, &[crashed]).await.unwrap();
    let first = store.snapshot(*place).await.unwrap().number;

    kept.happen_to_nobody(fence, 5_050).await;

    let told = async || {
        let history = store.history(*place, *service, 100).await.unwrap();
        format!("{history:?}").contains("it ended with 7")
    };
    assert!(told().await);
    // Whoever was there then has missed others: they are told to look anew.
    assert_eq!(store.after(*place, first - 1, 100).await.unwrap(), Replay::Gone);
    let last = store.snapshot(*place).await.unwrap().number;
    assert!(last > first + 5_000);
    assert_ne!(store.after(*place, last - 4_900, 100).await.unwrap(), Replay::Gone);
    kept.prune_after(29 * DAY).await;
    assert!(told().await);
    kept.prune_after(2 * DAY).await;
    assert!(!told().await);
}

#[tokio::test]
async fn a_service_keeps_its_last_five_hundred_events_and_no_more() {
    let kept = Kept::new().await;
    let Kept { store, place, service, fixture, .. } = &kept;
    let fence = store.acquire_fence().await.unwrap();
    let key = ServiceKey { environment: *place, service: *service };
    let step = |number: usize| Step::ConditionChanged {
        service: key,
        condition: if number.is_multiple_of(2) { Condition::Crashed } else { Condition::Running },
        why: Some(format!("number {number}")),
    };
    let steps: Vec<Step> = (0..2_000).map(step).collect();
    for batch in steps.chunks(500) {
        let at = fixture.clock.now();
        store.record(fence, at, batch).await.unwrap();
    }
    kept.happen_to_nobody(fence, 5_100).await;

    store.prune(&Retention::default()).await.unwrap();

    let history = store.history(*place, *service, 10_000).await.unwrap();
    assert_eq!(history.len(), 500);
    assert!(format!("{:?}", &history[..3]).contains("number 1999"), "the last ones");
}

#[tokio::test]
async fn a_place_on_the_canvas_goes_a_while_after_what_lay_there() {
    let kept = Kept::new().await;
    let Kept { store, by, place, service, .. } = &kept;
    let node = Node::Service(*service);
    store.place(by, *place, &[(node, Position { x: 3, y: 4 })]).await.unwrap();
    let lies = async || store.snapshot(*place).await.unwrap().layout.contains_key(&node);

    kept.prune_after(100 * DAY).await;
    assert!(lies().await, "what is there keeps its place");
    kept.write(vec![Edit::Clear { address: Address::Service(*service) }]).await;
    kept.prune_after(DAY).await;
    kept.prune_after(29 * DAY).await;
    assert!(lies().await, "it may come back");
    kept.prune_after(2 * DAY).await;

    assert!(!lies().await);
}

// Pruning touches what is old, and nothing beside it.
#[tokio::test]
async fn what_another_environment_has_stays_when_one_is_gone() {
    let kept = Kept::new().await;
    let Kept { store, by, place, fixture, .. } = &kept;
    let other = store.create(by, name("other")).await.unwrap();
    let there = store.environment(other.id, None).await.unwrap().id;
    let web = Edit::CreateService(Box::new(new_service("web")));
    store.write(by, there, vec![web], Message::default(), None).await.unwrap();
    let logged = store.after(*place, 0, 100).await.unwrap();
    store.delete(by, other.id).await.unwrap();

    store.prune(&Retention::default()).await.unwrap();
    let said = store.after(there, 0, 100).await.unwrap();
    assert!(
        matches!(said, Replay::Events(events) if !events.is_empty()),
        "readers learn of its end"
    );
    fixture.clock.advance(2 * DAY);
    store.prune(&Retention::default()).await.unwrap();

    assert_eq!(store.after(there, 0, 100).await.unwrap(), Replay::Events(Vec::new()));
    assert_eq!(store.after(*place, 0, 100).await.unwrap(), logged);
    let snapshot = store.snapshot(*place).await.unwrap();
    assert_eq!((snapshot.spec.services.len(), snapshot.states.len()), (1, 1));
}

// What is written about volumes that nobody refers to any more is read back from the file.
#[tokio::test]
async fn a_volume_that_is_left_behind_is_written_down_until_it_is_found_again() {
    let kept = Kept::new().await;
    let Kept { store, by, place, fixture, .. } = &kept;
    let volume = Edit::CreateVolume { name: name("data"), mount: None };
    let (staging, _) =
        store.write(by, *place, vec![volume], Message::default(), None).await.unwrap();
    let address = staging.addresses[0].clone();
    let left = async || {
        let url = format!("sqlite://{}?mode=ro", fixture.path().join("easel.db").display());
        let db = Database::connect(url).await.unwrap();
        let sql = "SELECT name FROM left_behind ORDER BY name";
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        let names: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        db.close().await.unwrap();
        names
    };
    assert_eq!(left().await, Vec::<String>::new());

    kept.write(vec![Edit::Clear { address }]).await;

    assert_eq!(left().await, ["data"]);
    let project = store.snapshot(*place).await.unwrap().project.id;
    let more = Edit::CreateVolume { name: name("more"), mount: None };
    kept.write(vec![more]).await;
    store.delete(by, project).await.unwrap();
    assert_eq!(left().await, ["data", "more"]);
}

// Whoever stages and discards all day fills no disk; what was discarded last can be brought back.
#[tokio::test]
async fn what_is_discarded_again_and_again_does_not_pile_up() {
    let kept = Kept::new().await;
    let Kept { store, by, place, .. } = &kept;
    let value = "x".repeat(64 * 1024);
    let variables = |round: usize| -> Vec<Edit> {
        (0..100)
            .map(|number| Edit::SetVariable {
                address: Address::Variable(format!("K_{round}_{number}").try_into().unwrap()),
                value: Secret::new(value.clone()),
                sealed: false,
                only_new: false,
            })
            .collect()
    };

    let mut last = Vec::new();
    for round in 0..13 {
        store.stage(by, *place, variables(round)).await.unwrap();
        last = store.discard(by, *place, &[], None).await.unwrap().edits;
    }

    let url = format!("sqlite://{}?mode=ro", kept.fixture.path().join("easel.db").display());
    let db = Database::connect(url).await.unwrap();
    let sql = "SELECT sum(length(content)) FROM staged_edit";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    let bytes: i64 = row.unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    assert!(bytes < 64 * 1024 * 1024, "{bytes} bytes of discarded edits are kept");
    let staging = store.restore(by, *place, &last).await.unwrap();
    assert_eq!(staging.edits.len(), 100);
}

// Keeping one's own value moves its edits onto the present revision: read back by another process.
#[tokio::test]
async fn an_edit_that_is_kept_in_a_conflict_is_read_back_upon_the_new_revision() {
    let kept = Kept::new().await;
    let Kept { store, by, place, .. } = &kept;
    let set = |value: &str| Edit::SetVariable {
        address: kept.token(),
        value: Secret::from(value),
        sealed: false,
        only_new: false,
    };
    let mine = store.stage(by, *place, vec![set("mine")]).await.unwrap();
    kept.write(vec![set("theirs")]).await;
    let all = Selection::UpTo { up_to: u64::MAX };
    let conflict = store.apply(by, *place, all.clone(), Message::default()).await;
    assert!(matches!(conflict, Err(domain::Error::Conflict(_))), "{conflict:?}");

    store.settle(by, *place, mine.edits[0], domain::changes::Keep::Mine).await.unwrap();

    store.close().await;
    drop(kept.store);
    let store = kept.fixture.open().await;
    let workspace = store.workspace(kept.place).await.unwrap();
    assert_eq!(workspace.edits[0].base, workspace.spec.revision);
    let applied = store.apply(&kept.by, kept.place, all, Message::default()).await.unwrap();
    assert_eq!(applied.applied_count, 1);
}
