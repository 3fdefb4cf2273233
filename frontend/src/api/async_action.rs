//! One thing that a person does: under way, done, or failed.

use std::{cell::Cell, future::Future, rc::Rc};

use yew::prelude::{AttrValue, UseStateSetter, hook, use_effect_with, use_memo, use_state_eq};

use super::{ApiError, client::Boxed};
use crate::component::{Toasts, use_toasts};

/// What is left to do after success.
type OnSuccess = Box<dyn FnOnce()>;

#[derive(Clone, Debug, Default, PartialEq)]
struct ActionState {
    is_busy: bool,
    error: Option<ApiError>,
}

/// Whether it is under way, and how it failed.
#[derive(Clone)]
pub struct AsyncAction {
    now: ActionState,
    set: UseStateSetter<ActionState>,
    in_flight: Rc<InFlight>,
    toasts: Toasts,
}

#[derive(Default)]
struct InFlight {
    is_busy: Cell<bool>,
    is_gone: Cell<bool>,
}

impl PartialEq for AsyncAction {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now && Rc::ptr_eq(&self.in_flight, &other.in_flight)
    }
}

impl AsyncAction {
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
    pub fn other_errors(&self, shown: &[&str]) -> Option<AttrValue> {
        self.error()?.other_errors(shown).map(Into::into)
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
            let rest: OnSuccess = Box::new(move || done(value));
            Ok(rest)
        }));
    }

    fn run(&self, answer: Boxed<Result<OnSuccess, ApiError>>) {
        if self.in_flight.is_busy.replace(true) {
            return;
        }
        let (set, in_flight) = (self.set.clone(), self.in_flight.clone());
        let toasts = self.toasts.clone();
        set.set(ActionState { is_busy: true, error: None });
        wasm_bindgen_futures::spawn_local(async move {
            let answer = answer.await;
            in_flight.is_busy.set(false);
            match answer {
                Ok(rest) => {
                    set.set(ActionState::default());
                    rest();
                }
                Err(error) if in_flight.is_gone.get() => toasts.failed(error.to_string()),
                Err(error) => set.set(ActionState { is_busy: false, error: Some(error) }),
            }
        });
    }

    /// Refuses it here, before the server would.
    pub fn refuse(&self, error: ApiError) {
        self.set.set(ActionState { is_busy: false, error: Some(error) });
    }

    /// Forgets how it failed.
    pub fn clear(&self) {
        if !self.in_flight.is_busy.get() {
            self.set.set(ActionState::default());
        }
    }
}

/// Something that a person may do here.
#[hook]
pub fn use_async_action() -> AsyncAction {
    let now = use_state_eq(ActionState::default);
    let in_flight = use_memo((), |()| InFlight::default());
    let toasts = use_toasts();
    use_effect_with((), {
        let in_flight = in_flight.clone();
        move |()| move || in_flight.is_gone.set(true)
    });
    AsyncAction { now: (*now).clone(), set: now.setter(), in_flight, toasts }
}
