//! How much has been done, where it is counted: no clock can say that on a busy machine.

use std::cell::Cell;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// One value put somewhere or looked for.
pub(crate) fn count() {
    DONE.set(DONE.get() + 1);
}

/// How many values this puts and looks for, all on this thread.
pub fn during(act: impl FnOnce()) -> u64 {
    let before = DONE.get();
    act();
    DONE.get() - before
}
