//! What can be set about the reconciler.

use crate::{action::Plan, error::ReconcileError, plan, rules::Rules, situation::Situation};
use domain::Timestamp;
use std::time::Duration;

/// How the loop runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time between two looks at everything.
    pub resync: Duration,
    /// How many short calls to the engine run at once.
    pub parallel: usize,
    /// How many images are pulled at once.
    pub pulls: usize,
    /// First wait after a failed pass; doubled up to [`backoff_max`](Self::backoff_most).
    pub backoff: Duration,
    /// Longest wait after a failed pass.
    pub backoff_max: Duration,
    /// Longest wait after a failure that passes by itself: somebody was busy, or did not answer.
    pub backoff_transient: Duration,
    /// What the planner goes by.
    pub rules: Rules,
    /// The planner; tests put a broken one here.
    pub planner: fn(&Situation, Timestamp, &Rules) -> Plan,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resync: Duration::from_secs(30),
            parallel: 4,
            pulls: 8,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            backoff_transient: Duration::from_secs(10),
            rules: Rules::default(),
            planner: plan::plan,
        }
    }
}

impl Settings {
    /// Longest wait after this failure.
    pub(crate) fn max_backoff(&self, error: &ReconcileError) -> Duration {
        if error.is_transient() { self.backoff_transient } else { self.backoff_max }
    }
}
