//! What keeps the rows that the API speaks of: SQLite, in a folder of its own.

use domain::{
    EnvironmentId,
    testing::{ManualClock, SeededIds, TestBus},
};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use std::sync::Arc;
use store::{KeySource, Store};
use tempfile::TempDir;

/// The store behind the API.
pub(crate) struct Rows {
    pub(crate) store: Store,
    folder: TempDir,
}

impl Rows {
    pub(crate) async fn open(
        clock: Arc<ManualClock>,
        ids: Arc<SeededIds>,
        bus: Arc<TestBus>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let store = Store::open(folder.path(), KeySource::DataDir, ids, clock, bus).await;
        Self { store: store.expect("the store opens"), folder }
    }

    /// Forgets the events of an environment up to this number, as if they had grown old.
    pub(crate) async fn forget_events(&self, environment: EnvironmentId, up_to: u64) {
        let url = format!("sqlite://{}", self.folder.path().join("easel.db").display());
        let db = Database::connect(url).await.expect("the file is a database");
        let sql = "DELETE FROM event WHERE environment_id = ? AND number <= ?";
        let up_to = i64::try_from(up_to).expect("it is small");
        let values = [environment.as_uuid().into(), up_to.into()];
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        db.execute_raw(statement).await.expect("the statement is sound");
        db.close().await.expect("it closes");
    }
}
