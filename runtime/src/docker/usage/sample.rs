//! How much processor time containers have used, from one measurement to the next.

use bollard::models::ContainerStatsResponse;
use domain::runtime::ReplicaHandle;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The shortest time over which a share of the processor means anything.
pub(super) const MIN_SAMPLE_GAP: Duration = Duration::from_millis(250);
/// An older measurement says nothing about now.
const OLDEST: Duration = Duration::from_secs(60);

/// How much processor time a container had used, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::docker) struct Sample {
    used: Duration,
    at: Instant,
}

impl Sample {
    pub(in crate::docker) fn of(stats: &ContainerStatsResponse) -> Self {
        Self { used: Duration::from_nanos(total(stats).unwrap_or_default()), at: Instant::now() }
    }

    /// Percent of one core. A restart begins again at nothing.
    pub(in crate::docker) fn percent_since(self, before: Self) -> f64 {
        let used = self.used.saturating_sub(before.used).as_secs_f64();
        let passed = self.at.saturating_duration_since(before.at).as_secs_f64();
        if passed > 0.0 { used / passed * 100.0 } else { 0.0 }
    }
}

/// The last measurement of each container.
#[derive(Default)]
pub(in crate::docker) struct Samples(Mutex<HashMap<ReplicaHandle, Sample>>);

impl Samples {
    fn lock(&self) -> MutexGuard<'_, HashMap<ReplicaHandle, Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::docker) fn before(&self, container: &ReplicaHandle) -> Option<Sample> {
        self.lock()
            .get(container)
            .copied()
            .filter(|sample| (MIN_SAMPLE_GAP..OLDEST).contains(&sample.at.elapsed()))
    }

    pub(in crate::docker) fn remember(&self, container: &ReplicaHandle, sample: Sample) {
        self.lock().insert(container.clone(), sample);
    }

    pub(in crate::docker) fn forget(&self, container: &ReplicaHandle) {
        self.lock().remove(container);
    }
}

/// All of it, in nanoseconds.
pub(super) fn total(stats: &ContainerStatsResponse) -> Option<u64> {
    stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_share_of_the_processor_is_time_used_by_time_passed() {
        let before = Sample { used: Duration::from_secs(1), at: Instant::now() };
        sleep(Duration::from_secs(2)).await;
        let now = Sample { used: Duration::from_secs(2), at: Instant::now() };
        let restarted = Sample { used: Duration::ZERO, at: Instant::now() };

        assert!((now.percent_since(before) - 50.0).abs() < 0.001);
        assert!(restarted.percent_since(before).abs() < f64::EPSILON);
    }
}
