//! What a container uses.

use super::{
    Docker,
    connection::{ACT, LOOK},
    failure::Failure,
};
use bollard::{models::ContainerStatsResponse, query_parameters::StatsOptionsBuilder};
use domain::runtime::{ReplicaHandle, RuntimeError, Usage};
use futures::StreamExt;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// The shortest time over which a share of the processor means anything.
const SHORTEST: Duration = Duration::from_millis(250);
/// An older measurement says nothing about now.
const OLDEST: Duration = Duration::from_secs(60);

impl Docker {
    pub(super) async fn measure(
        &self,
        container: &ReplicaHandle,
    ) -> Result<Option<Usage>, RuntimeError> {
        let Some(mut stats) = self.stats(container).await? else { return Ok(None) };
        let now = Sample::of(&stats);
        let before = match self.usages.before(container) {
            Some(before) => before,
            None => {
                // The engine takes one to two seconds to measure a share; we take less.
                sleep(SHORTEST).await;
                let Some(second) = self.stats(container).await? else { return Ok(None) };
                stats = second;
                now
            }
        };
        let now = Sample::of(&stats);
        self.usages.remember(container, now);
        Ok(Some(usage(&stats, now.percent_since(before))))
    }

    async fn stats(
        &self,
        container: &ReplicaHandle,
    ) -> Result<Option<ContainerStatsResponse>, RuntimeError> {
        let stats = self
            .connection
            .call("measure a container", LOOK.min(ACT), |docker| async move {
                let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
                docker.stats(&container.0, Some(options)).next().await.transpose()
            })
            .await;
        match stats {
            // A container that does not run has no processes and no processor time.
            Ok(stats) => Ok(stats.filter(|stats| total(stats).is_some_and(|total| total > 0))),
            Err(Failure::Answer { status: 404 | 409, .. }) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }
}

fn total(stats: &ContainerStatsResponse) -> Option<u64> {
    stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage
}

fn usage(stats: &ContainerStatsResponse, cpu_percent: f64) -> Usage {
    let memory = stats.memory_stats.clone().unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    // The page cache is given back when somebody needs it. The first name is that of cgroup v1.
    let cache = detail.get("total_inactive_file").or_else(|| detail.get("inactive_file"));
    let networks = stats.networks.as_ref();
    let sum = |bytes: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
        networks.map_or(0, |all| all.values().filter_map(bytes).sum())
    };
    Usage {
        cpu_percent,
        memory_bytes: memory
            .usage
            .unwrap_or_default()
            .saturating_sub(cache.copied().unwrap_or_default()),
        memory_limit_bytes: memory.limit.unwrap_or_default(),
        received_bytes: sum(|network| network.rx_bytes),
        sent_bytes: sum(|network| network.tx_bytes),
    }
}

/// How much processor time a container had used, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    used: Duration,
    at: Instant,
}

impl Sample {
    fn of(stats: &ContainerStatsResponse) -> Self {
        Self { used: Duration::from_nanos(total(stats).unwrap_or_default()), at: Instant::now() }
    }

    /// Percent of one core. A restart begins again at nothing.
    fn percent_since(self, before: Self) -> f64 {
        let used = self.used.saturating_sub(before.used).as_secs_f64();
        let passed = self.at.saturating_duration_since(before.at).as_secs_f64();
        if passed > 0.0 { used / passed * 100.0 } else { 0.0 }
    }
}

/// The last measurement of each container.
#[derive(Default)]
pub(super) struct Samples(Mutex<HashMap<ReplicaHandle, Sample>>);

impl Samples {
    fn lock(&self) -> MutexGuard<'_, HashMap<ReplicaHandle, Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, container: &ReplicaHandle) -> Option<Sample> {
        self.lock()
            .get(container)
            .copied()
            .filter(|sample| (SHORTEST..OLDEST).contains(&sample.at.elapsed()))
    }

    fn remember(&self, container: &ReplicaHandle, sample: Sample) {
        self.lock().insert(container.clone(), sample);
    }

    pub(super) fn forget(&self, container: &ReplicaHandle) {
        self.lock().remove(container);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerMemoryStats, ContainerNetworkStats};

    fn stats(detail: &str) -> ContainerStatsResponse {
        let network = ContainerNetworkStats {
            rx_bytes: Some(7),
            tx_bytes: Some(8),
            ..ContainerNetworkStats::default()
        };
        ContainerStatsResponse {
            memory_stats: Some(ContainerMemoryStats {
                usage: Some(100),
                limit: Some(1000),
                stats: Some(HashMap::from([(detail.to_owned(), 30)])),
                ..ContainerMemoryStats::default()
            }),
            networks: Some(HashMap::from([("eth0".to_owned(), network)])),
            ..ContainerStatsResponse::default()
        }
    }

    #[test]
    fn memory_leaves_out_the_page_cache_on_both_kinds_of_cgroups() {
        for detail in ["total_inactive_file", "inactive_file"] {
            let usage = usage(&stats(detail), 1.5);

            assert_eq!(usage.memory_bytes, 70, "{detail}");
            assert_eq!(usage.memory_limit_bytes, 1000);
            assert_eq!((usage.received_bytes, usage.sent_bytes), (7, 8));
        }
    }

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
