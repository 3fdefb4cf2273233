//! Why a data directory cannot be opened, in words for the operator.

use crate::{error::is_full, lock::Holder};
use sea_orm::DbErr;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the data directory cannot be opened. Nothing in it has been changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made, or not be written.
    #[error("the data directory {path} cannot be used: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process runs on it.
    #[error("the data directory {path} is in use by {holder}; stop that one first")]
    Held {
        /// Which.
        path: PathBuf,
        /// By whom.
        holder: Holder,
    },
    /// There is a database, and no key for it.
    #[error(
        "the key file {path} is missing, and the secrets in the database cannot be read without \
         it; put it back from your backup"
    )]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is a key file that cannot be used.
    #[error("{0}")]
    Key(String),
    /// The key is another database's.
    #[error(
        "the key file {path} does not belong to this database; put the right one back. Nothing \
         was changed"
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// The directory was in use, and its database is gone.
    #[error(
        "the database {path} is missing or empty, although this directory was in use; restore \
         it, or remove {instance_file} to begin anew"
    )]
    DatabaseMissing {
        /// Where it should be.
        path: PathBuf,
        /// What says that it was in use.
        instance_file: PathBuf,
    },
    /// The file is damaged.
    #[error("the database {path} is damaged ({what}); restore it from a backup")]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// The file is a database of something else.
    #[error("{path} is a database, but not one of Easel")]
    NotEasel {
        /// Which.
        path: PathBuf,
    },
    /// A newer Easel has written it.
    #[error(
        "the database was written by Easel {needed}, which is newer; start that or a later one"
    )]
    Newer {
        /// The version that can read it.
        needed: String,
    },
    /// No space.
    #[error("the disk that holds {path} is full; free some space and start again")]
    StorageFull {
        /// The data directory.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the database cannot be opened: {0}")]
    Database(#[source] DbErr),
}

impl OpenError {
    /// What an error of the database means for opening it.
    pub(super) fn classify(path: &Path, error: DbErr) -> Self {
        let text = error.to_string();
        // SQLITE_CORRUPT and SQLITE_NOTADB.
        if text.contains("(code: 26)") || text.contains("(code: 11)") {
            let what = text.rsplit(") ").next().unwrap_or_default().to_owned();
            Self::Corrupt { path: path.to_owned(), what }
        } else if is_full(&error) {
            Self::StorageFull { path: path.to_owned() }
        } else {
            Self::Database(error)
        }
    }
}
