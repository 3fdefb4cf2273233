//! The request that makes a container. It is built from a closed type: what [`ReplicaSpec`] has
//! no field for cannot be asked of the engine.

use super::label::{InstanceLabels, Labels};
use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, EndpointIpamConfig, EndpointSettings, HostConfig,
    HostConfigLogConfig, Mount, MountType, NetworkingConfig, RestartPolicy as EnginePolicy,
    RestartPolicyNameEnum, SystemInfo,
};
use domain::{
    Limits, Protocol,
    runtime::{ReplicaSpec, RestartPolicy},
};
use std::{collections::HashMap, net::Ipv4Addr, time::Duration};

/// What ordinary images need to start as root and step down to a user of their own.
const CAPABILITIES: [&str; 8] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
/// Enough for any database, too few for a fork bomb.
const PID_LIMIT: i64 = 4096;
const MIB: i64 = 1024 * 1024;
const PAGE: i64 = 4096;
/// More than any machine has: a pebibyte.
const MAX_MEMORY: i64 = 1 << 50;
const NANOS_PER_MILLI: i64 = 1_000_000;
/// The engine cannot lift a weight, only change it. This one stands for "none given": the kernel
/// treats it like the default of 1024, and we can tell it from a 1024 that somebody wants.
const NO_SHARES: i64 = 1023;

/// What the machine has, for containers without limits of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EngineCapacity {
    pub(crate) memory_bytes: i64,
    pub(crate) cpus: i64,
}

impl EngineCapacity {
    /// What an engine says of its machine.
    pub(crate) fn of(info: &SystemInfo) -> Self {
        Self {
            memory_bytes: info.mem_total.unwrap_or_default(),
            cpus: info.ncpu.unwrap_or(1).max(1),
        }
    }
}

/// The request for a replica's container at this address, without its service's name.
pub(crate) fn create(
    instance_labels: InstanceLabels,
    spec: &ReplicaSpec,
    address: Ipv4Addr,
    capacity: EngineCapacity,
) -> ContainerCreateBody {
    // By name, so that the container starts again on a network that had to be made anew.
    let network = instance_labels.network_name(spec.identity.environment);
    let protocol = |protocol| match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let volume = |(volume, path): (&domain::VolumeId, &domain::MountPath)| Mount {
        typ: Some(MountType::VOLUME),
        source: Some(instance_labels.volume_name(*volume)),
        target: Some(path.to_string()),
        ..Mount::default()
    };
    ContainerCreateBody {
        hostname: Some(host_name(spec)),
        image: Some(spec.image.id.clone()),
        entrypoint: spec.config.entrypoint.as_ref().map(|command| command.arguments().to_vec()),
        working_dir: spec.config.working_dir.as_ref().map(ToString::to_string),
        user: spec.config.user.as_ref().map(ToString::to_string),
        cmd: spec.config.command.as_ref().map(|command| command.arguments().to_vec()),
        env: Some(
            spec.config
                .variables
                .iter()
                .map(|(key, value)| format!("{key}={}", value.expose()))
                .collect(),
        ),
        exposed_ports: Some(
            spec.config
                .ports
                .iter()
                .map(|port| format!("{}/{}", port.number, protocol(port.protocol)))
                .collect(),
        ),
        labels: Some(instance_labels.replica(spec)),
        stop_signal: spec.config.stop_signal.as_ref().map(ToString::to_string),
        stop_timeout: Some(whole_seconds(spec.stop_grace).into()),
        host_config: Some(HostConfig {
            network_mode: Some(network.clone()),
            mounts: Some(spec.config.mounts.iter().map(volume).collect()),
            restart_policy: Some(restart_policy(spec.restart)),
            init: Some(true),
            readonly_rootfs: spec.config.read_only.0.then_some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            pids_limit: Some(PID_LIMIT),
            memory: Some(memory(spec.config.limits, capacity)),
            memory_swap: Some(memory_and_swap(spec.config.limits)),
            nano_cpus: spec.config.limits.cpu_millis().map(nano_cpus),
            cpu_shares: spec.config.limits.cpu_shares().map(i64::from),
            shm_size: spec.config.shm_size.map(|size| i64::from(size.mebibytes()) * MIB),
            log_config: Some(HostConfigLogConfig {
                // The engine's default, `json-file`, writes U+FFFD for what it has cut through.
                typ: Some("local".to_owned()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), "10m".to_owned()),
                    ("max-file".to_owned(), "3".to_owned()),
                ])),
            }),
            ..HostConfig::default()
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(network, endpoint(address, None))])),
        }),
        ..ContainerCreateBody::default()
    }
}

/// `<slug>-<replica>`. Not the slug alone: the engine makes a name on the network of it, and nobody
/// may find a replica by its service's name before it is promoted.
fn host_name(spec: &ReplicaSpec) -> String {
    spec.slug.with_suffix(&spec.identity.replica.short()).to_string()
}

/// A place on a network: a fixed address, and perhaps the service's name.
pub(crate) fn endpoint(address: Ipv4Addr, alias: Option<&str>) -> EndpointSettings {
    EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        aliases: alias.map(|alias| vec![alias.to_owned()]),
        ..EndpointSettings::default()
    }
}

/// The request that changes limits. The engine takes an absent limit for an unchanged one, so
/// each is given a value: without a limit, what the machine has.
pub(crate) fn update_limits(limits: Limits, capacity: EngineCapacity) -> ContainerUpdateBody {
    ContainerUpdateBody {
        memory: Some(memory(limits, capacity)),
        // Older engines leave out "no limit" from an update, which the kernel then refuses.
        memory_swap: Some(limits.memory_mb().map_or(MAX_MEMORY, |mib| i64::from(mib) * MIB)),
        // One nanosecond short of a whole millisecond: no limit that somebody wants looks so.
        nano_cpus: Some(limits.cpu_millis().map_or(capacity.cpus * 1_000_000_000 - 1, nano_cpus)),
        cpu_shares: Some(limits.cpu_shares().map_or(NO_SHARES, i64::from)),
        ..ContainerUpdateBody::default()
    }
}

/// The request that changes what happens after a crash.
pub(crate) fn update_restart(restart: RestartPolicy) -> ContainerUpdateBody {
    ContainerUpdateBody {
        restart_policy: Some(restart_policy(restart)),
        ..ContainerUpdateBody::default()
    }
}

/// The limits that a container has been given, read back from what the two requests wrote.
pub(crate) fn limits(host: &HostConfig) -> Limits {
    let memory = host.memory.filter(|bytes| *bytes > 0 && bytes % MIB == 0).map(|it| it / MIB);
    let cpu = host
        .nano_cpus
        .filter(|nanos| *nanos > 0 && nanos % NANOS_PER_MILLI == 0)
        .map(|it| it / NANOS_PER_MILLI);
    let shares = host.cpu_shares.filter(|shares| *shares > 0 && *shares != NO_SHARES);
    let small = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    // Limits that somebody set by hand may be outside of what we allow: then they are not ours.
    Limits::new(small(memory), small(cpu), small(shares)).unwrap_or_default()
}

pub(crate) fn restart(host: &HostConfig) -> RestartPolicy {
    match host.restart_policy.as_ref().and_then(|policy| policy.name) {
        Some(RestartPolicyNameEnum::UNLESS_STOPPED | RestartPolicyNameEnum::ALWAYS) => {
            RestartPolicy::UnlessStopped
        }
        Some(
            RestartPolicyNameEnum::EMPTY
            | RestartPolicyNameEnum::NO
            | RestartPolicyNameEnum::ON_FAILURE,
        )
        | None => RestartPolicy::No,
    }
}

/// Whole seconds, upwards: a grace is never cut short.
pub(crate) fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

fn restart_policy(restart: RestartPolicy) -> EnginePolicy {
    let name = match restart {
        RestartPolicy::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
        RestartPolicy::No => RestartPolicyNameEnum::NO,
    };
    EnginePolicy { name: Some(name), maximum_retry_count: None }
}

/// A limit in bytes. Without one, what the machine has, so that programs which size themselves by
/// their limit find one; it is never a whole MiB, which tells it from a limit that was given.
fn memory(limits: Limits, capacity: EngineCapacity) -> i64 {
    limits.memory_mb().map_or_else(
        || {
            let pages = capacity.memory_bytes / PAGE * PAGE;
            if pages % MIB == 0 { pages - PAGE } else { pages }
        },
        |mib| i64::from(mib) * MIB,
    )
}

/// A given limit is the whole of it, swap included; without one, swap is free to use.
fn memory_and_swap(limits: Limits) -> i64 {
    limits.memory_mb().map_or(-1, |mib| i64::from(mib) * MIB)
}

fn nano_cpus(millis: u32) -> i64 {
    i64::from(millis) * NANOS_PER_MILLI
}

/// Whether all that is written on one object is written on the other.
pub(crate) fn has_all(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests;
