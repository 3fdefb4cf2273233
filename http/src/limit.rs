//! How often somebody may fail to sign in.

use domain::{Email, Error, Timestamp};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Failures within [`WINDOW`] that one account takes from one source (DK-8).
const PER_ACCOUNT: usize = 5;
/// Failures within [`WINDOW`] that one source may have over all accounts.
const PER_SOURCE: usize = 50;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How many keys are remembered: beyond it the ones that have run out are forgotten.
const REMEMBERED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(Email, Option<IpAddr>),
    Source(Option<IpAddr>),
}

/// Failed sign-ins, in memory: a restart forgives.
#[derive(Default)]
pub(crate) struct Attempts {
    failures: Mutex<HashMap<Key, Vec<Timestamp>>>,
}

impl Attempts {
    /// Counts a try before its outcome is known, so that many at once cannot slip through.
    pub(crate) fn begin(
        &self,
        email: &Email,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let source = source.map(network);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > REMEMBERED {
            failures.retain(|_, times| times.iter().any(|time| now.since(*time) < WINDOW));
        }
        let keys =
            [(Key::Account(email.clone(), source), PER_ACCOUNT), (Key::Source(source), PER_SOURCE)];
        for (key, most) in &keys {
            let times = failures.entry(key.clone()).or_default();
            times.retain(|time| now.since(*time) < WINDOW);
            if times.len() >= *most {
                let oldest = times[times.len() - most];
                return Err(Error::RateLimited {
                    retry_after: WINDOW.saturating_sub(now.since(oldest)),
                });
            }
        }
        for (key, _) in keys {
            failures.entry(key).or_default().push(now);
        }
        Ok(())
    }

    /// It was the right password: what failed before is forgiven.
    pub(crate) fn succeeded(&self, email: &Email, source: Option<IpAddr>) {
        let source = source.map(network);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&Key::Account(email.clone(), source));
        if let Some(times) = failures.get_mut(&Key::Source(source)) {
            times.pop();
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

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + seconds * 1000)
    }

    // DK-8, S04
    #[test]
    fn five_failures_lock_an_account_for_one_source_only() {
        let attempts = Attempts::default();
        let (ada, here, there) = (email("ada@x"), "10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        for second in 0..5 {
            attempts.begin(&ada, here, at(second)).expect("within the limit");
        }

        let refused = attempts.begin(&ada, here, at(60));

        assert!(matches!(refused, Err(Error::RateLimited { retry_after })
            if retry_after == Duration::from_secs(14 * 60)));
        assert!(attempts.begin(&ada, there, at(60)).is_ok());
        assert!(attempts.begin(&email("eve@x"), here, at(60)).is_ok());
        assert!(attempts.begin(&ada, here, at(15 * 60)).is_ok(), "the oldest has run out");
    }

    #[test]
    fn success_forgives() {
        let attempts = Attempts::default();
        let ada = email("ada@x");
        for second in 0..50 {
            attempts.begin(&ada, None, at(second)).expect("within the limit");
            attempts.succeeded(&ada, None);
        }
    }

    #[test]
    fn a_whole_ipv6_network_is_one_source() {
        let attempts = Attempts::default();
        let ada = email("ada@x");
        for last in 0..5 {
            let source = format!("2001:db8:1:2::{last}").parse().ok();
            attempts.begin(&ada, source, at(0)).expect("within the limit");
        }
        let neighbour = "2001:db8:1:2:3::".parse().ok();
        assert!(attempts.begin(&ada, neighbour, at(0)).is_err());
    }
}
