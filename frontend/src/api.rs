//! The API, as screens use it: typed calls, one kind of error, and what a screen shows meanwhile.

mod account;
mod api_key;
mod change;
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

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use serde::de::DeserializeOwned;
use yew::prelude::{Callback, hook, use_context};

use crate::view::fetch::Browser;

pub use self::{
    account::{claim, login},
    change::EnvironmentPath,
    deed::{Deed, use_deed},
    error::{ApiError, sentence},
    exchange::{Answer, Lost, Transport},
    fetched::{Fetched, UseFetch, use_fetch},
    paging::{UsePages, use_pages},
    request::{Method, Request},
};

use self::exchange::Unanswered;

/// Something that comes later.
type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// A way to the server. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Api {
    unanswered: Rc<RefCell<Unanswered>>,
    /// The session has ended.
    on_ended: Callback<()>,
}

impl PartialEq for Api {
    fn eq(&self, other: &Self) -> bool {
        self.on_ended == other.on_ended
    }
}

impl Api {
    /// Tells when the server says that nobody is signed in.
    #[must_use]
    pub fn new(on_ended: Callback<()>) -> Self {
        Self { unanswered: Rc::default(), on_ended }
    }

    /// Sends a request, and reads the answer.
    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        self.ask(request).await?.read()
    }

    /// Sends a request. That the session has ended is told to the app too. In a box, so that the
    /// app carries it once and not for every call.
    fn ask(&self, request: Request) -> Boxed<Result<Answer, ApiError>> {
        let (unanswered, on_ended) = (self.unanswered.clone(), self.on_ended.clone());
        Box::pin(async move {
            let minds = request.minds_session();
            let answer = exchange::exchange(&Browser, &unanswered, request).await;
            if minds && matches!(answer, Err(ApiError::Unauthorized(_))) {
                on_ended.emit(());
            }
            answer
        })
    }
}

/// The way to the server, from anywhere below the session.
#[hook]
pub fn use_api() -> Api {
    use_context::<Api>().unwrap_or_default()
}
