//! Containers start before names change: what boots needs time of its own, in which the engine can do
//! the rest.

use domain::Clock;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// How long a change of names lets starts go first. So nobody waits for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many names are changed at once: fewer than calls pass the gate, so that starts find a place;
/// more than one, so that one that hangs keeps nobody else waiting.
const NAMES: usize = 2;

/// Who is starting, and whose names are being changed.
pub(crate) struct Starts {
    under_way: watch::Sender<usize>,
    names: Semaphore,
}

impl Default for Starts {
    fn default() -> Self {
        Self { under_way: watch::Sender::new(0), names: Semaphore::new(NAMES) }
    }
}

/// A start, from the wish for it to its end.
pub(crate) struct Starting<'a>(&'a Starts);

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

impl Starts {
    /// Something is to be made or started; it is as long as the answer lives.
    pub(crate) fn begin(&self) -> Starting<'_> {
        self.under_way.send_modify(|count| *count += 1);
        Starting(self)
    }

    /// The turn to change a name, once nothing starts any more, or after [`PATIENCE`].
    pub(crate) async fn turn_for_a_name(&self, clock: &dyn Clock) -> Option<SemaphorePermit<'_>> {
        let mut under_way = self.under_way.subscribe();
        tokio::select! {
            _ = under_way.wait_for(|count| *count == 0) => (),
            () = clock.sleep(PATIENCE) => (),
        }
        // Never closed: without a turn the call would only be early, not wrong.
        self.names.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::testing::PausedClock;
    use futures::poll;
    use std::pin::pin;

    #[tokio::test(start_paused = true)]
    async fn a_name_waits_for_what_starts_but_not_for_ever() {
        let (starts, clock) = (Starts::default(), PausedClock::default());
        let begun = clock.now();
        drop(starts.turn_for_a_name(&clock).await);

        let starting = starts.begin();
        {
            let mut turn = pin!(starts.turn_for_a_name(&clock));
            assert!(poll!(&mut turn).is_pending(), "something starts");
            drop(starting);
            assert!(poll!(&mut turn).is_ready(), "nothing starts any more");
        }
        assert_eq!(clock.now(), begun, "no time has passed");

        let _endless = starts.begin();
        drop(starts.turn_for_a_name(&clock).await);
        assert_eq!(clock.now().since(begun), PATIENCE);
    }
}
