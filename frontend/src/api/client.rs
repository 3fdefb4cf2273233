//! The way to the server.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use serde::de::DeserializeOwned;
use yew::prelude::{Callback, hook, use_context};

use super::{
    error::ApiError,
    exchange::{Answer, Unanswered, exchange},
    request::Request,
};
use crate::view::fetch::Browser;

/// Something that comes later.
pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

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
    pub(super) async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        self.ask(request).await?.read()
    }

    /// Sends a request. That the session has ended is told to the app too. In a box, so that the
    /// app carries it once and not for every call.
    pub(super) fn ask(&self, request: Request) -> Boxed<Result<Answer, ApiError>> {
        let (unanswered, on_ended) = (self.unanswered.clone(), self.on_ended.clone());
        Box::pin(async move {
            let minds = request.minds_session();
            let answer = exchange(&Browser, &unanswered, request).await;
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
