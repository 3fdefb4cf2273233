//! Lists that come in parts: no list stops silently.

use std::{cell::Cell, future::Future, rc::Rc};

use domain::page::Paged;
use yew::prelude::{
    Callback, Reducible, UseReducerHandle, hook, use_callback, use_effect_with, use_force_update,
    use_mut_ref, use_reducer,
};

use super::ApiError;

/// How many are asked for at once.
pub(super) const PART: u64 = 50;

/// As much of a list as is known.
#[derive(Debug, PartialEq)]
pub struct Pages<T> {
    /// `None` before the first answer.
    pub rows: Option<Rc<Vec<T>>>,
    /// How long the whole is.
    pub total: u64,
    pub error: Option<ApiError>,
    pub is_busy: bool,
}

impl<T> Clone for Pages<T> {
    fn clone(&self) -> Self {
        let (rows, error) = (self.rows.clone(), self.error.clone());
        Self { rows, error, total: self.total, is_busy: self.is_busy }
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { rows: None, total: 0, error: None, is_busy: true }
    }
}

impl<T> Pages<T> {
    /// How many there are that have not been read.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let known = self.rows.as_ref().map_or(0, |rows| rows.len() as u64);
        self.total.saturating_sub(known)
    }
}

/// What becomes of a list.
#[derive(Debug)]
pub enum PageAction<T> {
    Asked,
    Answered(Result<Paged<T>, ApiError>),
}

impl<T: Clone + PartialEq> Pages<T> {
    fn told(&self, action: PageAction<T>) -> Self {
        match action {
            PageAction::Asked => Self { is_busy: true, error: None, ..self.clone() },
            PageAction::Answered(Err(error)) => {
                Self { is_busy: false, error: Some(error), ..self.clone() }
            }
            PageAction::Answered(Ok(part)) => {
                let mut rows = match (&self.rows, part.offset) {
                    (_, 0) | (None, _) => Vec::new(),
                    (Some(rows), _) => rows.to_vec(),
                };
                // Something made meanwhile moves the rest by one: no row is shown twice.
                for row in part.data {
                    if !rows.contains(&row) {
                        rows.push(row);
                    }
                }
                Self {
                    rows: Some(Rc::new(rows)),
                    total: part.total_count,
                    error: None,
                    is_busy: false,
                }
            }
        }
    }
}

impl<T: Clone + PartialEq> Reducible for Pages<T> {
    type Action = PageAction<T>;

    fn reduce(self: Rc<Self>, action: PageAction<T>) -> Rc<Self> {
        Rc::new(self.told(action))
    }
}

/// A list, a way to read more of it, and a way to read it anew.
pub struct UsePages<T: Clone + PartialEq + 'static> {
    handle: UseReducerHandle<Pages<T>>,
    pub more: Callback<()>,
    pub reload: Callback<()>,
}

impl<T: Clone + PartialEq> std::ops::Deref for UsePages<T> {
    type Target = Pages<T>;

    fn deref(&self) -> &Pages<T> {
        &self.handle
    }
}

/// Reads the first part now and whenever `deps` change, and further ones when asked to.
#[hook]
pub fn use_pages<D, T, F, A>(deps: D, fetch: F) -> UsePages<T>
where
    D: Clone + PartialEq + 'static,
    T: Clone + PartialEq + 'static,
    F: FnOnce(D, u64) -> A + 'static,
    A: Future<Output = Result<Paged<T>, ApiError>> + 'static,
{
    let handle = use_reducer(Pages::default);
    // How often it was asked for, and from where on.
    let asked = use_mut_ref(|| (0_u32, 0_u64));
    let update = use_force_update();
    let before = use_mut_ref(|| deps.clone());
    if *before.borrow() != deps {
        before.replace(deps.clone());
        asked.borrow_mut().1 = 0;
    }
    let now = *asked.borrow();
    use_effect_with((deps, now), {
        let dispatcher = handle.dispatcher();
        move |(deps, (_, offset))| {
            let is_wanted = Rc::new(Cell::new(true));
            dispatcher.dispatch(PageAction::Asked);
            let answer = fetch(deps.clone(), *offset);
            wasm_bindgen_futures::spawn_local({
                let is_wanted = is_wanted.clone();
                async move {
                    let answer = answer.await;
                    if is_wanted.get() {
                        dispatcher.dispatch(PageAction::Answered(answer));
                    }
                }
            });
            move || is_wanted.set(false)
        }
    });
    let known = handle.rows.as_ref().map_or(0, |rows| rows.len() as u64);
    let ask = use_callback((), {
        move |from: u64, ()| {
            let mut asked = asked.borrow_mut();
            *asked = (asked.0 + 1, from);
            drop(asked);
            update.force_update();
        }
    });
    let more = ask.reform(move |()| known);
    UsePages { more, reload: ask.reform(|()| 0), handle }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(data: &[u8], offset: u64, total_count: u64) -> PageAction<u8> {
        PageAction::Answered(Ok(Paged { data: data.to_vec(), total_count, offset, limit: 2 }))
    }

    // W19
    #[test]
    fn a_list_says_how_much_of_it_is_missing_until_it_is_whole() {
        let first = Pages::default().told(part(&[5, 4], 0, 3));
        let second = first.told(PageAction::Asked).told(part(&[3], 2, 3));

        assert_eq!(first.missing(), 1);
        assert_eq!(second.missing(), 0);
        assert_eq!(second.rows.as_deref(), Some(&vec![5, 4, 3]));
    }

    #[test]
    fn a_row_made_meanwhile_shows_no_other_twice() {
        let first = Pages::default().told(part(&[5, 4], 0, 3));
        let second = first.told(part(&[4, 3], 2, 4));

        assert_eq!(second.rows.as_deref(), Some(&vec![5, 4, 3]));
    }

    #[test]
    fn what_is_there_stays_when_more_cannot_be_read() {
        let first = Pages::default().told(part(&[5, 4], 0, 3));
        let second = first.told(PageAction::Answered(Err(ApiError::Offline)));

        assert_eq!(second.rows, first.rows);
        assert_eq!(second.error, Some(ApiError::Offline));
    }
}
