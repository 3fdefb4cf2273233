//! Making, running and removing containers.

use crate::fixture::EngineFixture;
use bollard::{
    models::{ContainerConfig, ContainerCreateBody},
    query_parameters::{
        CommitContainerOptionsBuilder, CreateContainerOptionsBuilder,
        RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptions,
    },
};
use domain::{
    ImageRef, Limits, MountPath, PullPolicy, Secret, VariableKey, VolumeId,
    network::Pool,
    runtime::{
        ContainerState, Existed, ProbeTarget, ReplicaHandle, ReplicaSpec, RestartPolicy, Runtime,
        RuntimeError, Serving, VolumeSpec,
    },
};
use std::time::Duration;

const FIVE: Duration = Duration::from_secs(5);
const SLEEP: [&str; 2] = ["sleep", "3600"];
const SERVE: [&str; 6] = ["httpd", "-f", "-p", "80", "-h", "/www"];

// DK-131
#[tokio::test]
async fn a_replica_lives_and_dies_and_is_found_by_its_labels() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SERVE);

    let container = fixture.docker.create(&spec).await.unwrap();
    let [made] = &fixture.docker.replicas().await.unwrap()[..] else { panic!("not one replica") };
    assert_eq!((&made.container, made.identity), (&container, spec.identity));
    assert_eq!(made.state, ContainerState::Created);

    fixture.docker.start(&container).await.unwrap();
    fixture.docker.start(&container).await.expect("starting twice is starting once");
    let runs = fixture.until(&container, |seen| seen.state == ContainerState::Running).await;
    assert_eq!((runs.identity, runs.address), (spec.identity, Some(fixture.address(&spec).await)));
    assert!(runs.started_at.is_some() && !runs.serves && runs.error.is_none());
    let of_service = fixture.docker.replicas_of(spec.identity.service).await.unwrap();
    assert_eq!(of_service.len(), 1);

    for _ in 0..2 {
        fixture.docker.stop(&container, Duration::from_secs(1)).await.unwrap();
    }
    let stopped = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(stopped.state, ContainerState::Exited);
    assert!(stopped.finished_at.is_some() && stopped.exit_code.is_some());

    for _ in 0..2 {
        fixture.docker.remove(&container).await.unwrap();
    }
    assert_eq!(fixture.docker.inspect(&container).await.unwrap(), None);
    assert_eq!(fixture.docker.replicas().await.unwrap(), []);
    fixture.docker.stop(&container, Duration::ZERO).await.expect("gone already is fine");
    assert!(matches!(fixture.docker.start(&container).await, Err(RuntimeError::Gone(_))));
}

// F44
#[tokio::test]
async fn creating_twice_is_creating_once() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);

    let first = fixture.docker.create(&spec).await.unwrap();
    let second = fixture.docker.create(&spec).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(fixture.docker.replicas().await.unwrap().len(), 1);
}

// F38, I7
#[tokio::test]
async fn a_foreign_holder_of_our_name_is_named_and_not_touched() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let name = fixture.name_of(&spec);
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let body = ContainerCreateBody {
        image: Some(fixture.image.id.clone()),
        cmd: Some(vec!["/bin/sh".to_owned()]),
        ..Default::default()
    };
    let foreign = fixture.raw.create_container(Some(options), body).await.unwrap().id;

    let refused = fixture.docker.create(&spec).await;

    let holder = ReplicaHandle(foreign.clone());
    assert_eq!(refused, Err(RuntimeError::NameTaken { name, holder: holder.short().to_owned() }));
    for touched in [
        fixture.docker.start(&holder).await,
        fixture.docker.stop(&holder, Duration::ZERO).await,
        fixture.docker.remove(&holder).await,
        fixture.docker.set_restart_policy(&holder, RestartPolicy::No).await,
        fixture.docker.set_serving(&holder, Serving::No).await,
    ] {
        assert!(matches!(touched, Err(RuntimeError::Refused(_))), "{touched:?}");
    }
    assert!(fixture.docker.inspect(&holder).await.is_err());
    assert_eq!(fixture.docker.replicas().await.unwrap(), []);
    let force = RemoveContainerOptionsBuilder::new().force(true).build();
    fixture.raw.remove_container(&foreign, Some(force)).await.expect("it was still there");
}

// S44
#[tokio::test]
async fn variables_arrive_exactly_and_no_shell_reads_a_command() {
    let fixture = EngineFixture::new().await;
    let value = "a=b \"c\" $(id) `id` ;id;\n\tgrüße \u{1f980} \\n";
    let mut spec = fixture.replica("web", &["sh", "-c", "printf '%s\\n' \"$VALUE\""]);
    spec.config.variables =
        [(VariableKey::try_from("VALUE").unwrap(), Secret::from(value))].into_iter().collect();
    let echo = fixture.replica("echo", &["echo", "$HOME; id", "a  b", ""]);

    assert_eq!(fixture.output_of(&spec).await, format!("{value}\n"));
    assert_eq!(fixture.output_of(&echo).await, "$HOME; id a  b \n");
}

// S42, F48
#[tokio::test]
async fn the_safe_defaults_hold_inside_the_container() {
    let fixture = EngineFixture::new().await;
    let script = "grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /proc/1/comm; hostname";
    let mut spec = fixture.replica("web", &["sh", "-c", script]);
    spec.config.limits = Limits::new(Some(64), None, None).unwrap();

    let output = fixture.output_of(&spec).await;

    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
    let host_name = format!("web-{}", spec.identity.replica.short());
    let words: Vec<_> = output.split_whitespace().collect();
    assert_eq!(
        words,
        ["CapEff:", "00000000000004fb", "NoNewPrivs:", "1", "docker-init", &*host_name],
        "{output}"
    );
    let [replica] = &fixture.docker.replicas().await.unwrap()[..] else {
        panic!("not one replica")
    };
    let raw = fixture.raw.inspect_container(&replica.container.0, None).await.unwrap();
    let host = raw.host_config.unwrap();
    assert_eq!(host.privileged, Some(false));
    assert_eq!(host.pids_limit, Some(4096));
    assert_eq!(host.memory, Some(64 * 1024 * 1024));
    assert!(host.binds.is_none_or(|binds| binds.is_empty()));
    let log = host.log_config.unwrap();
    assert_eq!(log.config.unwrap()["max-size"], "10m");
}

// DK-57
#[tokio::test]
async fn limits_and_restart_policy_change_while_it_runs_and_are_read_back() {
    let fixture = EngineFixture::new().await;
    let container = fixture.run(&fixture.replica("web", &SLEEP)).await;
    let steps = [
        Limits::new(Some(64), Some(500), Some(512)).unwrap(),
        Limits::new(Some(128), None, None).unwrap(),
        Limits::default(),
        Limits::new(None, Some(250), Some(1024)).unwrap(),
    ];

    assert_eq!(
        fixture.docker.inspect(&container).await.unwrap().unwrap().limits,
        Some(Limits::default())
    );
    for limits in steps {
        fixture.docker.set_limits(&container, limits).await.unwrap();
        let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
        assert_eq!(seen.limits, Some(limits));
    }
    for restart in [RestartPolicy::UnlessStopped, RestartPolicy::No] {
        fixture.docker.set_restart_policy(&container, restart).await.unwrap();
        assert_eq!(fixture.docker.inspect(&container).await.unwrap().unwrap().restart, restart);
    }
    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!((seen.limits, seen.state), (Some(steps[3]), ContainerState::Running));
}

// F49
#[tokio::test]
async fn a_container_that_wants_too_much_memory_is_seen_to_have_wanted_it() {
    let fixture = EngineFixture::new().await;
    let mut spec = fixture.replica("greedy", &["sh", "-c", "x=aaaaaaaa; while :; do x=$x$x; done"]);
    spec.config.limits = Limits::new(Some(16), None, None).unwrap();
    let container = fixture.run(&spec).await;

    let ended = fixture.until(&container, |seen| seen.state == ContainerState::Exited).await;

    assert!(ended.out_of_memory, "{ended:?}");
    assert_ne!(ended.exit_code, Some(0));
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_at_once_and_says_so() {
    let fixture = EngineFixture::new().await;
    let mut spec = fixture.replica("web", &[]);
    spec.config.command = Some("/no/such/program".parse().unwrap());

    let output = fixture.output_of(&spec).await;

    let ended = fixture.docker.replicas().await.unwrap().remove(0).container;
    let ended = fixture.docker.inspect(&ended).await.unwrap().unwrap();
    assert_eq!(ended.exit_code, Some(127));
    assert!(output.contains("/no/such/program"), "{output}");
}

// F37
#[tokio::test]
async fn a_paused_container_is_resumed() {
    let fixture = EngineFixture::new().await;
    let container = fixture.run(&fixture.replica("web", &SLEEP)).await;
    fixture.raw.pause_container(&container.0).await.unwrap();
    fixture.until(&container, |seen| seen.state == ContainerState::Paused).await;

    for _ in 0..2 {
        fixture.docker.unpause(&container).await.expect("resuming twice is resuming once");
    }

    fixture.until(&container, |seen| seen.state == ContainerState::Running).await;
}

// I7, I8, W2: an image may declare a volume that Easel knows nothing of.
#[tokio::test]
async fn a_volume_that_the_image_declares_outlives_its_container() {
    let fixture = EngineFixture::new().await;
    let plain = fixture.run(&fixture.replica("web", &SLEEP)).await;
    let repository = format!("easel-test-volume/{}", fixture.instance.short());
    let commit =
        CommitContainerOptionsBuilder::new().container(&plain.0).repo(&repository).tag("1");
    let commit = commit.changes("VOLUME /scratch").build();
    fixture.raw.commit_container(commit, ContainerConfig::default()).await.unwrap();
    let reference = ImageRef::try_from(format!("{repository}:1")).unwrap();
    let image = fixture
        .docker
        .ensure_image(fixture.project, &reference, PullPolicy::Never, &|_| ())
        .await
        .unwrap();

    let replica = ReplicaSpec { image, ..fixture.replica("db", &SLEEP) };
    let container = fixture.run(&replica).await;
    let mounts = fixture.raw.inspect_container(&container.0, None).await.unwrap().mounts.unwrap();
    let [mount] = &mounts[..] else { panic!("{mounts:?}") };
    let volume = mount.name.clone().unwrap();
    fixture.docker.remove(&container).await.unwrap();

    let kept = fixture.raw.inspect_volume(&volume).await;
    // Neither carries the label by which a lab cleans up.
    let removed = fixture.raw.remove_volume(&volume, None::<RemoveVolumeOptions>).await;
    let force = RemoveImageOptionsBuilder::new().force(true).build();
    fixture.raw.remove_image(reference.as_str(), Some(force), None).await.unwrap();
    assert!(kept.is_ok() && removed.is_ok(), "{kept:?}, {removed:?}");
}

// F46, I8
#[tokio::test]
async fn a_volume_keeps_its_data_and_is_never_made_by_mistake() {
    let fixture = EngineFixture::new().await;
    let volume = VolumeSpec {
        project: fixture.project,
        environment: fixture.environment,
        volume: VolumeId::new(fixture.instance.as_uuid()),
    };
    let with_volume = |arguments: &[&str]| {
        let mut spec = fixture.replica("db", arguments);
        spec.config.mounts =
            [(volume.volume, MountPath::try_from("/data").unwrap())].into_iter().collect();
        spec
    };

    let missing = fixture.docker.create(&with_volume(&SLEEP)).await;
    assert!(matches!(missing, Err(RuntimeError::Gone(_))), "{missing:?}");
    assert!(!fixture.docker.has_volume(volume.volume).await.unwrap());

    assert_eq!(fixture.docker.ensure_volume(&volume).await.unwrap(), Existed::No);
    assert_eq!(fixture.docker.ensure_volume(&volume).await.unwrap(), Existed::Yes);
    fixture.output_of(&with_volume(&["sh", "-c", "echo kept > /data/file"])).await;
    let reader = with_volume(&["cat", "/data/file"]);
    assert_eq!(fixture.output_of(&reader).await, "kept\n");

    assert!(matches!(
        fixture.docker.remove_volume(volume.volume).await,
        Err(RuntimeError::Busy(_))
    ));
    for replica in fixture.docker.replicas().await.unwrap() {
        fixture.docker.remove(&replica.container).await.unwrap();
    }
    assert!(fixture.docker.has_volume(volume.volume).await.unwrap());
    for _ in 0..2 {
        fixture.docker.remove_volume(volume.volume).await.unwrap();
    }
    assert!(!fixture.docker.has_volume(volume.volume).await.unwrap());
}

#[tokio::test]
async fn readiness_questions_are_answered_from_outside_and_inside() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SERVE);
    let container = fixture.run(&spec).await;
    let address = fixture.address(&spec).await;
    let ask = async |probe_target: ProbeTarget| {
        fixture.docker.probe(&container, address, &probe_target, FIVE).await.unwrap()
    };
    let http = |port, path: &str| ProbeTarget::Http { port, path: path.to_owned() };
    let command = |words: &[&str]| {
        ProbeTarget::Command(
            ["/bin/busybox"].iter().chain(words).map(|&word| word.to_owned()).collect(),
        )
    };
    crate::fixture::until("the server", async || ask(ProbeTarget::Tcp(80)).await.then_some(()))
        .await;

    assert!(ask(http(80, "/")).await);
    assert!(!ask(http(80, "/missing")).await, "404 is not ready");
    assert!(!ask(ProbeTarget::Tcp(81)).await);
    assert!(!ask(http(81, "/")).await);
    assert!(ask(command(&["true"])).await);
    assert!(!ask(command(&["false"])).await);
    assert!(!ask(ProbeTarget::Command(vec!["/no/such/program".to_owned()])).await);

    fixture.docker.stop(&container, Duration::ZERO).await.unwrap();
    assert!(!ask(command(&["true"])).await);
    assert!(!ask(ProbeTarget::Tcp(80)).await);
}

#[tokio::test]
async fn a_command_that_hangs_is_not_ready_and_is_not_run_again_beside_itself() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;
    let hangs = ProbeTarget::Command(["/bin/busybox", "sleep", "3599"].map(str::to_owned).to_vec());
    let (address, moment) = (fixture.address(&spec).await, Duration::from_millis(300));

    for _ in 0..3 {
        assert!(!fixture.docker.probe(&container, address, &hangs, moment).await.unwrap());
    }

    let processes = fixture.exec(&container, &["/bin/busybox", "ps"]).await;
    assert_eq!(processes.matches("sleep 3599").count(), 1, "{processes}");
}

#[tokio::test]
async fn usage_is_measured_while_it_runs() {
    let fixture = EngineFixture::new().await;
    let busy = fixture.run(&fixture.replica("busy", &["sh", "-c", "while :; do :; done"])).await;

    let first = fixture.docker.usage(&busy).await.unwrap().expect("it runs");
    fixture.docker.stop(&busy, Duration::ZERO).await.unwrap();

    assert!(first.cpu_percent > 5.0, "{first:?}");
    assert!(first.memory_bytes > 0 && first.memory_bytes < first.memory_limit_bytes, "{first:?}");
    assert_eq!(fixture.docker.usage(&busy).await.unwrap(), None);
    fixture.docker.remove(&busy).await.unwrap();
    assert_eq!(fixture.docker.usage(&busy).await.unwrap(), None);
}

#[tokio::test]
async fn the_engine_says_who_it_is_and_what_it_holds() {
    let fixture = EngineFixture::new().await;
    let before = fixture.docker.counts().await.unwrap();
    fixture.run(&fixture.replica("web", &SLEEP)).await;

    let engine = fixture.docker.engine().await.unwrap();
    let after = fixture.docker.counts().await.unwrap();

    assert!(!engine.id.is_empty() && engine.api_version.starts_with("1."), "{engine:?}");
    assert!(engine.memory_bytes > 0 && engine.cpus > 0);
    assert!(matches!(engine.cgroup_version.as_str(), "1" | "2"));
    // Other tests work on the same engine, so nothing exact can be said.
    assert!(before.images > 0 && after.containers_running > 0 && after.containers_total > 0);
}

// DK-187, F53
#[tokio::test]
async fn two_instances_on_one_engine_do_not_see_or_touch_each_other() {
    let (fixture, other) = (EngineFixture::new().await, EngineFixture::new().await);
    let container = fixture.run(&fixture.replica("web", &SLEEP)).await;

    assert_eq!(other.docker.replicas().await.unwrap(), []);
    let there = other.adapter(Pool { range: fixture.subnet, size: 24 });
    let (project, environment) = (other.project, other.rows.add_environment());
    let shared = there.ensure_environment(project, environment).await;
    assert!(matches!(shared, Err(RuntimeError::NoRoom(_))), "{shared:?}");
    let touched = other.docker.remove(&container).await;
    assert!(matches!(touched, Err(RuntimeError::Refused(_))), "{touched:?}");
    other.docker.remove_environment(fixture.environment).await.expect("it has none of that name");

    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.state, ContainerState::Running);
}
