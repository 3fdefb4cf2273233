//! What was refused, for the audit. Whoever knocks a thousand times is one entry that says so: nobody
//! fills a disk by being refused.

use domain::{
    Timestamp,
    audit::{Audit, Refusal},
};
use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// For how long refusals that are alike become one entry.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// How many kinds of refusals are told apart within it; what is beyond becomes one entry.
const MAX_KINDS: usize = 500;
/// Entries that may be written at once.
const BURST: u32 = 60;
/// How long it takes until one more may be written.
const ENTRY_INTERVAL: Duration = Duration::from_secs(10);

/// Collects what was refused.
pub(crate) struct Refusals {
    state: Mutex<State>,
    /// One writes at a time, so that whoever reads afterwards has seen all of it.
    writing: tokio::sync::Mutex<()>,
}

struct State {
    kinds: BTreeMap<Kind, Waiting>,
    /// What may be written now, and since when that is known.
    allowance: (u32, Timestamp),
}

/// What makes two refusals alike.
type Kind = (String, Option<domain::UserId>, Option<domain::ApiKeyId>, String, Option<String>);

/// Refusals of one kind.
struct Waiting {
    /// The latest of them, with how many of them are not written yet.
    refusal: Refusal,
    /// Until then further ones only count.
    quiet_until: Timestamp,
}

impl Refusals {
    pub(crate) fn new(now: Timestamp) -> Self {
        let state = State { kinds: BTreeMap::new(), allowance: (BURST, now) };
        Self { state: Mutex::new(state), writing: tokio::sync::Mutex::default() }
    }

    /// Notes a refusal; says whether something is due to be written.
    pub(crate) fn note(&self, refusal: Refusal, now: Timestamp) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kind = kind(&refusal);
        let mut refusal = refusal;
        if state.kinds.len() >= MAX_KINDS && !state.kinds.contains_key(&kind) {
            refusal = Refusal::of_many();
            kind = self::kind(&refusal);
        }
        let waiting = state.kinds.entry(kind).or_insert_with(|| Waiting {
            refusal: Refusal { count: 0, ..refusal.clone() },
            quiet_until: now,
        });
        let count = waiting.refusal.count.saturating_add(1);
        waiting.refusal = Refusal { count, ..refusal };
        state.is_due(now)
    }

    /// Writes what is due; with everything that waits, when somebody reads.
    pub(crate) async fn flush(&self, audit: &Arc<dyn Audit>, now: Timestamp, what: Due) {
        let _writing = self.writing.lock().await;
        let due = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.take(now, what)
        };
        for refusal in due {
            // Nobody waits for it, and there is nobody to tell: whoever asked was refused all the same.
            if let Err(error) = audit.record_refused(&refusal).await {
                tracing::warn!("could not write a refusal into the audit: {error}");
            }
        }
    }
}

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// What has waited for long enough, as far as the allowance goes.
    Ripe,
    /// Everything: somebody who may reads the audit.
    All,
}

impl State {
    fn is_due(&self, now: Timestamp) -> bool {
        self.kinds.values().any(|waiting| waiting.is_ripe(now)) && self.allowed(now).0 > 0
    }

    fn allowed(&self, now: Timestamp) -> (u32, Timestamp) {
        let (left, since) = self.allowance;
        let more = now.since(since).as_secs() / ENTRY_INTERVAL.as_secs();
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let since = if more == 0 { since } else { since.plus(ENTRY_INTERVAL.saturating_mul(more)) };
        (left.saturating_add(more).min(BURST), since)
    }

    fn take(&mut self, now: Timestamp, what: Due) -> Vec<Refusal> {
        let (mut left, since) = self.allowed(now);
        let mut due = Vec::new();
        for waiting in self.kinds.values_mut() {
            let is_due = match what {
                Due::Ripe => waiting.is_ripe(now) && left > 0,
                Due::All => waiting.refusal.count > 0,
            };
            if is_due {
                left = left.saturating_sub(1);
                let rest = Refusal { count: 0, ..waiting.refusal.clone() };
                due.push(mem::replace(&mut waiting.refusal, rest));
                waiting.quiet_until = now.plus(WINDOW);
            }
        }
        self.allowance = (left, since);
        self.kinds.retain(|_, waiting| waiting.refusal.count > 0 || waiting.quiet_until > now);
        due
    }
}

impl Waiting {
    fn is_ripe(&self, now: Timestamp) -> bool {
        self.refusal.count > 0 && self.quiet_until <= now
    }
}

fn kind(refusal: &Refusal) -> Kind {
    let Refusal { action, actor, key, target, source, .. } = refusal;
    (action.clone(), *actor, *key, target.clone(), source.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).plus(Duration::from_secs(seconds))
    }

    fn from(source: u32) -> Refusal {
        let source = Some(format!("client {source}"));
        Refusal { action: "accounts.sign_in".to_owned(), source, ..Refusal::of_many() }
    }

    /// Notes so many, and what is written of them.
    fn written(refusals: &Refusals, now: Timestamp, what: Due) -> Vec<u64> {
        let mut state = refusals.state.lock().expect("no panic holds it");
        state.take(now, what).iter().map(|refusal| refusal.count).collect()
    }

    // S69
    #[test]
    fn the_first_is_written_at_once_and_those_like_it_together() {
        let refusals = Refusals::new(at(0));

        assert!(refusals.note(from(1), at(0)));
        assert_eq!(written(&refusals, at(0), Due::Ripe), [1]);
        for second in 1..=500 {
            assert!(!refusals.note(from(1), at(second)));
        }
        assert!(refusals.note(from(2), at(500)), "another kind");
        assert_eq!(written(&refusals, at(500), Due::Ripe), [1]);
        assert!(refusals.note(from(1), at(600)));
        assert_eq!(written(&refusals, at(600), Due::Ripe), [501]);
    }

    // S69
    #[test]
    fn whoever_reads_sees_all_of_them() {
        let refusals = Refusals::new(at(0));
        for _ in 0..3 {
            refusals.note(from(1), at(0));
        }

        assert_eq!(written(&refusals, at(0), Due::Ripe), [3]);
        refusals.note(from(1), at(1));
        assert_eq!(written(&refusals, at(1), Due::Ripe), [0; 0]);
        assert_eq!(written(&refusals, at(1), Due::All), [1]);
    }

    // S69: a crowd of two hours, each from somewhere else.
    #[test]
    fn what_is_written_and_what_is_kept_are_bounded() {
        let refusals = Refusals::new(at(0));
        let (mut entries, mut told) = (0, 0);
        for second in 0..7_200_u32 {
            if refusals.note(from(second), at(second.into())) {
                let counts = written(&refusals, at(second.into()), Due::Ripe);
                entries += counts.len();
                told += counts.iter().sum::<u64>();
            }
        }
        told += written(&refusals, at(7_200), Due::All).iter().sum::<u64>();

        assert!(entries <= 7_200 / 10 + 60, "{entries}");
        assert_eq!(told, 7_200, "none is lost");
        let state = refusals.state.lock().expect("no panic holds it");
        assert!(state.kinds.len() <= MAX_KINDS + 1);
    }
}
