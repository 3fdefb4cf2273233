//! Whether a database is whole, of this Easel, and of this key.

use super::OpenError;
use crate::{
    keyring::{Cell, Keyring},
    migration::Migrator,
    table::instance,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement};
use sea_orm_migration::MigratorTrait;
use std::path::Path;

const KEY_CHECK: Cell<'_> = Cell { table: "instance", row: "1", column: "key_check" };

/// By which [`is_key_of`] will know the key again.
pub(super) fn key_check(keyring: &Keyring) -> Vec<u8> {
    keyring.encrypt(KEY_CHECK, b"this is the right key")
}

/// Whether this is the key that the database's secrets are encrypted with.
pub(super) fn is_key_of(keyring: &Keyring, row: &instance::Model) -> bool {
    keyring.decrypt(KEY_CHECK, &row.key_check).is_ok()
}

/// Refuses a database that is damaged.
pub(super) async fn check_health(db: &DatabaseConnection, path: &Path) -> Result<(), OpenError> {
    let query = Statement::from_string(DbBackend::Sqlite, "PRAGMA quick_check(1)");
    let row = db.query_one_raw(query).await.map_err(|error| OpenError::classify(path, error))?;
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
pub(super) async fn check_schema(
    db: &DatabaseConnection,
    path: &Path,
) -> Result<Option<instance::Model>, OpenError> {
    let texts = async |sql: &str| {
        let query = Statement::from_string(DbBackend::Sqlite, sql);
        let rows =
            db.query_all_raw(query).await.map_err(|error| OpenError::classify(path, error))?;
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
    instance::Entity::find().one(db).await.map_err(|error| OpenError::classify(path, error))
}
