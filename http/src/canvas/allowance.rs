//! How much a client may say.

use tokio::time::Instant;

/// Frames that a client may send at once, and in a second after that.
const BURST: f64 = 100.0;
const FRAMES_PER_SECOND: f64 = 50.0;
/// What a client that is silent saves up: two minutes' worth. A client that kept to the limit, and whose
/// frames were held up by a network or by us, is heard whenever they come; one that is silent for longer
/// is gone before.
const MOST: f64 = 120.0 * FRAMES_PER_SECOND;

/// Frames that are left to a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    left: f64,
    since: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, since: now }
    }

    /// Takes one frame; `false`: the client has sent more than it may.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        self.left = (self.left + passed * FRAMES_PER_SECOND).min(MOST) - 1.0;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// How many of so many frames at once are taken.
    fn taken(allowance: &mut Allowance, frames: usize, now: Instant) -> usize {
        (0..frames).take_while(|_| allowance.take(now)).count()
    }

    // DK-120
    #[test]
    fn who_floods_is_stopped_after_a_burst() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);

        assert_eq!(taken(&mut allowance, 1_000, now), 100);
    }

    #[test]
    fn who_keeps_to_the_limit_may_be_held_up_for_as_long_as_a_silent_client_is_kept() {
        for seconds in [1, 10, 60, 119] {
            let start = Instant::now();
            let mut allowance = Allowance::new(start);
            let mut now = start;
            for _ in 0..500 {
                now += Duration::from_millis(20);
                assert!(allowance.take(now), "it keeps to the limit");
            }

            now += Duration::from_secs(seconds);
            let late = usize::try_from(seconds * 50).expect("few");
            assert_eq!(taken(&mut allowance, late, now), late, "after {seconds} s");
        }
    }

    #[test]
    fn silence_is_no_licence_to_flood_for_ever() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);

        assert_eq!(taken(&mut allowance, 100_000, start + Duration::from_secs(86_400)), 6_000);
    }
}
