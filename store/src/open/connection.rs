//! Connections to the database, all set up alike.

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{self, Connection, SqliteConnection},
};
use std::{path::Path, time::Duration};

/// So many may read at once.
const READERS: u32 = 4;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Looks once, and leaves everything as it is.
    Inspect,
    Read,
    Write,
}

/// Connects, with what every connection is set to.
pub(super) async fn connect(path: &Path, access: Access) -> Result<DatabaseConnection, DbErr> {
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
            if access == Access::Inspect {
                return options;
            }
            options
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("journal_size_limit", "16777216")
                .pragma("temp_store", "MEMORY")
                // What is deleted is in the file no more.
                .pragma("secure_delete", "ON")
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
