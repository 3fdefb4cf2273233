//! Looking at a data directory without opening it for work.

use super::{
    KeySource, OpenError,
    check::{check_health, check_schema, is_key_of},
    connection::{Access, connect},
    directory::DATABASE,
};
use crate::{
    chain,
    instance_file::{self, InstanceFile},
    keyring::{KeyError, Keyring},
    store::Store,
};
use sea_orm::DatabaseConnection;
use std::path::Path;

/// What was found in a data directory that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// Nothing: the database is made at the first start.
    New,
    /// A database and its key.
    Sound,
    /// A database and its key, of which it is not certain that they may rule an engine: why.
    Doubtful(String),
    /// A database and its key; the audit in it was changed by somebody else: the number of the first
    /// entry that does not fit.
    AuditBroken(u64),
}

impl Store {
    /// Looks whether a data directory that nobody works on could be opened. Changes nothing.
    ///
    /// # Errors
    /// With what would keep it from being opened.
    pub async fn examine(directory: &Path, keys: &KeySource) -> Result<Examined, OpenError> {
        let path = directory.join(DATABASE);
        let instance_file = directory.join(instance_file::FILE);
        let size = match path.metadata() {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(source) => return Err(OpenError::Directory { path, source }),
        };
        if size == 0 {
            return if instance_file.exists() {
                Err(OpenError::DatabaseMissing { path, instance_file })
            } else {
                Ok(Examined::New)
            };
        }
        let key = keys.path(directory);
        let unusable = |error| match error {
            KeyError::Missing(path) => OpenError::KeyMissing { path },
            other => OpenError::Key(other.to_string()),
        };
        if *keys == KeySource::DataDir {
            Keyring::check_mode(&key).map_err(unusable)?;
        }
        let keyring = Keyring::read(&key).map_err(unusable)?;
        let database = connect(&path, Access::Inspect)
            .await
            .map_err(|error| OpenError::classify(&path, error))?;
        let found = look(&database, &keyring, &path, &key, directory).await;
        // What was only read is lost with its connection, whatever becomes of it.
        let _ = database.close().await;
        found
    }
}

async fn look(
    database: &DatabaseConnection,
    keyring: &Keyring,
    path: &Path,
    key: &Path,
    directory: &Path,
) -> Result<Examined, OpenError> {
    check_health(database, path).await?;
    let instance_file = directory.join(instance_file::FILE);
    let Some(row) = check_schema(database, path).await? else {
        return if instance_file.exists() {
            Err(OpenError::DatabaseMissing { path: path.to_owned(), instance_file })
        } else {
            Ok(Examined::New)
        };
    };
    if !is_key_of(keyring, &row) {
        return Err(OpenError::WrongKey { path: key.to_owned() });
    }
    let doubt = row.doubt.clone().or_else(|| {
        let whole = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        InstanceFile::doubt(&InstanceFile::read(&instance_file), &row, &whole)
    });
    if let Some(doubt) = doubt {
        return Ok(Examined::Doubtful(doubt));
    }
    // One of an older version may have no chain yet: that is no fault of its.
    let audit = chain::verify(database, keyring).await;
    let broken_at = audit.ok().and_then(|audit| audit.broken_at);
    Ok(broken_at.map_or(Examined::Sound, Examined::AuditBroken))
}
