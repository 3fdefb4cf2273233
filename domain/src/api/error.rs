//! How the API says what went wrong: one envelope for all of it.

use crate::{ChangeId, Map, check::Problem, conflict::Conflict};
use serde::{Deserialize, Serialize};

/// What went wrong: a code for programs, a sentence for people, and what they need to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The code.
    pub error: ErrorCode,
    /// The sentence.
    pub message: String,
    /// What is wrong, by field (422), or by parameter of the query (400).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub errors: Map<String, Vec<String>>,
    /// All that must be applied together (409 `incomplete`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closure: Vec<ChangeId>,
    /// What of it was not named (409 `incomplete`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<ChangeId>,
    /// Addresses that have moved, with both values, hidden (409 `conflict`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// What must be fixed first (409 `blocked`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl ErrorBody {
    /// A code and a sentence, and nothing else to say.
    pub fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
            errors: Map::new(),
            closure: Vec::new(),
            missing: Vec::new(),
            conflicts: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// What kind of error it is, by what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorCode {
    /// It cannot be read, or a field is wrong.
    Invalid,
    /// Sign in, or sign in again.
    Unauthorized,
    /// Ask somebody who may.
    Forbidden,
    /// Look elsewhere.
    NotFound,
    /// The address does not do this.
    MethodNotAllowed,
    /// It clashes with something that exists, or with what was applied meanwhile.
    Conflict,
    /// The thing is not in a state in which this can be done.
    #[serde(rename = "not_now")]
    InvalidState,
    /// More is needed than was named.
    Incomplete,
    /// Mend what is listed first.
    Blocked,
    /// The body is too long.
    TooLarge,
    /// The body took too long to arrive.
    TooSlow,
    /// Wait, then try again.
    #[serde(rename = "too_many")]
    RateLimited,
    /// Something outside did not do its part.
    Unavailable,
    /// The disk is full.
    StorageFull,
    /// Call the operator.
    Internal,
    /// One that a later version has, and this one does not know.
    #[serde(other)]
    Unknown,
}
