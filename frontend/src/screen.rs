//! The screens, one for each address.

pub mod not_found;
