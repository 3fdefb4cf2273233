//! What a screen shows of something that is read from the server.

use std::{cell::Cell, future::Future, ops::Deref, rc::Rc};

use yew::prelude::{
    Callback, Reducible, UseReducerHandle, hook, use_callback, use_effect_with, use_force_update,
    use_mut_ref, use_reducer,
};

use super::ApiError;

/// What is known so far. An old value stays while a new one is read, and when that fails.
#[derive(Debug, PartialEq)]
pub struct Fetched<T> {
    pub value: Option<Rc<T>>,
    pub error: Option<ApiError>,
    pub is_busy: bool,
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), error: self.error.clone(), is_busy: self.is_busy }
    }
}

impl<T> Default for Fetched<T> {
    /// Nothing, but it has been asked for.
    fn default() -> Self {
        Self { value: None, error: None, is_busy: true }
    }
}

/// What becomes of it.
#[derive(Debug)]
pub enum FetchAction<T> {
    Asked,
    Answered(Result<T, ApiError>),
}

impl<T> Fetched<T> {
    fn told(&self, action: FetchAction<T>) -> Self {
        match action {
            FetchAction::Asked => Self { is_busy: true, ..self.clone() },
            FetchAction::Answered(Ok(value)) => {
                Self { value: Some(Rc::new(value)), error: None, is_busy: false }
            }
            FetchAction::Answered(Err(error)) => {
                Self { value: self.value.clone(), error: Some(error), is_busy: false }
            }
        }
    }
}

impl<T> Reducible for Fetched<T> {
    type Action = FetchAction<T>;

    fn reduce(self: Rc<Self>, action: FetchAction<T>) -> Rc<Self> {
        Rc::new(self.told(action))
    }
}

/// What is known, and a way to read it again.
pub struct UseFetch<T: 'static> {
    handle: UseReducerHandle<Fetched<T>>,
    pub reload: Callback<()>,
}

impl<T> Clone for UseFetch<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), reload: self.reload.clone() }
    }
}

impl<T> Deref for UseFetch<T> {
    type Target = Fetched<T>;

    fn deref(&self) -> &Fetched<T> {
        &self.handle
    }
}

/// Reads something now, whenever `deps` change, and when asked to. Late answers are dropped.
#[hook]
pub fn use_fetch<D, T, F, A>(deps: D, fetch: F) -> UseFetch<T>
where
    D: Clone + PartialEq + 'static,
    T: 'static,
    F: FnOnce(D) -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let handle = use_reducer(Fetched::default);
    let round = use_mut_ref(|| 0_u32);
    let update = use_force_update();
    let this_round = *round.borrow();
    use_effect_with((deps, this_round), {
        let dispatcher = handle.dispatcher();
        move |(deps, _)| {
            let is_wanted = Rc::new(Cell::new(true));
            dispatcher.dispatch(FetchAction::Asked);
            let answer = fetch(deps.clone());
            wasm_bindgen_futures::spawn_local({
                let is_wanted = is_wanted.clone();
                async move {
                    let answer = answer.await;
                    if is_wanted.get() {
                        dispatcher.dispatch(FetchAction::Answered(answer));
                    }
                }
            });
            move || is_wanted.set(false)
        }
    });
    let reload = use_callback((), move |(), ()| {
        *round.borrow_mut() += 1;
        update.force_update();
    });
    UseFetch { handle, reload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_value_outlives_a_failure_and_an_error_outlives_nothing() {
        let first = Fetched::default().told(FetchAction::Answered(Ok(1)));
        let asked = first.told(FetchAction::Asked);
        let failed = asked.told(FetchAction::Answered(Err(ApiError::Offline)));
        let again = failed.told(FetchAction::Answered(Ok(2)));

        assert!(asked.is_busy && asked.value.as_deref() == Some(&1));
        assert_eq!((failed.value.as_deref(), &failed.error), (Some(&1), &Some(ApiError::Offline)));
        assert_eq!((again.value.as_deref(), again.error), (Some(&2), None));
    }
}
