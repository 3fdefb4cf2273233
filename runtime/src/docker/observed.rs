//! What the engine shows of a container, in our words.

use super::{
    body::{self, EngineCapacity},
    label::{self, InstanceLabels},
    sentence,
};
use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary,
    ContainerSummaryStateEnum, EndpointSettings,
};
use domain::{
    Timestamp,
    runtime::{ContainerState, Inspection, ObservedReplica, ReplicaHandle},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// What the engine waits for a container that it was told nothing about.
const ENGINES_GRACE: Duration = Duration::from_secs(10);

impl InstanceLabels {
    /// A container from a list; `None` when it is not a replica of ours.
    pub(super) fn observed(self, container: ContainerSummary) -> Option<ObservedReplica> {
        let id = container.id?;
        let labels = container.labels.unwrap_or_default();
        let Some(identity) = self.identity(&labels) else {
            tracing::warn!(container.id = id, "a container with our label names no replica");
            return None;
        };
        let networks = container.network_settings.and_then(|settings| settings.networks);
        let network = self.network_name(identity.environment);
        Some(ObservedReplica {
            container: ReplicaHandle(id),
            identity,
            state: state_in_list(container.state),
            address: networks.as_ref().and_then(|networks| address(networks.get(&network)?)),
        })
    }

    /// A container that was inspected; `None` when it is not a replica of ours.
    pub(super) fn inspection(
        self,
        raw: ContainerInspectResponse,
        capacity: EngineCapacity,
    ) -> Option<Inspection> {
        let config = raw.config.unwrap_or_default();
        let labels = config.labels.unwrap_or_default();
        let identity = self.identity(&labels)?;
        let state = raw.state.unwrap_or_default();
        let host = raw.host_config.unwrap_or_default();
        let networks = raw.network_settings.and_then(|it| it.networks).unwrap_or_default();
        let endpoint = networks.get(&self.network_name(identity.environment));
        Some(Inspection {
            identity,
            state: state_in_inspection(state.status),
            started_at: time(state.started_at.as_deref()),
            finished_at: time(state.finished_at.as_deref()),
            exit_code: state.exit_code,
            out_of_memory: state.oom_killed.unwrap_or_default(),
            restart_count: raw
                .restart_count
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or_default(),
            restart: body::restart(&host),
            serves: endpoint.is_some_and(|endpoint| has_alias(endpoint, label::slug(&labels))),
            address: endpoint.and_then(address),
            limits: body::limits(&host, capacity),
            stop_grace: config
                .stop_timeout
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map_or(ENGINES_GRACE, Duration::from_secs),
            error: state
                .error
                .filter(|error| !error.is_empty())
                .map(|error| sentence::refusal(&error, None)),
        })
    }
}

/// Where a container answers, or will answer once it runs.
pub(super) fn address(endpoint: &EndpointSettings) -> Option<IpAddr> {
    let taken = endpoint.ip_address.as_deref().filter(|address| !address.is_empty());
    match taken {
        Some(address) => address.parse().ok(),
        None => given(endpoint).map(IpAddr::V4),
    }
}

/// The address that we have given it, which it has each time it runs.
pub(super) fn given(endpoint: &EndpointSettings) -> Option<Ipv4Addr> {
    endpoint.ipam_config.as_ref()?.ipv4_address.as_deref()?.parse().ok()
}

/// Whether this name leads to it.
pub(super) fn has_alias(endpoint: &EndpointSettings, slug: Option<&str>) -> bool {
    let aliases = endpoint.aliases.as_deref().unwrap_or_default();
    slug.is_some_and(|slug| aliases.iter().any(|alias| alias == slug))
}

/// The engine says "year 1" for "not yet".
fn time(text: Option<&str>) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text?).ok()?.to_utc();
    (time.timestamp() > 0).then(|| Timestamp::from(time))
}

fn state_in_list(state: Option<ContainerSummaryStateEnum>) -> ContainerState {
    use ContainerSummaryStateEnum as Raw;
    match state {
        Some(Raw::RUNNING | Raw::STOPPING) => ContainerState::Running,
        Some(Raw::PAUSED) => ContainerState::Paused,
        Some(Raw::RESTARTING) => ContainerState::Restarting,
        Some(Raw::EXITED) => ContainerState::Exited,
        Some(Raw::REMOVING) => ContainerState::Removing,
        Some(Raw::DEAD) => ContainerState::Dead,
        Some(Raw::CREATED | Raw::EMPTY) | None => ContainerState::Created,
    }
}

pub(super) fn state_in_inspection(state: Option<ContainerStateStatusEnum>) -> ContainerState {
    use ContainerStateStatusEnum as Raw;
    match state {
        Some(Raw::RUNNING | Raw::STOPPING) => ContainerState::Running,
        Some(Raw::PAUSED) => ContainerState::Paused,
        Some(Raw::RESTARTING) => ContainerState::Restarting,
        Some(Raw::EXITED) => ContainerState::Exited,
        Some(Raw::REMOVING) => ContainerState::Removing,
        Some(Raw::DEAD) => ContainerState::Dead,
        Some(Raw::CREATED | Raw::EMPTY) | None => ContainerState::Created,
    }
}
