//! How errors look to a client: one envelope, made here and nowhere else.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    Error, FieldErrors, Map,
    api::{ErrorBody, ErrorCode},
    runtime::RuntimeError,
};
use std::{error::Error as StdError, time::Duration};

/// What handlers answer.
pub(crate) type Result<T, E = ErrorResponse> = std::result::Result<T, E>;

/// An answer that says what went wrong.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) body: Box<ErrorBody>,
    status: StatusCode,
    retry_after: Option<Duration>,
}

impl ErrorResponse {
    /// One with a status, a code and a sentence.
    pub(crate) fn new(status: StatusCode, error: ErrorCode, message: impl Into<String>) -> Self {
        Self { body: Box::new(ErrorBody::new(error, message)), status, retry_after: None }
    }

    /// The request cannot be read at all.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid, message)
    }

    /// A parameter of the query cannot be read.
    pub(crate) fn wrong_query(name: String, rule: String) -> Self {
        let mut answer = Self::unreadable(format!("{name} {rule}"));
        answer.body.errors = Map::from([(name, vec![rule])]);
        answer
    }

    /// There is nothing at this path.
    pub(crate) fn no_such_path() -> Self {
        let message = "there is nothing at this address";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message)
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

impl From<Error> for ErrorResponse {
    fn from(error: Error) -> Self {
        let (status, code) = match &error {
            Error::NotFound(_) => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid),
            Error::Unauthorized(_) => (StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
            Error::Exists(_) | Error::Conflict(_) => (StatusCode::CONFLICT, ErrorCode::Conflict),
            Error::InvalidState(_) => (StatusCode::CONFLICT, ErrorCode::InvalidState),
            Error::Incomplete { .. } => (StatusCode::CONFLICT, ErrorCode::Incomplete),
            Error::Blocked(_) => (StatusCode::CONFLICT, ErrorCode::Blocked),
            Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited),
            Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
            Error::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, ErrorCode::StorageFull),
            Error::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
        };
        if status.is_server_error() {
            tracing::error!(error = &error as &dyn StdError, "request failed: {error}");
        }
        let mut answer = Self::new(status, code, error.to_string());
        match error {
            Error::Invalid(FieldErrors(errors)) => answer.body.errors = errors,
            Error::Incomplete { closure, missing } => {
                answer.body.closure = closure;
                answer.body.missing = missing;
            }
            Error::Conflict(conflicts) => answer.body.conflicts = conflicts.hidden(),
            Error::Blocked(problems) => answer.body.problems = problems.0,
            Error::RateLimited { retry_after } => answer.retry_after = Some(retry_after),
            Error::NotFound(_)
            | Error::Unauthorized(_)
            | Error::Forbidden(_)
            | Error::Exists(_)
            | Error::InvalidState(_)
            | Error::Unavailable { .. }
            | Error::StorageFull
            | Error::Internal { .. } => (),
        }
        answer
    }
}

impl From<RuntimeError> for ErrorResponse {
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
            | RuntimeError::Unstartable(_)
            | RuntimeError::Refused(_) => "the container engine refused; see the log".to_owned(),
            RuntimeError::Storage(_) => "the database does not answer; see the log".to_owned(),
        };
        Error::Unavailable { what, source: Some(Box::new(error)) }.into()
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self.body)).into_response();
        if let Some(wait) = retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
