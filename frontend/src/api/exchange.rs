//! Sending a request and getting its answer, also when the network fails in between.

use std::{cell::RefCell, collections::HashMap};

use serde::de::DeserializeOwned;

use super::{ApiError, Request};

/// How long to wait before sending again, in milliseconds.
const WAITS: [u32; 2] = [400, 1_600];

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// How the log calls the request.
    pub request: Option<String>,
}

impl Answer {
    /// The answer's value; nothing is read as `()`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let body = if self.body.is_empty() { "null" } else { &self.body };
        serde_json::from_str(body)
            .map_err(|_| ApiError::unread(self.status, self.request.as_deref()))
    }
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The network failed.
    Network,
    /// It took too long.
    Time,
}

/// Carries requests. The browser's is in `view`.
#[expect(async_fn_in_trait, reason = "used within this crate alone, on one thread")]
pub trait Transport {
    async fn send(&self, request: &Request) -> Result<Answer, Lost>;
    async fn wait(&self, milliseconds: u32);
    /// A new random key.
    fn mint(&self) -> String;
}

/// Keys of mutations whose answer never came: when a person asks for the very same again, it is
/// sent under the same key, so that it happens once.
#[derive(Debug, Default)]
pub(super) struct Unanswered(HashMap<u64, String>);

/// Sends a request until there is an answer, or until hope is gone.
pub(super) async fn exchange(
    transport: &impl Transport,
    unanswered: &RefCell<Unanswered>,
    mut request: Request,
) -> Result<Answer, ApiError> {
    let fingerprint = request.fingerprint();
    if request.is_mutation() {
        let known = unanswered.borrow().0.get(&fingerprint).cloned();
        request.key = Some(known.unwrap_or_else(|| transport.mint()));
    }
    let mut waits = WAITS.into_iter().filter(|_| request.is_repeatable());
    let outcome = loop {
        match transport.send(&request).await {
            Ok(answer) => break Ok(answer),
            Err(Lost::Time) => break Err(ApiError::Slow),
            Err(Lost::Network) => match waits.next() {
                Some(wait) => transport.wait(wait).await,
                None => break Err(ApiError::Offline),
            },
        }
    };
    if let Some(key) = request.key {
        let mut unanswered = unanswered.borrow_mut();
        match &outcome {
            Ok(_) => unanswered.0.remove(&fingerprint),
            Err(_) => unanswered.0.insert(fingerprint, key),
        };
    }
    let answer = outcome?;
    if (200..300).contains(&answer.status) {
        Ok(answer)
    } else {
        Err(ApiError::read(answer.status, &answer.body, answer.request.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as it was told, and keeps what was sent.
    #[derive(Default)]
    struct Script {
        answers: RefCell<Vec<Result<Answer, Lost>>>,
        sent: RefCell<Vec<Option<String>>>,
        minted: RefCell<u32>,
    }

    impl Script {
        fn of(answers: impl IntoIterator<Item = Result<u16, Lost>>) -> Self {
            let answer = |status| Answer { status, body: String::new(), request: None };
            let mut answers: Vec<_> = answers.into_iter().map(|it| it.map(answer)).collect();
            answers.reverse();
            Self { answers: RefCell::new(answers), ..Self::default() }
        }

        fn keys(&self) -> Vec<String> {
            self.sent.borrow().iter().flatten().cloned().collect()
        }
    }

    impl Transport for Script {
        async fn send(&self, request: &Request) -> Result<Answer, Lost> {
            self.sent.borrow_mut().push(request.key.clone());
            self.answers.borrow_mut().pop().expect("no more than these are sent")
        }

        async fn wait(&self, _: u32) {}

        fn mint(&self) -> String {
            *self.minted.borrow_mut() += 1;
            format!("key-{}", self.minted.borrow())
        }
    }

    #[tokio::test]
    async fn a_mutation_whose_answer_got_lost_is_sent_again_under_the_same_key() {
        let script = Script::of([Err(Lost::Network), Ok(201)]);

        let answer = exchange(&script, &RefCell::default(), Request::post("/projects")).await;

        assert!(answer.is_ok());
        assert_eq!(script.keys(), ["key-1", "key-1"]);
    }

    #[tokio::test]
    async fn asking_again_after_a_loss_is_still_the_same_mutation() {
        let lost = Err(Lost::Network);
        let script = Script::of([lost, lost, lost, Ok(201), Ok(201)]);
        let unanswered = RefCell::default();
        let ask = || exchange(&script, &unanswered, Request::post("/projects").json(&"shop"));

        assert_eq!(ask().await, Err(ApiError::Offline));
        assert!(ask().await.is_ok());
        assert!(ask().await.is_ok());

        assert_eq!(script.keys(), ["key-1", "key-1", "key-1", "key-1", "key-2"]);
    }

    #[tokio::test]
    async fn a_sign_in_is_sent_once_and_without_a_key() {
        let script = Script::of([Err(Lost::Network)]);
        let request = Request::post("/auth/login").account();

        let answer = exchange(&script, &RefCell::default(), request).await;

        assert_eq!(answer, Err(ApiError::Offline));
        assert_eq!(*script.sent.borrow(), [None]);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_not_sent_again_by_itself() {
        let script = Script::of([Err(Lost::Time)]);

        let answer = exchange(&script, &RefCell::default(), Request::get("/projects")).await;

        assert_eq!(answer, Err(ApiError::Slow));
    }

    #[test]
    fn an_empty_answer_is_nothing_and_a_strange_one_is_an_error() {
        let answer = |body: &str| Answer { status: 200, body: body.to_owned(), request: None };

        assert_eq!(answer("").read::<()>(), Ok(()));
        assert!(matches!(answer("<html>").read::<Vec<u8>>(), Err(ApiError::Other { .. })));
    }
}
