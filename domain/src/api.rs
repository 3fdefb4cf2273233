//! What the API is told and what it answers, where that is more than an entity: a file for each
//! noun, as in `http`.
//!
//! The server, the web app and the command line write and read these very types. The arrow goes one
//! way: they are made of the rest of the domain, which knows nothing of them.

pub mod canvas;
pub mod error;

pub use error::{ErrorBody, ErrorCode};
