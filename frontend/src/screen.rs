//! The screens, one for each address.

pub mod demo;
pub mod not_found;
