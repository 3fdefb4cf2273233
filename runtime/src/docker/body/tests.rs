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
const CAPACITY: EngineCapacity = EngineCapacity { memory_bytes: 8 * 1024 * MIB, cpus: 4 };

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

#[test]
fn without_limits_a_container_sees_the_machines_memory_as_its_own() {
    let spec = with_limits(Limits::default());

    let host = create(instance_labels(), &spec, ADDRESS, CAPACITY).host_config.unwrap();

    assert_eq!(host.memory, Some(CAPACITY.memory_bytes - PAGE));
    assert_eq!(host.memory_swap, Some(-1));
    assert_eq!((host.nano_cpus, host.cpu_shares), (None, None));
}

#[test]
fn limits_are_read_back_as_they_were_written() {
    let all = [
        Limits::default(),
        Limits::new(Some(256), None, None).unwrap(),
        Limits::new(None, Some(4000), Some(1024)).unwrap(),
        Limits::new(Some(8 * 1024), Some(10), Some(2)).unwrap(),
    ];

    for wanted in all {
        let spec = with_limits(wanted);
        let created = create(instance_labels(), &spec, ADDRESS, CAPACITY).host_config.unwrap();
        let update = update_limits(wanted, CAPACITY);
        let updated = HostConfig {
            memory: update.memory,
            nano_cpus: update.nano_cpus,
            cpu_shares: update.cpu_shares,
            ..HostConfig::default()
        };

        assert_eq!(limits(&created), wanted);
        assert_eq!(limits(&updated), wanted);
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
