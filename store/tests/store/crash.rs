//! An apply that is cut off anywhere has happened wholly or not at all.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    Address, Content, EnvironmentId, Message, Result, Secret,
    access::{InstanceRole, Mutation},
    account::Accounts,
    changes::{Applied, Changes, Selection},
    deployments::Deployments,
    edit::Edit,
    page::Page,
    project::Projects,
    testing::contracts::fixture::{mutation, name, new_service},
    workspace::Workspace,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use store::Store;

/// Polls so many times, then lets go.
struct CutOff<F> {
    future: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// Somebody at work in an environment in which there is something of each kind.
struct Work {
    store: Store,
    by: Mutation,
    place: EnvironmentId,
    fixture: StoreFixture,
}

impl Work {
    async fn new() -> Self {
        let fixture = StoreFixture::new();
        let store = fixture.open().await;
        let user = store.register_first(somebody("ann@example.com")).await.unwrap();
        let by = mutation(user.id, InstanceRole::Admin);
        let project = store.create(&by, name("shop")).await.unwrap();
        let place = store.environment(project.id, None).await.unwrap().id;
        let work = Self { store, by, place, fixture };
        let edits = vec![
            Edit::CreateService(Box::new(new_service("gone"))),
            Edit::CreateService(Box::new(new_service("stays"))),
            Edit::CreateVolume { name: name("old"), mount: None },
            Edit::CreateGroup { name: name("old"), services: Vec::new(), position: None },
            work.shared("GONE", "one"),
            work.shared("OTHER", "one"),
        ];
        work.store.write(&work.by, place, edits, Message::default(), None).await.unwrap();
        work
    }

    fn shared(&self, key: &str, value: &str) -> Edit {
        Edit::SetVariable {
            address: Address::Variable(key.try_into().unwrap()),
            value: Secret::from(value),
            sealed: false,
            only_new: false,
        }
    }

    /// Stages something of each kind: made, changed and deleted. Says what there was before.
    async fn stage(&self) -> Workspace {
        let spec = self.store.workspace(self.place).await.unwrap().spec;
        let service = |label: &str| spec.find_service(label).unwrap();
        let edits = vec![
            Edit::CreateService(Box::new(new_service("new"))),
            Edit::Clear { address: Address::Service(service("gone")) },
            Edit::CreateVolume { name: name("new"), mount: None },
            Edit::Clear { address: Address::Volume(*spec.volumes.keys().next().unwrap()) },
            Edit::CreateGroup {
                name: name("new"),
                services: vec![service("stays")],
                position: None,
            },
            Edit::Clear { address: Address::Group(*spec.groups.keys().next().unwrap()) },
            self.shared("NEW", "one"),
            self.shared("OTHER", "two"),
            Edit::Clear { address: Address::Variable("GONE".try_into().unwrap()) },
            Edit::Set {
                address: Address::ProjectName,
                content: Content::Name(name("another shop")),
            },
        ];
        self.store.stage(&self.by, self.place, edits).await.unwrap();
        self.store.workspace(self.place).await.unwrap()
    }

    async fn apply(&self) -> Result<Applied> {
        let all = Selection::UpTo { up_to: u64::MAX };
        self.store.apply(&self.by, self.place, all, Message::default()).await
    }

    /// All that an apply could have touched, as it is in the file: nothing that is held in memory.
    async fn rows(&self) -> Vec<String> {
        let db = self.sql().await;
        let mut rows = Vec::new();
        for table in tables(&db).await {
            let sql = format!("SELECT * FROM {table} ORDER BY rowid");
            let found = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
            rows.extend(found.unwrap().iter().map(|row| format!("{table}: {row:?}")));
        }
        db.close().await.unwrap();
        rows
    }

    async fn sql(&self) -> DatabaseConnection {
        let path = self.fixture.path().join("easel.db");
        Database::connect(format!("sqlite://{}", path.display())).await.unwrap()
    }
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
               AND name NOT LIKE 'seaql%' AND name NOT LIKE 'cut%' ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Triggers on each table that do this before each row that is written.
async fn on_each_write(db: &DatabaseConnection, act: impl Fn(&str, &str) -> String) {
    for table in tables(db).await {
        for how in ["INSERT", "UPDATE", "DELETE"] {
            let act = act(&table, how);
            let trigger = format!(
                "CREATE TRIGGER cut_{table}_{how} BEFORE {how} ON {table} BEGIN {act}; END"
            );
            db.execute_unprepared(&trigger).await.unwrap();
        }
    }
}

async fn drop_triggers(db: &DatabaseConnection) {
    for table in tables(db).await {
        for how in ["INSERT", "UPDATE", "DELETE"] {
            let gone = format!("DROP TRIGGER IF EXISTS cut_{table}_{how}");
            db.execute_unprepared(&gone).await.unwrap();
        }
    }
}

// DK-79, I2, F03: it fails at its first written row, at its second, and so on to the last.
#[tokio::test]
async fn an_apply_that_fails_at_any_row_it_writes_leaves_nothing() {
    let work = Work::new().await;
    let before = work.stage().await;
    let rows = work.rows().await;
    let db = work.sql().await;
    db.execute_unprepared("CREATE TABLE cut (left_over INTEGER)").await.unwrap();
    db.execute_unprepared("INSERT INTO cut VALUES (0)").await.unwrap();
    on_each_write(&db, |_, _| {
        "UPDATE cut SET left_over = left_over - 1; \
         SELECT RAISE(ABORT, 'cut') FROM cut WHERE left_over < 0"
            .to_owned()
    })
    .await;

    let mut failures = 0;
    loop {
        db.execute_unprepared(&format!("UPDATE cut SET left_over = {failures}")).await.unwrap();
        let applied = work.apply().await;
        if applied.is_ok() {
            break;
        }
        assert_eq!(work.rows().await, rows, "it failed at row {failures}");
        assert_eq!(work.store.workspace(work.place).await.unwrap(), before);
        failures += 1;
        assert!(failures < 500, "it never gets to the end");
    }

    // Services, states, deployments, tombstones, versions, the revision, events, the audit …
    assert!(failures > 25, "only {failures} rows were written");
    drop_triggers(&db).await;
    db.close().await.unwrap();
    let after = work.store.workspace(work.place).await.unwrap();
    assert_eq!((after.edits.len(), after.spec.revision), (0, before.spec.revision.next()));
}

// DK-79, I2, F03: whoever asked has gone away, wherever it was at that moment.
#[tokio::test]
async fn an_apply_that_is_cut_off_leaves_all_or_nothing() {
    let mut work = Work::new().await;
    work.stage().await;
    let mut cut = 0;
    loop {
        let before = work.store.workspace(work.place).await.unwrap();

        let answer = CutOff { future: Box::pin(work.apply()), left: cut }.await;

        // A commit that has begun ends by itself: another write waits for it.
        work.store.stage(&work.by, work.place, vec![work.shared("LATE", "one")]).await.unwrap();
        let after = work.store.workspace(work.place).await.unwrap();
        let states = work.store.states(work.place).await.unwrap();
        let revisions = work.store.revisions(work.place, Page::FIRST).await.unwrap().total_count;
        if after.spec.revision == before.spec.revision {
            assert!(answer.is_none(), "it said that it was done");
            assert_eq!(after.spec, before.spec);
            assert!(after.edits.len() >= before.edits.len());
        } else {
            assert_eq!((after.edits.len(), after.spec.services.len()), (1, 2));
        }
        assert_eq!(revisions, after.spec.revision.0);
        assert_eq!(states.len(), after.spec.services.len());
        assert!(states.iter().all(|state| state.newest.is_some()));
        if answer.is_some() {
            break;
        }
        if after.spec.revision != before.spec.revision {
            work = Work::new().await;
            work.stage().await;
        }
        cut += 1;
    }
    // It waits for the database before it writes, while it does and for its end.
    assert!(cut > 5, "it waited only {cut} times");
}

// I1: the files as they lie there the moment after the answer, without any goodbye.
#[tokio::test]
async fn what_was_acknowledged_outlives_the_process() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let crashed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(fixture.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "easel.lock" {
            std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
        }
    }

    let again = fixture.open_at(crashed.path()).await.expect("it opens");

    assert_eq!(Projects::get(&again, project.id).await.unwrap(), project);
}
