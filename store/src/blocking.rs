//! What keeps a processor busy for long is done beside the threads that answer others.

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

/// So many values are decrypted or judged in between without anybody noticing.
const INLINE_LIMIT: usize = 100;

/// Does it, beside the others when it is about many values.
pub(crate) fn run_blocking<T>(values: usize, act: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if values > INLINE_LIMIT && has_others { block_in_place(act) } else { act() }
}
