//! Containers start before names change: what boots needs time of its own, in which the engine can do
//! the rest.

use domain::Clock;
use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// How long a change of names lets starts go first. So nobody waits for ever.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How many names are changed at once: fewer than calls pass the gate, so that starts find a place;
/// more than one, so that one that hangs keeps nobody else waiting.
const MAX_SERVING_CHANGES: usize = 2;

/// Who is starting, and whose names are being changed.
pub(crate) struct StartGate {
    in_flight: AtomicUsize,
    idle: Notify,
    names: Semaphore,
}

impl Default for StartGate {
    fn default() -> Self {
        let names = Semaphore::new(MAX_SERVING_CHANGES);
        Self { in_flight: AtomicUsize::new(0), idle: Notify::new(), names }
    }
}

/// A start, from the wish for it to its end.
pub(crate) struct StartGuard<'a>(&'a StartGate);

impl Drop for StartGuard<'_> {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl StartGate {
    /// Something is to be made or started; it is as long as the answer lives.
    pub(crate) fn begin(&self) -> StartGuard<'_> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        StartGuard(self)
    }

    /// The turn to change a name, once nothing starts any more, or after [`MAX_WAIT`]. In the order in
    /// which they have come.
    pub(crate) async fn serving_permit(&self, clock: &dyn Clock) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            () = self.until_idle() => (),
            () = clock.sleep(MAX_WAIT) => (),
        }
        // Never closed: without a turn the call would only be early, not wrong.
        self.names.acquire().await.ok()
    }

    async fn until_idle(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            // From here on no end is missed.
            idle.as_mut().enable();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::testing::PausedClock;
    use futures::poll;

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
