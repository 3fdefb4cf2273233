//! What can go wrong, sorted by what the caller can do about it.

use crate::{Map, check::Problems, conflict::Conflicts};
use std::{collections::BTreeSet, fmt};

/// Any error below a port, kept for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a port's method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong behind a port. `Display` is fit for strangers; sources are for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Look elsewhere.
    #[error("this {0} does not exist")]
    NotFound(Resource),
    /// Send something else: what is wrong, by field.
    #[error("{}", .0)]
    Invalid(FieldErrors),
    /// Sign in, or sign in again.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Ask somebody who may.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It clashes with something that exists; the text says with what.
    #[error("{0}")]
    Exists(String),
    /// The thing is not in a state in which this can be done; the text says what to do.
    #[error("{0}")]
    InvalidState(String),
    /// Read again, then retry: addresses have moved since these changes were staged.
    #[error("{0}")]
    Conflict(Box<Conflicts>),
    /// More is needed than was named: apply exactly this list, if you agree.
    #[error("these changes need {} more that were not named", .missing.len())]
    Incomplete {
        /// All that must be applied together.
        closure: Vec<crate::ChangeId>,
        /// What was not named.
        missing: Vec<crate::ChangeId>,
    },
    /// Mend these first.
    #[error("{0}")]
    Blocked(Box<Problems>),
    /// Wait, then retry.
    #[error("too many tries; wait {} s", .retry_after.as_secs().max(1))]
    RateLimited {
        /// When the next try is worth it.
        retry_after: std::time::Duration,
    },
    /// Something outside did not do its part; the text says what, and what to do.
    #[error("{what}")]
    Unavailable {
        /// What did not answer, and what to do.
        what: String,
        /// Why, for the log.
        source: Option<BoxError>,
    },
    /// The disk is full: nothing was written.
    #[error("the disk that holds Easel's data is full; free some space and try again")]
    StorageFull,
    /// Call the operator.
    #[error("could not {doing}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// Why, for the log.
        source: BoxError,
    },
}

impl Error {
    /// For `map_err`: an internal error that says what was being done.
    pub fn internal<E: Into<BoxError>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Internal { doing, source: source.into() }
    }

    /// One field is wrong.
    pub fn field(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::Invalid(FieldErrors::one(field, rule))
    }
}

/// What kind of thing does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names itself")]
pub enum Resource {
    User,
    Session,
    ApiKey,
    Project,
    Environment,
    Service,
    Group,
    Volume,
    Change,
    Revision,
    Deployment,
    Variable,
    Container,
    Page,
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::User => "user",
            Self::Session => "session",
            Self::ApiKey => "API key",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Service => "service",
            Self::Group => "group",
            Self::Volume => "volume",
            Self::Change => "change",
            Self::Revision => "revision",
            Self::Deployment => "deployment",
            Self::Variable => "variable",
            Self::Container => "container",
            Self::Page => "page",
        })
    }
}

/// What is wrong, by field, as the 422 answer gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(pub Map<String, Vec<String>>);

impl FieldErrors {
    /// One field, one rule.
    pub fn one(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self(Map::from([(field.into(), vec![rule.into()])]))
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (field, rules) in &self.0 {
            for rule in rules {
                write!(out, "{separator}{field} {rule}")?;
                separator = "; ";
            }
        }
        Ok(())
    }
}

/// Refuses a list in which something stands twice: whoever writes it has made a mistake, or makes work.
///
/// # Errors
/// `Invalid`, of this field.
pub fn refuse_repeats<T: Ord>(field: &str, list: &[T]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    if list.iter().all(|one| seen.insert(one)) {
        return Ok(());
    }
    Err(Error::field(field, "must not name anything twice"))
}
