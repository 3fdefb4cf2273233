//! A store in a directory of its own.

use domain::{
    Clock, Email, Ids, Name, Secret,
    access::InstanceRole,
    account::NewUser,
    event::Announcer,
    testing::{ManualClock, SeededIds, TestBus, contracts},
};
use std::{path::Path, sync::Arc};
use store::{KeySource, OpenError, Store};
use tempfile::TempDir;

/// What a store is opened with, and where it lies.
pub(crate) struct StoreFixture {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bus: Arc<TestBus>,
    pub(crate) ids: Arc<SeededIds>,
}

impl StoreFixture {
    pub(crate) fn new() -> Self {
        Self::with(SeededIds::default())
    }

    pub(crate) fn with(ids: SeededIds) -> Self {
        Self {
            directory: tempfile::tempdir().expect("there is room for a directory"),
            clock: Arc::default(),
            bus: Arc::default(),
            ids: Arc::new(ids),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) async fn try_open(&self) -> Result<Store, OpenError> {
        self.open_at(self.path()).await
    }

    pub(crate) async fn open_at(&self, path: &Path) -> Result<Store, OpenError> {
        let ids: Arc<dyn Ids> = self.ids.clone();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let announcer: Arc<dyn Announcer> = self.bus.clone();
        Store::open(path, KeySource::DataDir, ids, clock, announcer).await
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.expect("the store opens")
    }

    /// The same, as the contracts take it.
    pub(crate) async fn contract(self) -> contracts::Store {
        let store = self.open().await;
        self.over(store)
    }

    pub(crate) fn over(self, store: Store) -> contracts::Store {
        let mut ports = contracts::Store::over(store, self.clock.clone(), self.bus.clone());
        ports.keep = Arc::new(self);
        ports
    }
}

/// A new account.
pub(crate) fn somebody(email: &str) -> NewUser {
    NewUser {
        email: Email::try_from(email).expect("the test's e-mail is one"),
        name: Name::try_from("Ann").expect("the test's name is one"),
        role: InstanceRole::Member,
        password_hash: Secret::from("$2b$12$planted-hash-4711"),
    }
}

/// A query on a closed store's file, by another connection.
pub(crate) async fn sql(path: &Path, statement: &str) {
    use sea_orm::ConnectionTrait;
    let url = format!("sqlite://{}", path.join("easel.db").display());
    let db = sea_orm::Database::connect(url).await.expect("the file is a database");
    db.execute_unprepared(statement).await.expect("the statement is sound");
    db.close().await.expect("it closes");
}
