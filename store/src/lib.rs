//! Rows: sea-orm on SQLite.
