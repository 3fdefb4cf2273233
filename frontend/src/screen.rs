//! The screens, one for each address.

pub mod account_page;
pub mod api_keys;
pub mod claim;
pub mod failure;
pub mod login;
pub mod not_found;
pub mod project;
pub mod projects;
pub mod sessions;
pub mod settings;
pub mod system;
