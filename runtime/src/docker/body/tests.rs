use super::*;
use domain::{
    DeploymentId, EnvironmentId, ImageRef, InstanceId, MountPath, Port, ProjectId, ReplicaId,
    Secret, ServiceId, Slug, VariableKey, VolumeId,
    deployment::RunConfig,
    runtime::{PinnedImage, ReplicaIdentity},
};
use std::num::NonZeroU16;
use uuid::Uuid;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 215, 3, 7);
const CAPACITY: EngineCapacity =
    EngineCapacity { default_memory: 4 * 1024 * MIB - PAGE, cpus: 4, limits_swap: true };

fn instance_labels() -> InstanceLabels {
    InstanceLabels(InstanceId::new(Uuid::from_u128(1)))
}

fn spec() -> ReplicaSpec {
    let port = |number, protocol| Port { number: NonZeroU16::new(number).unwrap(), protocol };
    ReplicaSpec {
        identity: ReplicaIdentity {
            project: ProjectId::new(Uuid::from_u128(2)),
            environment: EnvironmentId::new(Uuid::from_u128(3)),
            service: ServiceId::new(Uuid::from_u128(4)),
            deployment: DeploymentId::new(Uuid::from_u128(5)),
            replica: ReplicaId::new(Uuid::from_u128(6)),
            generation: 7,
        },
        slug: Slug::try_from("web").unwrap(),
        image: PinnedImage {
            reference: ImageRef::try_from("nginx:1.27").unwrap(),
            id: "sha256:abc".to_owned(),
            digest: None,
        },
        config: RunConfig {
            command: Some("serve --say 'a b; $HOME'".parse().unwrap()),
            variables: [("GREETING", "a=b\n\"ü\" $(id) \u{1f980}"), ("EMPTY", "")]
                .map(|(key, value)| (VariableKey::try_from(key).unwrap(), Secret::from(value)))
                .into_iter()
                .collect(),
            ports: vec![port(80, Protocol::Tcp), port(53, Protocol::Udp)].into(),
            limits: Limits::new(Some(256), Some(1500), Some(512)).unwrap(),
            mounts: [(VolumeId::new(Uuid::from_u128(8)), MountPath::try_from("/data").unwrap())]
                .into_iter()
                .collect(),
            ..RunConfig::bare(ImageRef::try_from("nginx:1.27").unwrap())
        },
        stop_grace: Duration::from_millis(10_500),
        restart: RestartPolicy::UnlessStopped,
    }
}

fn with_config(change: impl FnOnce(&mut RunConfig)) -> ContainerCreateBody {
    let mut spec = spec();
    change(&mut spec.config);
    create(instance_labels(), &spec, ADDRESS, CAPACITY)
}

#[test]
fn what_an_image_says_can_be_overridden() {
    let bare = with_config(|_| ());
    let body = with_config(|config| {
        config.entrypoint = Some("/bin/sh -c".parse().unwrap());
        config.working_dir = Some("/app".parse().unwrap());
        config.user = Some("1000:app".parse().unwrap());
        config.read_only = "true".parse().unwrap();
    });

    assert_eq!((bare.entrypoint, bare.working_dir, bare.user), (None, None, None));
    assert_eq!(bare.host_config.unwrap().readonly_rootfs, None);
    assert_eq!(body.entrypoint, Some(vec!["/bin/sh".to_owned(), "-c".to_owned()]));
    assert_eq!(body.working_dir.as_deref(), Some("/app"));
    assert_eq!(body.user.as_deref(), Some("1000:app"));
    assert_eq!(body.host_config.unwrap().readonly_rootfs, Some(true));
}

fn with_limits(limits: Limits) -> ReplicaSpec {
    let spec = spec();
    ReplicaSpec { config: RunConfig { limits, ..spec.config }, ..spec }
}

// S40, S42, S43, S44, F48, DK-57
#[test]
fn a_container_is_asked_for_with_safe_defaults_and_nothing_else() {
    // By way of a value, which sorts its keys.
    let body = serde_json::to_value(create(instance_labels(), &spec(), ADDRESS, CAPACITY)).unwrap();

    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap());
}

// S42
#[test]
fn without_limits_a_container_gets_a_share_of_the_machines_memory_swap_included() {
    let spec = with_limits(Limits::default());
    let info = SystemInfo { mem_total: Some(8 * 1024 * MIB), ncpu: Some(4), ..Default::default() };

    let host = create(instance_labels(), &spec, ADDRESS, CAPACITY).host_config.unwrap();

    assert_eq!(host.memory, Some(CAPACITY.default_memory));
    assert_eq!(host.memory_swap, host.memory);
    assert_eq!((host.nano_cpus, host.cpu_shares), (None, None));
    for (default, expected) in [
        (DefaultMemory::Percent(50), 4 * 1024 * MIB - PAGE),
        (DefaultMemory::Percent(100), 8 * 1024 * MIB - PAGE),
        (DefaultMemory::Megabytes(512), 512 * MIB - PAGE),
    ] {
        let bytes = EngineCapacity::of(&info, default).default_memory;
        assert!(bytes.abs_diff(expected) < 100 * PAGE.unsigned_abs(), "{default}: {bytes}");
        assert!(bytes % MIB != 0 && bytes % PAGE == 0, "it is told from a limit that was given");
    }
}

#[test]
fn limits_are_read_back_as_they_were_written() {
    for wanted in some_limits() {
        assert_eq!(limits(&made(wanted), CAPACITY), Some(wanted));
        assert_eq!(limits(&updated(wanted), CAPACITY), Some(wanted));
    }
}

fn some_limits() -> [Limits; 4] {
    [
        Limits::default(),
        Limits::new(Some(256), None, None).unwrap(),
        Limits::new(None, Some(4000), Some(1024)).unwrap(),
        Limits::new(Some(8 * 1024), Some(10), Some(2)).unwrap(),
    ]
}

/// As the engine shows a container that was made with these limits.
fn made(wanted: Limits) -> HostConfig {
    create(instance_labels(), &with_limits(wanted), ADDRESS, CAPACITY).host_config.unwrap()
}

/// As the engine shows one that was given them later.
fn updated(wanted: Limits) -> HostConfig {
    let update = update_limits(wanted, CAPACITY);
    HostConfig {
        memory: update.memory,
        memory_swap: update.memory_swap,
        nano_cpus: update.nano_cpus,
        cpu_shares: update.cpu_shares,
        pids_limit: update.pids_limit,
        ..HostConfig::default()
    }
}

// `docker update` by hand is drift like any other.
#[test]
fn what_somebody_set_by_hand_is_none_of_the_limits_that_easel_gives() {
    type Change = fn(&mut HostConfig);
    let changes: [(&str, Change); 7] = [
        ("memory", |host| host.memory = Some(host.memory.unwrap_or_default() / 2 + 1)),
        ("no memory limit", |host| host.memory = Some(0)),
        ("another whole memory", |host| {
            host.memory = Some(300 * MIB);
            host.memory_swap = Some(300 * MIB);
        }),
        ("swap", |host| host.memory_swap = Some(-1)),
        ("cpu", |host| host.nano_cpus = Some(123_456_789)),
        ("shares", |host| host.cpu_shares = Some(77)),
        ("processes", |host| host.pids_limit = Some(-1)),
    ];
    for wanted in some_limits() {
        for (what, change) in changes {
            let mut host = made(wanted);
            change(&mut host);
            assert_ne!(limits(&host, CAPACITY), Some(wanted), "{what} of {wanted:?}");
        }
    }
}

#[test]
fn a_restart_policy_that_somebody_set_by_hand_is_not_ours() {
    let host = |name| HostConfig {
        restart_policy: Some(EnginePolicy { name: Some(name), maximum_retry_count: None }),
        ..HostConfig::default()
    };
    use RestartPolicyNameEnum as Raw;

    assert_eq!(restart(&host(Raw::UNLESS_STOPPED)), RestartPolicy::UnlessStopped);
    for other in [Raw::NO, Raw::ALWAYS, Raw::ON_FAILURE, Raw::EMPTY] {
        assert_eq!(restart(&host(other)), RestartPolicy::No, "{other:?}");
    }
}

#[test]
fn names_are_the_same_each_time_and_never_the_services_name_alone() {
    let spec = spec();

    let name = instance_labels().container_name(&spec.slug, spec.identity.replica);

    assert_eq!(name, "easel-00000001-web-00000006");
    assert_ne!(name, spec.slug.as_str());
}

// DK-131
#[test]
fn labels_lead_back_to_the_replica() {
    let spec = spec();
    let labels = instance_labels().replica(&spec);

    assert_eq!(instance_labels().identity(&labels), Some(spec.identity));
    assert_eq!(InstanceLabels(InstanceId::new(Uuid::from_u128(9))).identity(&labels), None);
}

// F38
#[test]
fn a_container_with_other_labels_is_not_the_same() {
    let wanted = instance_labels().replica(&spec());
    let mut held = wanted.clone();
    held.insert("com.example.more".to_owned(), "fine".to_owned());
    assert!(has_all(&held, &wanted));

    held.insert("io.easel.deployment".to_owned(), "another".to_owned());
    assert!(!has_all(&held, &wanted));
}
