//! The screens, one for each address.

pub mod api_keys;
pub mod claim;
pub mod devices;
pub mod failure;
pub mod login;
pub mod not_found;
pub mod own;
pub mod project;
pub mod projects;
pub mod settings;
pub mod system;
