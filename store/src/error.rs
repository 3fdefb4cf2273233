//! What can go wrong with a database, told to the domain.

use domain::Error;
use sea_orm::{DbErr, SqlErr};

/// For `map_err`: says what was being done, and tells a full disk from the rest.
pub(crate) fn failed(doing: &'static str) -> impl Fn(DbErr) -> Error {
    move |source| {
        if is_full(&source) {
            tracing::warn!(error = %source, "the disk is full: could not {doing}");
            Error::StorageFull
        } else {
            Error::Internal { doing, source: source.into() }
        }
    }
}

/// Whether the disk (or the space that the database may use) is full.
pub(crate) fn is_full(error: &DbErr) -> bool {
    // The driver's code has no typed form at this level; the numbers are SQLite's own:
    // SQLITE_FULL, and the extended ones of a write, a sync and a growing index of the log.
    const CODES: [&str; 4] = ["(code: 13)", "(code: 778)", "(code: 1034)", "(code: 4874)"];
    let text = error.to_string();
    CODES.iter().any(|code| text.contains(code))
}

/// Whether a unique index kept the row out.
pub(crate) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
