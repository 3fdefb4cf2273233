//! Where lines arrive, and where the view looks for them.

use std::{
    cell::{Ref, RefCell},
    fmt,
    rc::Rc,
};

use yew::{AttrValue, Callback};

use super::{ring::Ring, row::Row};

/// How the stream is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FeedState {
    #[default]
    Idle,
    Connecting,
    Live,
    /// Nothing more will come.
    Ended,
    Failed(AttrValue),
}

/// A buffer that one fills and one view watches. Compared by pointer.
#[derive(Clone, Default)]
pub struct LogFeed(Rc<Inner>);

#[derive(Default)]
struct Inner {
    ring: RefCell<Ring>,
    state: RefCell<FeedState>,
    watcher: RefCell<Callback<()>>,
}

impl PartialEq for LogFeed {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for LogFeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LogFeed")
    }
}

impl LogFeed {
    pub fn push(&self, row: Row) {
        self.0.ring.borrow_mut().push(row);
        self.notify();
    }

    pub fn clear(&self) {
        self.0.ring.borrow_mut().clear();
        self.notify();
    }

    pub fn set_state(&self, state: FeedState) {
        self.0.state.replace(state);
        self.notify();
    }

    pub fn set_filter(&self, filter: &str) {
        self.0.ring.borrow_mut().set_filter(filter);
        self.notify();
    }

    #[must_use]
    pub fn state(&self) -> FeedState {
        self.0.state.borrow().clone()
    }

    pub(super) fn ring(&self) -> Ref<'_, Ring> {
        self.0.ring.borrow()
    }

    /// Tells this one of every change, and nobody else.
    pub(super) fn watch(&self, watcher: Callback<()>) {
        self.0.watcher.replace(watcher);
    }

    fn notify(&self) {
        let watcher = self.0.watcher.borrow().clone();
        watcher.emit(());
    }
}
