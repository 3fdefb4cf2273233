//! Long lists, a part at a time.

use serde::{Deserialize, Serialize};

/// Which part of a list (DK-158).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out.
    pub offset: u64,
    /// How many at most: 1 to 100.
    pub limit: u64,
}

impl Page {
    /// The default: the first 20.
    pub const FIRST: Self = Self { offset: 0, limit: 20 };

    /// A page; a limit of 0 means 20, above 100 means 100.
    #[must_use]
    pub fn new(offset: u64, limit: u64) -> Self {
        Self { offset, limit: if limit == 0 { 20 } else { limit.min(100) } }
    }

    /// This part of a list which is so long as a whole.
    #[must_use]
    pub fn of<T>(self, data: Vec<T>, total_count: u64) -> Paged<T> {
        Paged { data, total_count, offset: self.offset, limit: self.limit }
    }

    /// This part of a whole list.
    #[must_use]
    pub fn cut<T>(self, all: Vec<T>) -> Paged<T> {
        let total_count = all.len() as u64;
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        self.of(all.into_iter().skip(offset).take(limit).collect(), total_count)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::FIRST
    }
}

/// A part of a list, newest first, and how long the whole is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Paged<T> {
    pub data: Vec<T>,
    pub total_count: u64,
    pub offset: u64,
    pub limit: u64,
}
