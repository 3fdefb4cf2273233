//! How fast somebody may try to sign in: each failure makes the next try wait longer, and a right
//! password is never refused for wrong ones.

use domain::{Email, Error, Timestamp};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long after its last failure somebody starts afresh.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// A try that would have to wait longer than this is sent away, and may come again.
const MAX_WAIT: Duration = Duration::from_secs(15);
/// How many are remembered: beyond it those who have failed least are forgotten first.
const REMEMBERED: usize = 10_000;

/// Who fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// At one account, from one client (DK-8).
    Pair(Email, Option<IpAddr>),
    /// At one account, from clients that it has never signed in from.
    Account(Email),
    /// From one client, at accounts that it has never signed in to.
    Client(Option<IpAddr>),
    /// At the claim, from one client.
    Claim(Option<IpAddr>),
}

impl Key {
    /// Failures that make nobody wait.
    const fn free(&self) -> u32 {
        match self {
            Self::Pair(..) | Self::Claim(_) => 5,
            Self::Account(_) => 10,
            Self::Client(_) => 20,
        }
    }

    /// The longest time between two tries. What many share is slowed down less: each of them waits
    /// for the others.
    const fn slowest(&self) -> Duration {
        match self {
            Self::Pair(..) => Duration::from_secs(4),
            Self::Claim(_) => Duration::from_secs(60),
            Self::Account(_) | Self::Client(_) => Duration::from_secs(2),
        }
    }

    /// How long after so many failures the next try has to wait: a second, then twice as long each
    /// time.
    fn delay(&self, failures: u32) -> Duration {
        let Some(beyond) = failures.checked_sub(self.free()) else { return Duration::ZERO };
        Duration::from_secs(1_u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(self.slowest())
    }
}

/// What is known of somebody who fails.
#[derive(Clone, Copy, Debug)]
struct Gate {
    failures: u32,
    /// When the next try is let through.
    opens_at: Timestamp,
}

/// A try that may be made once it has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// How long it has to wait.
    pub(crate) wait: Duration,
    /// What to say when it fails as well: how long the next one will have to wait.
    pub(crate) next: Option<Duration>,
}

impl Turn {
    /// What is said of a try that has failed: that it was one too many, if it was.
    pub(crate) fn refusal(self) -> Option<Error> {
        self.next.map(|retry_after| Error::RateLimited { retry_after })
    }
}

/// Failed sign-ins, in memory: a restart forgives.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<State>);

#[derive(Default)]
struct State {
    gates: HashMap<Key, Gate>,
    /// From where people have signed in: who fails elsewhere does not hold them up.
    known: HashMap<(Email, Option<IpAddr>), Timestamp>,
}

impl Attempts {
    /// Lets somebody try, perhaps after a while. The try counts before its outcome is known, so that
    /// many at once cannot slip through.
    ///
    /// # Errors
    /// `RateLimited` when too many wait for their turn already.
    pub(crate) fn begin(
        &self,
        email: &Email,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Turn, Error> {
        let client = source.map(network);
        let mut state = self.state();
        let pair = Key::Pair(email.clone(), client);
        if state.known.contains_key(&(email.clone(), client)) {
            return state.take_turn(&[pair], now);
        }
        state.take_turn(&[pair, Key::Account(email.clone()), Key::Client(client)], now)
    }

    /// It was the right password: what failed before from here is forgiven, and whoever fails
    /// elsewhere holds this client up no more.
    pub(crate) fn succeeded(&self, email: &Email, source: Option<IpAddr>, now: Timestamp) {
        let client = source.map(network);
        let mut state = self.state();
        state.gates.remove(&Key::Pair(email.clone(), client));
        let is_known = state.known.insert((email.clone(), client), now).is_some();
        for key in [Key::Account(email.clone()), Key::Client(client)] {
            if !is_known && let Some(gate) = state.gates.get_mut(&key) {
                gate.failures = gate.failures.saturating_sub(1);
            }
        }
        if state.known.len() > REMEMBERED {
            let oldest = state.known.iter().min_by_key(|(_, at)| **at).map(|(who, _)| who.clone());
            oldest.and_then(|who| state.known.remove(&who));
        }
    }

    /// It was the wrong claim token. Nobody waits for it to be looked at: it cannot be guessed.
    ///
    /// # Errors
    /// `RateLimited` when it was one too many.
    pub(crate) fn claim_failed(&self, source: Option<IpAddr>, now: Timestamp) -> Result<(), Error> {
        let turn = self.state().take_turn(&[Key::Claim(source.map(network))], now);
        turn?.refusal().map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_turn(&mut self, keys: &[Key], now: Timestamp) -> Result<Turn, Error> {
        self.forget(now);
        let fresh = Gate { failures: 0, opens_at: now };
        let lasts = |gate: &Gate| now.since(gate.opens_at) < WINDOW;
        let gate = |key: &Key| self.gates.get(key).copied().filter(lasts).unwrap_or(fresh);
        let at = keys.iter().map(|key| gate(key).opens_at).max().unwrap_or(now).max(now);
        let wait = at.since(now);
        if wait > MAX_WAIT {
            return Err(Error::RateLimited { retry_after: wait });
        }
        let is_over = keys.iter().any(|key| gate(key).failures >= key.free());
        let counted: Vec<_> = keys
            .iter()
            .map(|key| {
                // By its own time: who waits elsewhere for long holds up nobody here.
                let Gate { failures, opens_at } = gate(key);
                let failures = failures.saturating_add(1);
                let opens_at = opens_at.max(now).plus(key.delay(failures));
                (key.clone(), Gate { failures, opens_at })
            })
            .collect();
        let next = counted.iter().map(|(_, gate)| gate.opens_at.since(at)).max();
        self.gates.extend(counted);
        Ok(Turn { wait, next: next.filter(|_| is_over) })
    }

    fn forget(&mut self, now: Timestamp) {
        let mut least = 0;
        while self.gates.len() > REMEMBERED || least > 0 && self.gates.len() > REMEMBERED / 2 {
            self.gates.retain(|_, gate| now.since(gate.opens_at) < WINDOW && gate.failures > least);
            least += 5;
        }
    }
}

/// Whom an address stands for: of IPv6 a whole /64 is one customer's.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::try_from(text).expect("a sound address")
    }

    fn from(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4((0x0a00_0000 + number).into()))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    // DK-8, S04
    #[test]
    fn each_failure_makes_the_next_try_wait_longer() {
        let attempts = Attempts::default();
        let mut now = at(0);

        let turns: Vec<_> = (0..10)
            .map(|_| {
                let turn = attempts.begin(&email("ada@x"), from(1), now).expect("it may wait");
                now = now.plus(turn.wait);
                (turn.wait.as_secs(), turn.next.map(|next| next.as_secs()))
            })
            .collect();

        let free = [(0, None); 5];
        let slow = [(1, Some(2)), (2, Some(4)), (4, Some(4)), (4, Some(4)), (4, Some(4))];
        assert_eq!(turns, [free, slow].concat());
        let later = attempts.begin(&email("ada@x"), from(1), now.plus(secs(4)).plus(WINDOW));
        assert_eq!(later.expect("it is forgotten"), Turn { wait: secs(0), next: None });
    }

    // S04: a right password is let in, however often others were wrong.
    #[test]
    fn after_any_number_of_failures_a_try_is_let_through_within_seconds() {
        let attempts = Attempts::default();
        let mut now = at(0);
        for client in 0..1_000 {
            match attempts.begin(&email("ada@x"), from(client % 100), now) {
                Ok(turn) => now = now.plus(turn.wait),
                Err(Error::RateLimited { retry_after }) => now = now.plus(retry_after),
                Err(other) => panic!("{other}"),
            }
        }

        let turn = attempts.begin(&email("ada@x"), from(777), now).expect("it may wait");

        assert!(turn.wait <= secs(2), "{turn:?}");
    }

    // S04: whoever was there before is not held up by those who fail elsewhere.
    #[test]
    fn a_crowd_of_guessers_does_not_hold_up_who_has_signed_in_before() {
        let attempts = Attempts::default();
        attempts.begin(&email("ada@x"), from(1), at(0)).expect("the first");
        attempts.succeeded(&email("ada@x"), from(1), at(0));
        let crowd = (2..5_000).map(|client| attempts.begin(&email("ada@x"), from(client), at(1)));
        assert!(crowd.filter(Result::is_err).count() > 4_000, "guesses are slow");

        let turn = attempts.begin(&email("ada@x"), from(1), at(1)).expect("she is known here");

        assert_eq!(turn, Turn { wait: secs(0), next: None });
    }

    // S04: one client that tries everybody.
    #[test]
    fn trying_many_accounts_from_one_client_is_slow() {
        let attempts = Attempts::default();
        let tried = (0..100)
            .filter(|number| {
                attempts.begin(&email(&format!("p{number}@x")), from(1), at(0)).is_ok()
            })
            .count();

        assert!((20..40).contains(&tried), "{tried}");
        assert_eq!(attempts.begin(&email("p1@x"), from(2), at(0)).expect("another").wait, secs(0));
    }

    #[test]
    fn success_forgives() {
        let attempts = Attempts::default();
        for second in 0..50 {
            let turn =
                attempts.begin(&email("ada@x"), None, at(second)).expect("it is let through");
            assert_eq!(turn, Turn { wait: secs(0), next: None });
            attempts.succeeded(&email("ada@x"), None, at(second));
        }
    }

    #[test]
    fn a_whole_ipv6_network_is_one_source() {
        let attempts = Attempts::default();
        let begin = |source: &str| attempts.begin(&email("ada@x"), source.parse().ok(), at(0));
        for last in 0..5 {
            begin(&format!("2001:db8:1:2::{last}")).expect("it is let through");
        }

        assert_eq!(begin("2001:db8:1:2:3::").expect("it may wait").wait, secs(1));
        assert_eq!(begin("2001:db8:1:3::").expect("another network").wait, secs(0));
    }

    #[test]
    fn wrong_claims_are_told_to_wait() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.claim_failed(from(1), at(0)).expect("it is only wrong");
        }

        let refused = attempts.claim_failed(from(1), at(0)).expect_err("one too many");

        assert!(matches!(refused, Error::RateLimited { retry_after } if retry_after == secs(2)));
        attempts.claim_failed(from(2), at(0)).expect("another client is only wrong");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_those_who_fail_most_stay() {
        let attempts = Attempts::default();
        for _ in 0..8 {
            let _ = attempts.begin(&email("ada@x"), from(1), at(0));
        }
        for client in 0..u32::try_from(REMEMBERED).expect("it is small") {
            let _ = attempts.begin(&email(&format!("p{client}@x")), from(client + 2), at(0));
        }

        assert!(attempts.state().gates.len() <= REMEMBERED + 3);
        assert!(attempts.state().gates.contains_key(&Key::Pair(email("ada@x"), from(1))));
    }
}
