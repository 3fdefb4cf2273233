//! Containers start before names change: what boots needs time of its own, in which the engine can do
//! the rest.

use domain::Clock;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// How long a change of names lets starts go first. So nobody waits for ever.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How many names are changed at once: fewer than calls pass the gate, so that starts find a place;
/// more than one, so that one that hangs keeps nobody else waiting.
const MAX_SERVING_CHANGES: usize = 2;

/// Who is starting, and whose names are being changed.
pub(crate) struct StartGate {
    in_flight: watch::Sender<usize>,
    names: Semaphore,
}

impl Default for StartGate {
    fn default() -> Self {
        Self { in_flight: watch::Sender::new(0), names: Semaphore::new(MAX_SERVING_CHANGES) }
    }
}

/// A start, from the wish for it to its end.
pub(crate) struct StartGuard<'a>(&'a StartGate);

impl Drop for StartGuard<'_> {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|count| *count -= 1);
    }
}

impl StartGate {
    /// Something is to be made or started; it is as long as the answer lives.
    pub(crate) fn begin(&self) -> StartGuard<'_> {
        self.in_flight.send_modify(|count| *count += 1);
        StartGuard(self)
    }

    /// The turn to change a name, once nothing starts any more, or after [`MAX_WAIT`].
    pub(crate) async fn serving_permit(&self, clock: &dyn Clock) -> Option<SemaphorePermit<'_>> {
        let mut in_flight = self.in_flight.subscribe();
        tokio::select! {
            _ = in_flight.wait_for(|count| *count == 0) => (),
            () = clock.sleep(MAX_WAIT) => (),
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
        let (start_gate, clock) = (StartGate::default(), PausedClock::default());
        let begun = clock.now();
        drop(start_gate.serving_permit(&clock).await);

        let starting = start_gate.begin();
        {
            let mut turn = pin!(start_gate.serving_permit(&clock));
            assert!(poll!(&mut turn).is_pending(), "something starts");
            drop(starting);
            assert!(poll!(&mut turn).is_ready(), "nothing starts any more");
        }
        assert_eq!(clock.now(), begun, "no time has passed");

        let _endless = start_gate.begin();
        drop(start_gate.serving_permit(&clock).await);
        assert_eq!(clock.now().since(begun), MAX_WAIT);
    }
}
