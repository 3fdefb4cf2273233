//! Whether there is space for what is to be written.

use crate::{
    Store,
    error::{failed, is_full},
    open::Inner,
};
use async_trait::async_trait;
use domain::{Error, Result, storage::Storage};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use std::sync::atomic::Ordering;

/// With less than this, what was found to be full still is: a write is not only its rows.
const ENOUGH: u64 = 1024 * 1024;

#[async_trait]
impl Storage for Store {
    async fn check(&self) -> Result<()> {
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT 1");
        self.inner.readers.query_one_raw(query).await.map_err(failed("read the database"))?;
        if !self.inner.is_full.load(Ordering::SeqCst) {
            return Ok(());
        }
        let inner = self.inner.clone();
        let free = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&inner.directory))
            .await
            .map_err(Error::internal("look for space"))?
            .map_err(Error::internal("look for space"))?;
        if free.f_bavail.saturating_mul(free.f_frsize) < ENOUGH {
            return Err(Error::StorageFull);
        }
        self.inner.is_full.store(false, Ordering::SeqCst);
        Ok(())
    }
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
