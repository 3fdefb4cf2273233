//! How errors look to a client: one envelope, made here and nowhere else.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    ChangeId, Content, Error, FieldErrors, Map,
    change::{Conflict, Conflicts},
    check::Problem as Fault,
    runtime::RuntimeError,
};
use serde::Serialize;
use std::{error::Error as StdError, time::Duration};
use utoipa::ToSchema;

/// What handlers answer.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// What went wrong: a code for programs, a sentence for people, and what they need to mend it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The code.
    #[schema(value_type = String)]
    pub error: &'static str,
    /// The sentence.
    pub message: String,
    /// What is needed to mend it, where there is more to say.
    #[serde(flatten)]
    pub details: Option<Box<Details>>,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// What is needed to mend a problem.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Details {
    /// What is wrong, by field (422), or by parameter of the query (400).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub errors: Map<String, Vec<String>>,
    /// All that must be applied together (409 `incomplete`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closure: Vec<ChangeId>,
    /// What of it was not named (409 `incomplete`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<ChangeId>,
    /// Addresses that have moved, with both values, hidden (409 `conflict`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// What must be mended first (409 `blocked`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Fault>,
}

impl Problem {
    /// A problem with a status, a code and a sentence.
    pub(crate) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self { error, message: message.into(), details: None, status, retry_after: None }
    }

    /// The request cannot be read at all.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// A parameter of the query cannot be read.
    pub(crate) fn wrong_query(name: String, rule: String) -> Self {
        let mut problem = Self::unreadable(format!("{name} {rule}"));
        let errors = Map::from([(name, vec![rule])]);
        problem.details = Some(Box::new(Details { errors, ..Details::default() }));
        problem
    }

    /// There is nothing at this path.
    pub(crate) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether it is not the caller's doing.
    pub(crate) fn is_server_error(&self) -> bool {
        self.status.is_server_error()
    }

    /// The caller has not said who they are.
    pub(crate) fn unauthorized(message: &'static str) -> Self {
        Error::Unauthorized(message).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code) = match &error {
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Error::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::Exists(_) | Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Error::NotNow(_) => (StatusCode::CONFLICT, "not_now"),
            Error::Incomplete { .. } => (StatusCode::CONFLICT, "incomplete"),
            Error::Blocked(_) => (StatusCode::CONFLICT, "blocked"),
            Error::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Error::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
            Error::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        if status.is_server_error() {
            tracing::error!(error = &error as &dyn StdError, "request failed: {error}");
        }
        let mut problem = Self::new(status, code, error.to_string());
        let details = match error {
            Error::Invalid(FieldErrors(errors)) => Details { errors, ..Details::default() },
            Error::Incomplete { closure, missing } => {
                Details { closure, missing, ..Details::default() }
            }
            Error::Conflict(conflicts) => {
                Details { conflicts: hidden_conflicts(*conflicts), ..Details::default() }
            }
            Error::Blocked(faults) => Details { problems: faults.0, ..Details::default() },
            Error::TooMany { retry_after } => {
                problem.retry_after = Some(retry_after);
                return problem;
            }
            Error::NotFound(_)
            | Error::Unauthorized(_)
            | Error::Forbidden(_)
            | Error::Exists(_)
            | Error::NotNow(_)
            | Error::Unavailable { .. }
            | Error::StorageFull
            | Error::Internal { .. } => return problem,
        };
        problem.details = Some(Box::new(details));
        problem
    }
}

/// A conflict without the values of variables.
fn hidden(conflict: Conflict) -> Conflict {
    let hide = |content: Option<Content>| content.map(|content| content.hidden());
    Conflict { mine: hide(conflict.mine), theirs: hide(conflict.theirs), ..conflict }
}

impl From<RuntimeError> for Problem {
    fn from(error: RuntimeError) -> Self {
        let what = match &error {
            RuntimeError::Unreachable(_) | RuntimeError::Timeout(_) | RuntimeError::Busy(_) => {
                "the container engine does not answer; see the status page".to_owned()
            }
            RuntimeError::Gone(_) => "the container is gone".to_owned(),
            RuntimeError::NameTaken { .. }
            | RuntimeError::NoRoom(_)
            | RuntimeError::NoAddress(_)
            | RuntimeError::Image(_)
            | RuntimeError::Refused(_) => "the container engine refused; see the log".to_owned(),
            RuntimeError::Storage(_) => "the database does not answer; see the log".to_owned(),
        };
        Error::Unavailable { what, source: Some(Box::new(error)) }.into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self)).into_response();
        if let Some(wait) = retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// The conflicts of a whole, without values.
pub(crate) fn hidden_conflicts(conflicts: Conflicts) -> Vec<Conflict> {
    conflicts.0.into_iter().map(hidden).collect()
}
