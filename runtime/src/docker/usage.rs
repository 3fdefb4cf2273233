//! What a container uses.

pub(super) mod sample;

use super::{
    Docker,
    connection::{READ_TIMEOUT, WRITE_TIMEOUT},
    failure::Failure,
};
use bollard::{models::ContainerStatsResponse, query_parameters::StatsOptionsBuilder};
use domain::runtime::{ReplicaHandle, RuntimeError, Usage};
use futures::StreamExt;
use sample::{MIN_SAMPLE_GAP, Sample, total};
use tokio::time::sleep;

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
                sleep(MIN_SAMPLE_GAP).await;
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
            .call("measure a container", READ_TIMEOUT.min(WRITE_TIMEOUT), |docker| async move {
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

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerMemoryStats, ContainerNetworkStats};
    use std::collections::HashMap;

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
}
