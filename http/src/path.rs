//! Parts of the path: whatever is no id names nothing.

use crate::error::ErrorResponse;
use axum::{
    extract::{FromRequestParts, Path as AxumPath},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

/// Named parts of the path, as a struct; one that is malformed names nothing, hence 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(named)) => Ok(Self(named)),
            Err(_) => Err(ErrorResponse::no_such_path()),
        }
    }
}
