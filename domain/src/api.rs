//! What the API is told and what it answers, where that is more than an entity: a file for each
//! noun, as in `http`.
//!
//! The server, the web app and the command line write and read these very types. The arrow goes one
//! way: they are made of the rest of the domain, which knows nothing of them.

pub mod account;
pub mod api_key;
pub mod canvas;
pub mod change;
pub mod deployment;
pub mod error;
pub mod group;
pub mod layout;
pub mod log;
pub mod member;
pub mod revision;
pub mod service;
pub mod system;
pub mod user;
pub mod variable;
pub mod volume;

pub use error::{ErrorBody, ErrorCode};

use crate::Name;
use serde::{Deserialize, Serialize};

/// A list that is never long, and so comes whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct List<T> {
    pub data: Vec<T>,
}

/// What something is to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct Named {
    pub name: Name,
}
