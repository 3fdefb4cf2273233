//! What all of this crate works on: one database, and who reads and writes it.

use crate::{
    cache::WorkspaceCache,
    error::failed,
    instance_file::{self, InstanceFile},
    keyring::Keyring,
    lock::Lock,
    work::{Work, WorkCounter},
};
use domain::{Clock, Error, Ids, InstanceId, Result, event::Announcer};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64},
    },
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Everything that Easel keeps: implements the domain's ports. Clones share one database.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    pub(crate) keyring: Keyring,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) announcer: Arc<dyn Announcer>,
    /// Commits on their way.
    pub(crate) commits: TaskTracker,
    /// How many commits there were to what the reconciler reads: nobody else writes to the database,
    /// nor this process otherwise.
    pub(crate) version: AtomicU64,
    pub(crate) cache: WorkspaceCache,
    pub(crate) work: Arc<WorkCounter>,
    /// Whether the last write has found no space.
    pub(crate) is_full: Arc<AtomicBool>,
    pub(crate) instance: InstanceId,
    /// What the database says for as long as nobody else has opened it.
    pub(crate) writer_name: String,
    pub(crate) directory: PathBuf,
    /// The address that each environment gave away last, in bits.
    pub(crate) last_addresses: Mutex<HashMap<Uuid, u32>>,
    /// Held for as long as this lives.
    pub(crate) _lock: Lock,
}

impl Inner {
    pub(crate) fn last_addresses(&self) -> MutexGuard<'_, HashMap<Uuid, u32>> {
        self.last_addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Store({})", self.inner.directory.display())
    }
}

impl Store {
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

    /// What was done so far. The longest write is the longest since this was last asked.
    #[must_use]
    pub fn work(&self) -> Work {
        self.inner.work.read(self.inner.keyring.decrypted())
    }

    /// A view of everything as it is now.
    pub(crate) async fn read(&self) -> Result<DatabaseTransaction> {
        self.inner.readers.begin().await.map_err(failed("read the database"))
    }

    /// Writes the file beside the database.
    pub(crate) fn write_instance_file(&self, fence: u64) -> Result<()> {
        let Inner { instance, directory, .. } = &*self.inner;
        let instance_file =
            InstanceFile { instance: *instance, directory: directory.clone(), fence };
        instance_file.write(&directory.join(instance_file::FILE)).map_err(|error| {
            if error.kind() == io::ErrorKind::StorageFull {
                Error::StorageFull
            } else {
                Error::internal("write the file beside the database")(error)
            }
        })
    }
}
