//! One thing that a person does: under way, done, or failed.

use std::{cell::Cell, future::Future, rc::Rc};

use yew::prelude::{AttrValue, UseStateSetter, hook, use_effect_with, use_memo, use_state_eq};

use super::{ApiError, client::Boxed};
use crate::component::{Toasts, use_toasts};

/// What is left to do after success.
type Rest = Box<dyn FnOnce()>;

#[derive(Clone, Debug, Default, PartialEq)]
struct Standing {
    is_busy: bool,
    error: Option<ApiError>,
}

/// Whether it is under way, and how it failed.
#[derive(Clone)]
pub struct Deed {
    now: Standing,
    set: UseStateSetter<Standing>,
    traffic: Rc<Traffic>,
    toasts: Toasts,
}

#[derive(Default)]
struct Traffic {
    is_busy: Cell<bool>,
    is_gone: Cell<bool>,
}

impl PartialEq for Deed {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now && Rc::ptr_eq(&self.traffic, &other.traffic)
    }
}

impl Deed {
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.now.is_busy
    }

    #[must_use]
    pub fn error(&self) -> Option<&ApiError> {
        self.now.error.as_ref()
    }

    /// What is wrong with one field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<AttrValue> {
        self.error()?.field(name).map(Into::into)
    }

    /// What is wrong beside the fields that are shown.
    #[must_use]
    pub fn beside(&self, shown: &[&str]) -> Option<AttrValue> {
        self.error()?.beside(shown).map(Into::into)
    }

    /// Does it, unless it is under way. `done` hears of success only, even after the screen has
    /// gone; a failure after that is shown as a notice.
    pub fn start<T: 'static>(
        &self,
        answer: impl Future<Output = Result<T, ApiError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.run(Box::pin(async move {
            let value = answer.await?;
            let rest: Rest = Box::new(move || done(value));
            Ok(rest)
        }));
    }

    fn run(&self, answer: Boxed<Result<Rest, ApiError>>) {
        if self.traffic.is_busy.replace(true) {
            return;
        }
        let (set, traffic) = (self.set.clone(), self.traffic.clone());
        let toasts = self.toasts.clone();
        set.set(Standing { is_busy: true, error: None });
        wasm_bindgen_futures::spawn_local(async move {
            let answer = answer.await;
            traffic.is_busy.set(false);
            match answer {
                Ok(rest) => {
                    set.set(Standing::default());
                    rest();
                }
                Err(error) if traffic.is_gone.get() => toasts.failed(error.to_string()),
                Err(error) => set.set(Standing { is_busy: false, error: Some(error) }),
            }
        });
    }

    /// Refuses it here, before the server would.
    pub fn refuse(&self, error: ApiError) {
        self.set.set(Standing { is_busy: false, error: Some(error) });
    }

    /// Forgets how it failed.
    pub fn clear(&self) {
        if !self.traffic.is_busy.get() {
            self.set.set(Standing::default());
        }
    }
}

/// Something that a person may do here.
#[hook]
pub fn use_deed() -> Deed {
    let now = use_state_eq(Standing::default);
    let traffic = use_memo((), |()| Traffic::default());
    let toasts = use_toasts();
    use_effect_with((), {
        let traffic = traffic.clone();
        move |()| move || traffic.is_gone.set(true)
    });
    Deed { now: (*now).clone(), set: now.setter(), traffic, toasts }
}
