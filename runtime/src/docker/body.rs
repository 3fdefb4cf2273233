//! The request that makes a container. It is built from a closed type: what [`ReplicaSpec`] has
//! no field for cannot be asked of the engine.

use super::{
    label::{InstanceLabels, Labels},
    memory::DefaultMemory,
};
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
const NANOS_PER_MILLI: i64 = 1_000_000;
/// The engine cannot lift a weight, only change it. This one stands for "none given": the kernel
/// treats it like the default of 1024, and we can tell it from a 1024 that somebody wants.
const NO_SHARES: i64 = 1023;

/// What the machine gives to containers without limits of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EngineCapacity {
    /// Never a whole MiB, which tells it from a limit that was given. 0 where nothing is known.
    pub(crate) default_memory: i64,
    pub(crate) cpus: i64,
    /// Whether its kernel can limit swap.
    pub(crate) limits_swap: bool,
}

impl EngineCapacity {
    /// What follows from what an engine says of its machine.
    pub(crate) fn of(info: &SystemInfo, memory: DefaultMemory) -> Self {
        let pages =
            memory.bytes(info.mem_total.unwrap_or_default()).unwrap_or_default() / PAGE * PAGE;
        Self {
            default_memory: if pages % MIB == 0 { (pages - PAGE).max(0) } else { pages },
            cpus: info.ncpu.unwrap_or(1).max(1),
            limits_swap: info.swap_limit.unwrap_or(true),
        }
    }

    /// What stands for "no limit of CPU": one nanosecond short of a whole millisecond, as no limit looks that
    /// somebody wants. The engine takes an absent limit for an unchanged one.
    fn all_cpus(self) -> i64 {
        self.cpus * 1_000_000_000 - 1
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
            // All of it, swap included: what is over would only make the host slow.
            memory_swap: Some(memory(spec.config.limits, capacity)),
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
        memory_swap: Some(memory(limits, capacity)),
        nano_cpus: Some(limits.cpu_millis().map_or(capacity.all_cpus(), nano_cpus)),
        cpu_shares: Some(limits.cpu_shares().map_or(NO_SHARES, i64::from)),
        pids_limit: Some(PID_LIMIT),
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

/// The limits that a container has been given, read back from what the two requests wrote. `None` when it
/// has what Easel gives to none: somebody has changed it by hand.
pub(crate) fn limits(host: &HostConfig, capacity: EngineCapacity) -> Option<Limits> {
    let memory = host.memory.unwrap_or_default();
    let nanos = host.nano_cpus.unwrap_or_default();
    let has_its_swap = !capacity.limits_swap || host.memory_swap.unwrap_or_default() == memory;
    if !has_its_swap || host.pids_limit != Some(PID_LIMIT) {
        return None;
    }
    let memory = match memory {
        default if default == capacity.default_memory => None,
        given => Some(whole(given, MIB)?),
    };
    let cpu = match nanos {
        0 => None,
        all if all == capacity.all_cpus() => None,
        given => Some(whole(given, NANOS_PER_MILLI)?),
    };
    let shares = match host.cpu_shares.unwrap_or_default() {
        0 | NO_SHARES => None,
        given => Some(whole(given, 1)?),
    };
    Limits::new(memory, cpu, shares).ok()
}

/// How often a unit is in a number, if it is so without rest.
fn whole(number: i64, unit: i64) -> Option<u32> {
    (number > 0 && number % unit == 0).then(|| u32::try_from(number / unit).ok())?
}

pub(crate) fn restart(host: &HostConfig) -> RestartPolicy {
    match host.restart_policy.as_ref().and_then(|policy| policy.name) {
        Some(RestartPolicyNameEnum::UNLESS_STOPPED) => RestartPolicy::UnlessStopped,
        // Easel sets neither the one nor the other: whoever did, did it by hand.
        Some(
            RestartPolicyNameEnum::EMPTY
            | RestartPolicyNameEnum::NO
            | RestartPolicyNameEnum::ALWAYS
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

/// A limit in bytes. Without one, the default, so that programs which size themselves by their limit find
/// one, and none takes the host down.
fn memory(limits: Limits, capacity: EngineCapacity) -> i64 {
    limits.memory_mb().map_or(capacity.default_memory, |mib| i64::from(mib) * MIB)
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
