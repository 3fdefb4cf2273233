//! What the planner goes by.

use std::time::Duration;

/// What the planner goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// How long a container may take to stop.
    pub stop_grace: Duration,
    /// How long a container without a check or a port must stay up to count as ready.
    pub stable_after: Duration,
    /// How often a service with something under way is looked at, at least.
    pub in_flight: Duration,
    /// How often a live replica with a check is asked, at most.
    pub live_probe: Duration,
    /// How often a new replica may die before its deployment has failed.
    pub candidate_deaths: usize,
    /// How often pulling or creating may fail before the deployment has failed.
    pub attempts: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            stop_grace: Duration::from_secs(10),
            stable_after: Duration::from_secs(10),
            in_flight: Duration::from_secs(2),
            live_probe: Duration::from_secs(10),
            candidate_deaths: 3,
            attempts: 3,
        }
    }
}
