//! Looking at a data directory without opening it for work.

use super::{
    Access, BESIDE, CHECK, DATABASE, KEY, KeySource, OpenError, Store, check_health, check_schema,
    connect,
};
use crate::{
    beside::Beside,
    row::unsigned,
    vault::{KeyError, Vault},
};
use domain::InstanceId;
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
}

impl Store {
    /// Looks whether a data directory that nobody works on could be opened. Changes nothing.
    ///
    /// # Errors
    /// With what would keep it from being opened.
    pub async fn examine(directory: &Path, keys: &KeySource) -> Result<Examined, OpenError> {
        let path = directory.join(DATABASE);
        let beside = directory.join(BESIDE);
        let size = match path.metadata() {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(source) => return Err(OpenError::Directory { path, source }),
        };
        if size == 0 {
            return if beside.exists() {
                Err(OpenError::DatabaseMissing { path, beside })
            } else {
                Ok(Examined::New)
            };
        }
        let key = match keys {
            KeySource::Beside => directory.join(KEY),
            KeySource::File(path) => path.clone(),
        };
        let unusable = |error| match error {
            KeyError::Missing(path) => OpenError::KeyMissing { path },
            other => OpenError::Key(other.to_string()),
        };
        if *keys == KeySource::Beside {
            Vault::check_mode(&key).map_err(unusable)?;
        }
        let vault = Vault::read(&key).map_err(unusable)?;
        let database =
            connect(&path, Access::Look).await.map_err(|error| OpenError::sort(&path, error))?;
        let found = look(&database, &vault, &path, &key, directory).await;
        // What was only read is lost with its connection, whatever becomes of it.
        let _ = database.close().await;
        found
    }
}

async fn look(
    database: &DatabaseConnection,
    vault: &Vault,
    path: &Path,
    key: &Path,
    directory: &Path,
) -> Result<Examined, OpenError> {
    check_health(database, path).await?;
    let beside = directory.join(BESIDE);
    let Some(row) = check_schema(database, path).await? else {
        return if beside.exists() {
            Err(OpenError::DatabaseMissing { path: path.to_owned(), beside })
        } else {
            Ok(Examined::New)
        };
    };
    if vault.open(CHECK, &row.key_check).is_err() {
        return Err(OpenError::WrongKey { path: key.to_owned() });
    }
    let present = Beside {
        instance: InstanceId::new(row.instance_id),
        directory: directory.canonicalize().unwrap_or_else(|_| directory.to_owned()),
        fence: unsigned(row.fence),
    };
    let doubt = row.doubt.or_else(|| match Beside::read(&beside) {
        Ok(Some(beside)) => beside.doubts(&present),
        Ok(None) if row.engine.is_none() => None,
        Ok(None) => Some(format!("{BESIDE} is missing beside the database: it may be a copy")),
        Err(error) => Some(format!("{BESIDE} beside the database cannot be read: {error}")),
    });
    Ok(doubt.map_or(Examined::Sound, Examined::Doubtful))
}
