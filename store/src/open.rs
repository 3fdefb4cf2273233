//! Opening the data directory: everything is checked before anything is changed.

mod error;
mod examine;
#[cfg(test)]
mod tests;

pub use error::OpenError;
pub use examine::Examined;

use crate::{
    beside::Beside,
    error::failed,
    lock::{Lock, Refused},
    migration::Migrator,
    row::{signed, unsigned},
    storage,
    table::instance,
    vault::{KeyError, Place, Vault},
};
use domain::{Clock, Error, Ids, InstanceId, Result, event::Announcer};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, EntityTrait, IntoActiveModel, Statement, TransactionTrait,
    sqlx::{self, Connection, SqliteConnection},
};
use sea_orm_migration::MigratorTrait;
use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};
use tokio_util::task::TaskTracker;

const DATABASE: &str = "easel.db";
const KEY: &str = "easel.key";
const BESIDE: &str = "instance.json";
const LOCK: &str = "easel.lock";
const READERS: u32 = 4;

const CHECK: Place<'_> = Place { table: "instance", row: "1", column: "key_check" };
const CHECK_TEXT: &[u8] = b"this is the right key";

/// Where the encryption key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// `easel.key` in the data directory, made when the database is.
    #[default]
    Beside,
    /// Another file, which must exist: a mounted secret, a systemd credential.
    File(PathBuf),
}

/// Everything that Easel keeps: implements the domain's ports. Clones share one database.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    pub(crate) vault: Vault,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) announcer: Arc<dyn Announcer>,
    /// Commits on their way.
    pub(crate) commits: TaskTracker,
    /// How many commits there were: nobody else writes to the database, nor this process otherwise.
    pub(crate) version: AtomicU64,
    /// Whether the last write has found no space.
    pub(crate) is_full: Arc<AtomicBool>,
    instance: InstanceId,
    pub(crate) directory: PathBuf,
    _lock: Lock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Store({})", self.inner.directory.display())
    }
}

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
        let directory = prepare_directory(directory)?;
        let lock = take_lock(&directory)?;
        let path = directory.join(DATABASE);
        let (vault, key_path) = prepare_files(&directory, &path, keys)?;

        let mut writer =
            connect(&path, Access::Write).await.map_err(|error| OpenError::sort(&path, error))?;
        check_health(&writer, &path).await?;
        let known = check_schema(&writer, &path).await?;
        let beside = directory.join(BESIDE);
        if known.is_none() && beside.exists() {
            // Emptied, or restored without its journal: to begin anew would hide the loss.
            return Err(OpenError::DatabaseMissing { path, beside });
        }
        if let Some(row) = &known
            && vault.open(CHECK, &row.key_check).is_err()
        {
            return Err(OpenError::WrongKey { path: key_path });
        }
        let database = |error| OpenError::sort(&path, error);
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
            None => begin(&writer, &vault, &*ids, &*clock).await.map_err(database)?,
        };
        look_beside(&writer, &directory, &row).await.map_err(database)?;
        let readers = connect(&path, Access::Read).await.map_err(database)?;
        let is_full = Arc::default();
        storage::watch(&mut writer, &directory, &is_full);

        let store = Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                vault,
                ids,
                clock,
                announcer,
                commits: TaskTracker::new(),
                version: AtomicU64::default(),
                is_full,
                instance: InstanceId::new(row.instance_id),
                directory,
                _lock: lock,
            }),
        };
        if let Err(error) = store.tidy().await {
            tracing::warn!(error = %error, "could not tidy the database up");
        }
        Ok(store)
    }

    /// Which installation this is: on every label and name that it creates in the engine.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.inner.instance
    }

    /// Puts everything into the one file and lets go of it. Clones of this cannot be used any more.
    pub async fn close(&self) {
        self.inner.commits.close();
        self.inner.commits.wait().await;
        let _ = self.inner.readers.clone().close().await;
        let _ = self.inner.writer.execute_unprepared("PRAGMA optimize").await;
        let _ = self.inner.writer.clone().close().await;
    }

    /// A view of everything as it is now.
    pub(crate) async fn read(&self) -> Result<DatabaseTransaction> {
        self.inner.readers.begin().await.map_err(failed("read the database"))
    }

    /// Writes the file beside the database.
    pub(crate) fn note_beside(&self, fence: u64) -> Result<()> {
        let Inner { instance, directory, .. } = &*self.inner;
        let beside = Beside { instance: *instance, directory: directory.clone(), fence };
        beside.write(&directory.join(BESIDE)).map_err(|error| {
            if error.kind() == io::ErrorKind::StorageFull {
                Error::StorageFull
            } else {
                Error::internal("write the file beside the database")(error)
            }
        })
    }
}

fn prepare_directory(directory: &Path) -> Result<PathBuf, OpenError> {
    let unusable = |source| OpenError::Directory { path: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
    directory.canonicalize().map_err(unusable)
}

fn take_lock(directory: &Path) -> Result<Lock, OpenError> {
    Lock::take(&directory.join(LOCK)).map_err(|refused| match refused {
        Refused::Held(holder) => OpenError::Held { path: directory.to_owned(), holder },
        Refused::Io(source) => OpenError::Directory { path: directory.to_owned(), source },
    })
}

/// The key, and a place for the database. A new directory gets both.
fn prepare_files(
    directory: &Path,
    database: &Path,
    keys: KeySource,
) -> Result<(Vault, PathBuf), OpenError> {
    let beside = directory.join(BESIDE);
    let has_database = database.metadata().is_ok_and(|file| file.len() > 0);
    if !has_database && beside.exists() {
        return Err(OpenError::DatabaseMissing { path: database.to_owned(), beside });
    }
    let path = match &keys {
        KeySource::Beside => directory.join(KEY),
        KeySource::File(path) => path.clone(),
    };
    let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
    let unusable = |error| match error {
        KeyError::Missing(path) => OpenError::KeyMissing { path },
        KeyError::Io { source, .. } if full(&source) => {
            OpenError::StorageFull { path: directory.to_owned() }
        }
        other => OpenError::Key(other.to_string()),
    };
    if keys == KeySource::Beside && !has_database && !path.exists() {
        Vault::create(&path).map_err(unusable)?;
    }
    if keys == KeySource::Beside {
        // A mounted secret has the mode that its mount gives it.
        Vault::check_mode(&path).map_err(unusable)?;
    }
    let vault = Vault::read(&path).map_err(unusable)?;
    // Made here, so that nobody else can read it; SQLite gives its other files the same mode.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(database)
        .map_err(|source| OpenError::Directory { path: database.to_owned(), source })?;
    Ok((vault, path))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Looks once, and leaves everything as it is.
    Look,
    Read,
    Write,
}

async fn connect(path: &Path, access: Access) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    // The address only says which database it is; the file is named below, whatever its letters.
    let mut options = ConnectOptions::new("sqlite://easel.db");
    let is_reader = access != Access::Write;
    options
        .max_connections(if access == Access::Read { READERS } else { 1 })
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(60))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|options| {
            options.after_release(|connection, _| Box::pin(is_fit(connection)))
        })
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .filename(&path)
                .read_only(is_reader)
                .create_if_missing(!is_reader)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10));
            if access == Access::Look {
                return options;
            }
            options
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("journal_size_limit", "16777216")
                .pragma("temp_store", "MEMORY")
        });
    Database::connect(options).await
}

/// Whether a connection that was given back is as good as new.
///
/// SQLite ends a transaction by itself when the disk is full. The driver does not notice: it would
/// take the next transaction for a part of the lost one, and never commit it.
async fn is_fit(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A roll-back may still wait its turn; this comes after it.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn check_health(db: &DatabaseConnection, path: &Path) -> Result<(), OpenError> {
    let query = Statement::from_string(DbBackend::Sqlite, "PRAGMA quick_check(1)");
    let row = db.query_one_raw(query).await.map_err(|error| OpenError::sort(path, error))?;
    let said: Option<String> = row.and_then(|row| row.try_get_by_index(0).ok());
    match said.as_deref() {
        Some("ok") => Ok(()),
        other => Err(OpenError::Corrupt {
            path: path.to_owned(),
            what: other.unwrap_or("no answer").to_owned(),
        }),
    }
}

/// The instance's row, if the database has one; refuses what this Easel does not know.
async fn check_schema(
    db: &DatabaseConnection,
    path: &Path,
) -> Result<Option<instance::Model>, OpenError> {
    let texts = async |sql: &str| {
        let query = Statement::from_string(DbBackend::Sqlite, sql);
        let rows = db.query_all_raw(query).await.map_err(|error| OpenError::sort(path, error))?;
        let texts: Vec<String> =
            rows.iter().filter_map(|row| row.try_get_by_index(0).ok()).collect();
        Ok::<_, OpenError>(texts)
    };
    let tables = texts("SELECT name FROM sqlite_master WHERE type = 'table'").await?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !has("seaql_migrations") {
        if tables.is_empty() {
            return Ok(None);
        }
        return Err(OpenError::NotEasel { path: path.to_owned() });
    }
    let known: Vec<String> =
        Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let steps = texts("SELECT version FROM seaql_migrations").await?;
    if steps.iter().any(|step| !known.contains(step)) {
        let needed = if has("instance") {
            texts("SELECT written_by FROM instance").await?.into_iter().next()
        } else {
            None
        };
        let needed = needed.unwrap_or_else(|| "of a later version".to_owned());
        return Err(OpenError::Newer { needed });
    }
    if !has("instance") {
        return Ok(None);
    }
    instance::Entity::find().one(db).await.map_err(|error| OpenError::sort(path, error))
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
    vault: &Vault,
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
        key_check: vault.seal(CHECK, CHECK_TEXT),
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: clock.now().as_millis(),
    };
    instance::Entity::insert(row.clone().into_active_model()).exec_without_returning(db).await?;
    Ok(row)
}

/// Compares the database with the file beside it; a doubt is written down and waits for a person.
async fn look_beside(
    db: &DatabaseConnection,
    directory: &Path,
    row: &instance::Model,
) -> Result<(), DbErr> {
    let path = directory.join(BESIDE);
    let present = Beside {
        instance: InstanceId::new(row.instance_id),
        directory: directory.to_owned(),
        fence: unsigned(row.fence),
    };
    let beside = Beside::read(&path);
    let fence = beside.as_ref().map_or(0, |beside| beside.as_ref().map_or(0, |it| it.fence));
    let doubt = match beside {
        Ok(Some(beside)) => beside.doubts(&present),
        // Nothing was done with any engine yet, so there is nothing to be in doubt of.
        Ok(None) if row.engine.is_none() => {
            present.write(&path).map_err(|error| DbErr::Custom(format!("{BESIDE}: {error}")))?;
            None
        }
        Ok(None) => Some(format!("{BESIDE} is missing beside the database: it may be a copy")),
        Err(error) => Some(format!("{BESIDE} beside the database cannot be read: {error}")),
    };
    let Some(doubt) = doubt.filter(|_| row.doubt.is_none()) else { return Ok(()) };
    tracing::warn!("observing only: {doubt}");
    let sql = "UPDATE instance SET doubt = ?, fence = max(fence, ?)";
    let values = [doubt.into(), signed(fence).into()];
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await?;
    Ok(())
}
