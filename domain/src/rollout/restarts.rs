//! What is remembered of a replica's starts and ends, so that crash loops show.

use crate::{
    Timestamp,
    runtime::{ContainerState, Inspection, RestartPolicy},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many crashes within [`CRASH_WINDOW`] are a crash loop.
pub const CRASH_LIMIT: usize = 10;

/// Crashes longer ago than this do not count.
pub const CRASH_WINDOW: Duration = Duration::from_secs(10 * 60);

/// A replica's starts and ends, as far as they have been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartHistory {
    /// When its last seen run began. Another time means that it was restarted.
    pub started_at: Option<Timestamp>,
    /// The end that was counted last, so that none counts twice.
    pub finished_at: Option<Timestamp>,
    /// The engine's count of restarts when it was last looked at.
    pub restart_count: u64,
    /// When it crashed: the last [`CRASH_LIMIT`] at most.
    pub crashes: Vec<Timestamp>,
    /// How it ended last, as far as seen.
    pub exit_code: Option<i64>,
    /// What was decided about it; nothing starts it again then.
    #[serde(rename = "verdict")]
    pub final_state: Option<FinalState>,
}

/// Why a replica is left alone although it does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalState {
    /// It kept crashing.
    Crashed,
    /// It has done its work and ended with 0.
    Completed,
}

impl RestartHistory {
    /// This, with what an inspection adds. Equal when it adds nothing.
    ///
    /// A crash is a restart by the engine, or an end that the engine did not answer because its
    /// policy is [`RestartPolicy::No`]. A changed start time alone is a restart (a person's, or the
    /// engine's own), not a crash.
    #[must_use]
    pub fn observe(&self, inspection: &Inspection) -> Self {
        let mut next = self.clone();
        let counted = inspection.restart_count.saturating_sub(
            // A lower count than before: the engine has forgotten, and counts anew.
            if inspection.restart_count < self.restart_count { 0 } else { self.restart_count },
        );
        let is_terminal = matches!(inspection.state, ContainerState::Exited | ContainerState::Dead);
        let has_ended = is_terminal
            && inspection.restart == RestartPolicy::No
            && inspection.started_at.is_some()
            && inspection.finished_at != self.finished_at;
        let crashes = usize::try_from(counted).unwrap_or(CRASH_LIMIT).min(CRASH_LIMIT)
            + usize::from(has_ended);
        if let Some(at) = inspection.finished_at.or(inspection.started_at) {
            next.crashes.extend(std::iter::repeat_n(at, crashes));
        }
        let surplus = next.crashes.len().saturating_sub(CRASH_LIMIT);
        next.crashes.drain(..surplus);
        next.restart_count = inspection.restart_count;
        next.started_at = inspection.started_at;
        if is_terminal || inspection.state == ContainerState::Restarting {
            next.finished_at = inspection.finished_at;
            next.exit_code = inspection.exit_code;
        }
        next
    }

    /// Crashes that still count.
    #[must_use]
    pub fn recent_crashes(&self, now: Timestamp) -> usize {
        self.crashes.iter().filter(|&&at| now.since(at) <= CRASH_WINDOW).count()
    }
}
