//! Whether there is space for what is to be written.

use crate::{
    Store,
    error::{failed, is_full},
    store::Inner,
    work::WorkCounter,
};
use async_trait::async_trait;
use domain::{Error, Result, storage::Storage};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// With less than this, what was found to be full still is: a write is not only its rows.
const MIN_FREE_BYTES: u64 = 1024 * 1024;

#[async_trait]
impl Storage for Store {
    async fn check(&self) -> Result<()> {
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT 1");
        self.inner.readers.query_one_raw(query).await.map_err(failed("read the database"))?;
        if !self.inner.is_full.load(Ordering::SeqCst) {
            return Ok(());
        }
        let inner = self.inner.clone();
        let free = tokio::task::spawn_blocking(move || free(&inner.directory))
            .await
            .map_err(Error::internal("look for space"))?
            .map_err(Error::internal("look for space"))?;
        if free < MIN_FREE_BYTES {
            return Err(Error::StorageFull);
        }
        self.inner.is_full.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// So many bytes are free where this directory is.
fn free(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Looks for space whenever a statement fails: a large one is written before there is a commit.
///
/// Why it has failed is not said here, so the disk is asked.
pub(crate) fn watch(
    writer: &mut DatabaseConnection,
    directory: &Path,
    is_full: &Arc<AtomicBool>,
    work: &Arc<WorkCounter>,
) {
    let (directory, is_full, work) = (directory.to_owned(), is_full.clone(), work.clone());
    writer.set_metric_callback(move |statement| {
        work.count_statement();
        if statement.failed && free(&directory).is_ok_and(|free| free < MIN_FREE_BYTES) {
            is_full.store(true, Ordering::SeqCst);
        }
    });
}

impl Inner {
    /// Remembers of a write whether there was space for it.
    pub(crate) fn note_space<T>(&self, written: &Result<T, DbErr>) {
        match written {
            Ok(_) => self.is_full.store(false, Ordering::SeqCst),
            Err(error) if is_full(error) => self.is_full.store(true, Ordering::SeqCst),
            Err(_) => (),
        }
    }
}
