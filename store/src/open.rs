//! Opening the data directory: everything is checked before anything is changed.

mod check;
mod connection;
mod directory;
mod error;
mod examine;
#[cfg(test)]
mod tests;

pub use directory::KeySource;
pub use error::OpenError;
pub use examine::Examined;

use crate::{
    cache::WorkspaceCache,
    error::is_full,
    instance_file::{self, InstanceFile},
    keyring::Keyring,
    migration::Migrator,
    row::{random_name, signed},
    storage,
    store::{Inner, Store},
    table::instance,
    work::WorkCounter,
};
use check::{check_health, check_schema, is_key_of, key_check};
use connection::{Access, connect};
use directory::{DATABASE, prepare, prepare_files, take_lock};
use domain::{Clock, Ids, InstanceId, Result, event::Announcer};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IntoActiveModel, Statement,
};
use sea_orm_migration::MigratorTrait;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};
use tokio_util::task::TaskTracker;

impl Store {
    /// Opens the data directory, or makes a new one.
    ///
    /// # Errors
    /// In words for the operator; nothing has been changed then.
    pub async fn open(
        directory: &Path,
        keys: KeySource,
        ids: Arc<dyn Ids>,
        clock: Arc<dyn Clock>,
        announcer: Arc<dyn Announcer>,
    ) -> Result<Self, OpenError> {
        let directory = prepare(directory)?;
        let lock = take_lock(&directory)?;
        let path = directory.join(DATABASE);
        let (keyring, key_path) = prepare_files(&directory, &path, &keys)?;

        let mut writer = connect(&path, Access::Write)
            .await
            .map_err(|error| OpenError::classify(&path, error))?;
        check_health(&writer, &path).await?;
        let known = check_schema(&writer, &path).await?;
        let instance_file = directory.join(instance_file::FILE);
        if known.is_none() && instance_file.exists() {
            // Emptied, or restored without its journal: to begin anew would hide the loss.
            return Err(OpenError::DatabaseMissing { path, instance_file });
        }
        if let Some(row) = &known
            && !is_key_of(&keyring, row)
        {
            return Err(OpenError::WrongKey { path: key_path });
        }
        let database = |error| OpenError::classify(&path, error);
        let is_behind =
            !Migrator::get_pending_migrations(&writer).await.map_err(database)?.is_empty();
        Migrator::up(&writer, None).await.map_err(database)?;
        let row = match known {
            Some(row) => {
                if is_behind {
                    note_version(&writer).await.map_err(database)?;
                }
                row
            }
            None => begin(&writer, &keyring, &*ids, &*clock).await.map_err(database)?,
        };
        check_instance_file(&writer, &directory, &row).await.map_err(database)?;
        let mut readers = connect(&path, Access::Read).await.map_err(database)?;
        let (is_full, work) = (Arc::default(), Arc::<WorkCounter>::default());
        // From the first write on: a server that starts on a full disk knows it.
        storage::watch(&mut writer, &directory, &is_full, &work);
        let writer_name = claim(&writer, &row).await.map_err(database)?;
        let counter = work.clone();
        readers.set_metric_callback(move |_| counter.count_statement());

        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                keyring,
                ids,
                clock,
                announcer,
                commits: TaskTracker::new(),
                version: AtomicU64::default(),
                cache: WorkspaceCache::default(),
                work,
                is_full,
                instance: InstanceId::new(row.instance_id),
                writer_name,
                directory,
                last_addresses: std::sync::Mutex::default(),
                _lock: lock,
            }),
        })
    }
}

/// Writes down who writes from now on, and says it: a process that has opened this before writes no more.
/// On a full disk nothing can be written, and what runs is looked after all the same: by the name of the
/// process before, whose lock is gone.
async fn claim(db: &DatabaseConnection, row: &instance::Model) -> Result<String, DbErr> {
    let writer = random_name();
    let sql = "UPDATE instance SET writer = ?";
    let values = [writer.as_str().into()];
    let claimed =
        db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await;
    match (claimed, &row.writer) {
        (Ok(_), _) => Ok(writer),
        (Err(error), Some(before)) if is_full(&error) => Ok(before.clone()),
        (Err(error), _) => Err(error),
    }
}

async fn note_version(db: &DatabaseConnection) -> Result<(), DbErr> {
    let sql = "UPDATE instance SET written_by = ?";
    let version = env!("CARGO_PKG_VERSION");
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [version.into()]))
        .await?;
    Ok(())
}

/// The first row of a new database.
async fn begin(
    db: &DatabaseConnection,
    keyring: &Keyring,
    ids: &dyn Ids,
    clock: &dyn Clock,
) -> Result<instance::Model, DbErr> {
    let row = instance::Model {
        id: 1,
        instance_id: ids.mint(),
        epoch: ids.mint().simple().to_string(),
        fence: 0,
        engine: None,
        doubt: None,
        key_check: key_check(keyring),
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: clock.now().as_millis(),
        writer: None,
    };
    instance::Entity::insert(row.clone().into_active_model()).exec_without_returning(db).await?;
    Ok(row)
}

/// Compares the database with the file beside it; a doubt is written down and waits for a person.
async fn check_instance_file(
    db: &DatabaseConnection,
    directory: &Path,
    row: &instance::Model,
) -> Result<(), DbErr> {
    let path = directory.join(instance_file::FILE);
    let found = InstanceFile::read(&path);
    if matches!(found, Ok(None)) && row.engine.is_none() {
        return InstanceFile::of(row, directory)
            .write(&path)
            .map_err(|error| DbErr::Custom(format!("{}: {error}", instance_file::FILE)));
    }
    let fence = found.as_ref().map_or(0, |found| found.as_ref().map_or(0, |it| it.fence));
    let doubt = InstanceFile::doubt(&found, row, directory);
    let Some(doubt) = doubt.filter(|_| row.doubt.is_none()) else { return Ok(()) };
    tracing::warn!("observing only: {doubt}");
    // Whoever has read further than this database goes must not take what follows for a continuation.
    let sql = "UPDATE instance SET doubt = ?, fence = max(fence, ?), epoch = ?";
    let values = [doubt.into(), signed(fence).into(), random_name().into()];
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await?;
    Ok(())
}
