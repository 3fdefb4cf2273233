//! A place on a real engine for one test: its own instance, image and network. Gone afterwards.

use async_trait::async_trait;
use bollard::{
    body_full,
    query_parameters::{
        CreateImageOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
        RemoveVolumeOptionsBuilder,
    },
};
use domain::{
    Command, DeploymentId, EnvironmentId, ImageRef, InstanceId, ProjectId, PullPolicy, ReplicaId,
    ServiceId, Slug,
    deployment::RunConfig,
    network::{Addresses, Pool},
    runtime::{
        ContainerState, Inspection, PinnedImage, PulledImages, ReplicaHandle, ReplicaIdentity,
        ReplicaSpec, RestartPolicy, Runtime, RuntimeError,
    },
    testing::{FakeOutbound, FakeRollouts, ManualClock, SeededIds},
};
use futures::StreamExt;
use ipnet::Ipv4Net;
use runtime::{Address, Docker, DockerPorts};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

/// How long anything may take before a test gives up.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct EngineFixture {
    /// What is tested.
    pub(crate) docker: Docker,
    /// The same engine, without our rules.
    pub(crate) raw: bollard::Docker,
    /// Where that engine is.
    engine: String,
    /// Which way the adapter goes to it.
    way: Address,
    /// Where the adapter keeps addresses.
    pub(crate) rows: FakeRollouts,
    /// And which images are whose.
    pub(crate) pulled: Pulled,
    pub(crate) instance: InstanceId,
    pub(crate) project: ProjectId,
    pub(crate) environment: EnvironmentId,
    pub(crate) image: PinnedImage,
    /// The only one that the adapter may choose.
    pub(crate) subnet: Ipv4Net,
    /// Containers, networks and volumes without our label that are to be removed as well.
    pub(crate) foreign: Mutex<Vec<String>>,
}

/// What the adapter asks for. Registries of these tests are on the loopback, and one is never reached.
fn ports(rows: &FakeRollouts, pulled: &Pulled) -> DockerPorts {
    DockerPorts {
        addresses: Arc::new(rows.clone()),
        pulled: Arc::new(pulled.clone()),
        outbound: Arc::new(FakeOutbound::allowing(&["127.0.0.0/8", "ghcr.io"])),
    }
}

/// Which project was given which image, as the reconciler writes it down.
#[derive(Clone, Default)]
pub(crate) struct Pulled(Arc<Mutex<Vec<(ProjectId, PinnedImage)>>>);

impl Pulled {
    pub(crate) fn add(&self, project: ProjectId, image: &PinnedImage) {
        self.0.lock().expect("nobody panics with it").push((project, image.clone()));
    }
}

#[async_trait]
impl PulledImages for Pulled {
    async fn has(&self, project: ProjectId, repository: &str, id: &str) -> domain::Result<bool> {
        let rows = self.0.lock().expect("nobody panics with it");
        Ok(rows.iter().any(|(whose, image)| *whose == project && image.is(repository, id)))
    }
}

/// Where the engine is, if somebody has said so: then nothing may be left out.
pub(crate) fn named_engine() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the one who starts them")]
    let told = std::env::var("EASEL_TEST_ENGINE");
    told.ok()
}

/// Where the engine is.
pub(crate) fn engine() -> String {
    named_engine().unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

fn raw_client(engine: &str) -> bollard::Docker {
    bollard::Docker::connect_with_host(engine).unwrap_or_else(|error| {
        panic!("these tests need a Docker engine at {engine} (EASEL_TEST_ENGINE): {error}")
    })
}

fn id<T: From<Uuid>>() -> T {
    #[expect(clippy::disallowed_methods, reason = "each test has identities of its own")]
    let id = Uuid::new_v4();
    T::from(id)
}

/// A /24 of a range that only these tests use, by random digits.
fn any_subnet(random: InstanceId) -> Ipv4Net {
    let [a, b, ..] = *random.as_uuid().as_bytes();
    Ipv4Net::new_assert(Ipv4Addr::new(10, 192 + a % 16, b, 0), 24)
}

fn only(subnet: Ipv4Net) -> Pool {
    Pool { range: subnet, size: subnet.prefix_len() }
}

impl EngineFixture {
    /// A lab with a network.
    pub(crate) async fn new() -> Self {
        let mut fixture = Self::without_network().await;
        for _ in 0..10 {
            match fixture.ensure().await {
                // Another test has drawn the same addresses.
                Err(RuntimeError::NoRoom(_)) => fixture.move_to(only(any_subnet(id()))),
                Err(RuntimeError::Refused(why)) if why.contains("in use by another network") => {
                    fixture.move_to(only(any_subnet(id())));
                }
                made => {
                    made.expect("a network");
                    return fixture;
                }
            }
        }
        panic!("ten ranges of addresses in a row are taken");
    }

    /// Makes the environment's network.
    pub(crate) async fn ensure(&self) -> Result<(), RuntimeError> {
        self.docker.ensure_environment(self.project, self.environment).await
    }

    /// Another environment, whose network is taken from there.
    pub(crate) fn move_to(&mut self, pool: Pool) {
        self.subnet = pool.range;
        self.environment = self.rows.add_environment();
        self.project = self.rows.tables().environments[&self.environment];
        self.docker = self.adapter(pool);
    }

    /// An adapter on the same rows.
    pub(crate) fn adapter(&self, pool: Pool) -> Docker {
        Docker::new(self.instance, self.way.clone(), ports(&self.rows, &self.pulled), pool)
    }

    /// An adapter that looks at registries through this door.
    pub(crate) fn behind(&self, door: FakeOutbound) -> Docker {
        let ports = DockerPorts { outbound: Arc::new(door), ..ports(&self.rows, &self.pulled) };
        Docker::new(self.instance, self.way.clone(), ports, only(self.subnet))
    }

    /// The networks of the instance: name and addresses.
    pub(crate) async fn networks(&self) -> Vec<(String, Ipv4Net)> {
        let filter =
            HashMap::from([("label", vec![format!("io.easel.instance={}", self.instance)])]);
        let list = ListNetworksOptionsBuilder::new().filters(&filter).build();
        let found = self.raw.list_networks(Some(list)).await.expect("a list");
        let subnet = |network: bollard::models::Network| {
            let config = network.ipam?.config?.into_iter().next()?;
            Some((network.name?, config.subnet?.parse().expect("a subnet")))
        };
        found.into_iter().filter_map(subnet).collect()
    }

    /// The name that the environment's network gets.
    pub(crate) fn network_name(&self) -> String {
        format!("easel-{}-{}", self.instance.short(), self.environment.short())
    }

    pub(crate) async fn without_network() -> Self {
        Self::at(&engine()).await
    }

    /// A lab whose adapter goes another way to the engine.
    pub(crate) async fn at(address: &str) -> Self {
        Self::on(&engine(), address).await
    }

    /// A lab on this engine, whose adapter goes this way to it.
    pub(crate) async fn on(engine: &str, address: &str) -> Self {
        let instance: InstanceId = id();
        let raw = raw_client(engine);
        raw.ping().await.unwrap_or_else(|error| {
            panic!("these tests need a Docker engine at {engine} (EASEL_TEST_ENGINE): {error}")
        });
        let reference = import_busybox(&raw, instance).await;
        let (clock, ids) = (Arc::<ManualClock>::default(), Arc::<SeededIds>::default());
        let rows = FakeRollouts::new(clock, ids);
        let (subnet, pulled) = (any_subnet(instance), Pulled::default());
        let adapter = |address: &str| {
            let address = address.parse().expect("an address");
            Docker::new(instance, address, ports(&rows, &pulled), only(subnet))
        };
        let direct = adapter(engine);
        let environment = rows.add_environment();
        let project = rows.tables().environments[&environment];
        let image = direct
            .ensure_image(project, &reference, PullPolicy::Never, &|_| ())
            .await
            .expect("the image that has just been made");
        Self {
            docker: adapter(address),
            raw,
            engine: engine.to_owned(),
            way: address.parse().expect("an address"),
            instance,
            project,
            environment,
            rows,
            pulled: pulled.clone(),
            image,
            subnet,
            foreign: Mutex::default(),
        }
    }

    /// A replica of a new service that runs `busybox` with these arguments.
    pub(crate) fn replica(&self, slug: &str, arguments: &[&str]) -> ReplicaSpec {
        let command = ["/bin/busybox"].iter().chain(arguments).map(|&word| word.to_owned());
        let identity = ReplicaIdentity {
            project: self.project,
            environment: self.environment,
            service: id::<ServiceId>(),
            deployment: id::<DeploymentId>(),
            replica: id::<ReplicaId>(),
            generation: 1,
        };
        let slug = Slug::try_from(slug).expect("a slug");
        self.rows.add_replica(identity, &slug);
        let command = Command::try_from(command.collect::<Vec<_>>()).expect("a command");
        let bare = RunConfig::bare(self.image.reference.clone());
        ReplicaSpec {
            identity,
            slug,
            image: self.image.clone(),
            config: RunConfig { command: Some(command), ..bare },
            stop_grace: Duration::from_secs(1),
            restart: RestartPolicy::No,
        }
    }

    /// The address that the adapter gives it.
    pub(crate) async fn address(&self, spec: &ReplicaSpec) -> IpAddr {
        self.rows.address(spec.identity.replica).await.expect("an address").into()
    }

    /// The name that its container gets.
    pub(crate) fn name_of(&self, spec: &ReplicaSpec) -> String {
        let (instance, replica) = (self.instance.short(), spec.identity.replica.short());
        format!("easel-{instance}-{}-{replica}", spec.slug)
    }

    /// Makes and starts it.
    pub(crate) async fn run(&self, spec: &ReplicaSpec) -> ReplicaHandle {
        let container = self.docker.create(spec).await.expect("a container");
        self.docker.start(&container).await.expect("a start");
        container
    }

    /// Runs a shell script to its end; says what it wrote to stdout.
    pub(crate) async fn output_of(&self, spec: &ReplicaSpec) -> String {
        let container = self.run(spec).await;
        self.until(&container, |seen| seen.state == ContainerState::Exited).await;
        self.raw_logs(&container).await
    }

    pub(crate) async fn raw_logs(&self, container: &ReplicaHandle) -> String {
        let options =
            bollard::query_parameters::LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let chunks: Vec<_> = self.raw.logs(&container.0, Some(options)).collect().await;
        chunks.into_iter().map(|chunk| chunk.expect("a log").to_string()).collect()
    }

    /// Runs a command in a container; says what it wrote.
    pub(crate) async fn exec(&self, container: &ReplicaHandle, command: &[&str]) -> String {
        let options = bollard::exec::CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let exec = self.raw.create_exec(&container.0, options).await.expect("a command");
        match self.raw.start_exec(&exec.id, None).await.expect("a start") {
            bollard::exec::StartExecResults::Attached { output, .. } => {
                let chunks: Vec<_> = output.collect().await;
                chunks.into_iter().map(|chunk| chunk.expect("output").to_string()).collect()
            }
            bollard::exec::StartExecResults::Detached => String::new(),
        }
    }

    /// Waits until this is seen of a container.
    pub(crate) async fn until(
        &self,
        container: &ReplicaHandle,
        seen: impl Fn(&Inspection) -> bool,
    ) -> Inspection {
        until("the container to become so", async || {
            let inspection = self.docker.inspect(container).await.ok()??;
            seen(&inspection).then_some(inspection)
        })
        .await
    }
}

/// Looks again and again, until there is something or the deadline has passed.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looked = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// An image of nothing but a static busybox.
async fn import_busybox(raw: &bollard::Docker, instance: InstanceId) -> ImageRef {
    let busybox = std::fs::read("/bin/busybox")
        .expect("these tests need /bin/busybox (Debian's package busybox-static)");
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = |path: &str, kind: tar::EntryType, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        if kind == tar::EntryType::Symlink {
            header.set_size(0);
            archive.append_link(&mut header, path, "busybox").expect("a link");
        } else {
            archive.append_data(&mut header, path, content).expect("an entry");
        }
    };
    for folder in ["bin/", "etc/", "tmp/", "www/", "data/"] {
        header(folder, tar::EntryType::Directory, b"");
    }
    header("bin/busybox", tar::EntryType::Regular, &busybox);
    header("bin/sh", tar::EntryType::Symlink, b"");
    header("www/index.html", tar::EntryType::Regular, b"hello");
    let archive = archive.into_inner().expect("an archive");

    let repository = format!("easel-test-runtime/{}", instance.short());
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(&repository).tag("1").build();
    let news = raw.create_image(Some(options), Some(body_full(archive.into())), None);
    for news in news.collect::<Vec<_>>().await {
        news.expect("an image");
    }
    ImageRef::try_from(format!("{repository}:1")).expect("a reference")
}

impl Drop for EngineFixture {
    /// Removes all that carries the instance's label, also when the test has failed.
    fn drop(&mut self) {
        let (engine, instance) = (self.engine.clone(), self.instance);
        let image = self.image.reference.clone();
        let foreign = std::mem::take(&mut *self.foreign.lock().expect("nobody panics with it"));
        let cleaned = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(clean(&engine, instance, &image, foreign));
        });
        if cleaned.join().is_err() && !std::thread::panicking() {
            panic!("could not clean up after the test");
        }
    }
}

async fn clean(engine: &str, instance: InstanceId, image: &ImageRef, foreign: Vec<String>) {
    let raw = raw_client(engine);
    let filter = HashMap::from([("label", vec![format!("io.easel.instance={instance}")])]);
    let list = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let ours = raw.list_containers(Some(list)).await.expect("a list");
    for container in ours.into_iter().filter_map(|container| container.id).chain(foreign.clone()) {
        let force = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let _gone_already = raw.remove_container(&container, Some(force)).await;
    }
    let list = ListNetworksOptionsBuilder::new().filters(&filter).build();
    let ours = raw.list_networks(Some(list)).await.expect("a list");
    for network in ours.into_iter().filter_map(|network| network.id).chain(foreign.clone()) {
        let _gone_already = raw.remove_network(&network).await;
    }
    let list = ListVolumesOptionsBuilder::new().filters(&filter).build();
    let volumes = raw.list_volumes(Some(list)).await.expect("a list").volumes;
    let ours = volumes.unwrap_or_default().into_iter().map(|volume| volume.name);
    for volume in ours.chain(foreign) {
        let force = RemoveVolumeOptionsBuilder::new().force(true).build();
        let _gone_already = raw.remove_volume(&volume, Some(force)).await;
    }
    let force = RemoveImageOptionsBuilder::new().force(true).build();
    let _gone_already = raw.remove_image(image.as_str(), Some(force), None).await;
}
