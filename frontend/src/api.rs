//! The API, as screens use it: typed calls, one kind of error, and what a screen shows meanwhile.

mod account;
mod api_key;
mod async_action;
mod change;
mod client;
mod deployment;
mod error;
mod exchange;
mod fetched;
mod member;
mod paging;
mod project;
pub mod request;
mod system;

pub use self::{
    account::{claim, login},
    async_action::{AsyncAction, use_async_action},
    change::EnvironmentPath,
    client::{Api, use_api},
    error::{ApiError, sentence},
    exchange::{Answer, Lost, Transport},
    fetched::{Fetched, UseFetch, use_fetch},
    paging::{UsePages, use_pages},
    request::{Method, Request},
};
