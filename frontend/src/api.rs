//! The API, as screens use it: typed calls, one kind of error, and what a screen shows meanwhile.

mod account;
mod api_key;
mod change;
mod client;
mod deed;
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
    change::EnvironmentPath,
    client::{Api, use_api},
    deed::{Deed, use_deed},
    error::{ApiError, sentence},
    exchange::{Answer, Lost, Transport},
    fetched::{Fetched, UseFetch, use_fetch},
    paging::{UsePages, use_pages},
    request::{Method, Request},
};
