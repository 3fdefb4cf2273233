//! The data directory, and what lies in it.

use super::OpenError;
use crate::{
    instance_file,
    keyring::{KeyError, Keyring},
    lock::{Lock, LockError},
};
use std::{
    fs::{self, DirBuilder, DirEntry, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The database's file.
pub(super) const DATABASE: &str = "easel.db";
const KEY: &str = "easel.key";
const LOCK: &str = "easel.lock";

/// Where the encryption key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// `easel.key` in the data directory, made when the database is.
    #[default]
    DataDir,
    /// Another file, which must exist: a mounted secret, a systemd credential.
    File(PathBuf),
}

impl KeySource {
    /// Where the key of a data directory is.
    pub(super) fn path(&self, directory: &Path) -> PathBuf {
        match self {
            Self::DataDir => directory.join(KEY),
            Self::File(path) => path.clone(),
        }
    }
}

/// The directory, made if there is none.
pub(super) fn prepare(directory: &Path) -> Result<PathBuf, OpenError> {
    let unusable = |source| OpenError::Directory { path: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
    let directory = directory.canonicalize().map_err(unusable)?;
    if let Err(error) = make_private(&directory) {
        tracing::warn!("{} is not private, and cannot be made so: {error}", directory.display());
    }
    Ok(directory)
}

/// Takes the rights of others away: to what is ours in the directory, and to the directory when there is
/// nothing else in it that they may need. The key is not touched: who could read it may have done so, and
/// a person shall know.
fn make_private(directory: &Path) -> io::Result<()> {
    let take_away = |path: &Path, mode: u32| match path.metadata() {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(path, Permissions::from_mode(mode))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let ours = [DATABASE, "easel.db-wal", "easel.db-shm", LOCK, instance_file::FILE];
    for file in ours {
        take_away(&directory.join(file), 0o600)?;
    }
    let is_ours = |entry: io::Result<DirEntry>| {
        entry.is_ok_and(|entry| ours.iter().chain([&KEY]).any(|name| entry.file_name() == **name))
    };
    if fs::read_dir(directory)?.all(is_ours) { take_away(directory, 0o700) } else { Ok(()) }
}

/// Keeps all other processes out.
pub(super) fn take_lock(directory: &Path) -> Result<Lock, OpenError> {
    Lock::acquire(&directory.join(LOCK)).map_err(|refused| match refused {
        LockError::Held(holder) => OpenError::Held { path: directory.to_owned(), holder },
        LockError::Io(source) => OpenError::Directory { path: directory.to_owned(), source },
    })
}

/// The key, and a place for the database. A new directory gets both.
pub(super) fn prepare_files(
    directory: &Path,
    database: &Path,
    keys: &KeySource,
) -> Result<(Keyring, PathBuf), OpenError> {
    let instance_file = directory.join(instance_file::FILE);
    let has_database = database.metadata().is_ok_and(|file| file.len() > 0);
    if !has_database && instance_file.exists() {
        return Err(OpenError::DatabaseMissing { path: database.to_owned(), instance_file });
    }
    let path = keys.path(directory);
    let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
    let unusable = |error| match error {
        KeyError::Missing(path) => OpenError::KeyMissing { path },
        KeyError::Io { source, .. } if full(&source) => {
            OpenError::StorageFull { path: directory.to_owned() }
        }
        other => OpenError::Key(other.to_string()),
    };
    if *keys == KeySource::DataDir && !has_database && !path.exists() {
        Keyring::create(&path).map_err(unusable)?;
    }
    if *keys == KeySource::DataDir {
        // A mounted secret has the mode that its mount gives it.
        Keyring::check_mode(&path).map_err(unusable)?;
    }
    let keyring = Keyring::read(&path).map_err(unusable)?;
    // Made here, so that nobody else can read it; SQLite gives its other files the same mode.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(database)
        .map_err(|source| OpenError::Directory { path: database.to_owned(), source })?;
    Ok((keyring, path))
}
