//! Where the contract is tried out.

use crate::{
    DeploymentId, EnvironmentId, ImageRef, ProjectId, ReplicaId, ServiceId, Slug, VolumeId,
    network::Pool,
    runtime::{
        Inspection, PinnedImage, ProbeTarget, ReplicaHandle, ReplicaIdentity, ReplicaSpec,
        RestartPolicy, Runtime,
    },
    testing::{FakeRollouts, PausedClock, SeededIds, SimEngine},
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// What a test wants a container to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Runs until it is stopped.
    Stay,
    /// Accepts connections on this TCP port, until it is stopped.
    Listen(u16),
    /// Ends by itself with this code, after so many milliseconds (at most 5,000).
    End {
        /// How it ends.
        code: u8,
        /// When.
        after_ms: u16,
    },
    /// Prints one line, then stays.
    Print(&'static str),
}

/// An engine with an environment, and a person who can use the engine's own client.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The port.
    fn runtime(&self) -> &dyn Runtime;

    /// The environment, and whose it is. The engine has it.
    fn environment(&self) -> (ProjectId, EnvironmentId);

    /// A replica of a new service that does this. Nothing is made yet.
    fn replica(&self, slug: &str, workload: Workload) -> ReplicaSpec;

    /// The person kills a container.
    async fn kill(&self, container: &ReplicaHandle);

    /// The person removes a container by force.
    async fn remove(&self, container: &ReplicaHandle);

    /// The person pauses a container.
    async fn pause(&self, container: &ReplicaHandle);

    /// The person cuts a container off from its environment.
    async fn disconnect(&self, container: &ReplicaHandle);

    /// Somebody else runs a container under the very name that this replica's would get.
    async fn occupy(&self, replica: &ReplicaSpec) -> ReplicaHandle;

    /// Whether a container of somebody else is still there and runs.
    async fn runs(&self, foreign: &ReplicaHandle) -> bool;

    /// Somebody else makes something under the very name that this environment would get: the name.
    async fn occupy_environment(&self, environment: EnvironmentId) -> String;

    /// Somebody else makes a volume under the very name that this one would get: the name.
    async fn occupy_volume(&self, volume: VolumeId) -> String;

    /// Whether what somebody else has made under this name is still there.
    async fn holds(&self, foreign: &str) -> bool;

    /// Lets time pass.
    async fn wait(&self, duration: Duration);
}

/// Made and started.
pub async fn run(harness: &dyn Harness, replica: &ReplicaSpec) -> ReplicaHandle {
    let container = harness.runtime().create(replica).await.expect("it is made");
    harness.runtime().start(&container).await.expect("it is started");
    container
}

/// What an inspection says of a container that is there.
pub async fn inspect(harness: &dyn Harness, container: &ReplicaHandle) -> Inspection {
    let inspection = harness.runtime().inspect(container).await.expect("the engine answers");
    inspection.expect("the container is there")
}

/// Waits until this can be said of a container.
pub async fn until(
    harness: &dyn Harness,
    container: &ReplicaHandle,
    claim: impl Fn(&Inspection) -> bool,
) -> Inspection {
    let mut last = None;
    for _ in 0..1000 {
        let inspection = inspect(harness, container).await;
        if claim(&inspection) {
            return inspection;
        }
        last = Some(inspection);
        harness.wait(Duration::from_millis(20)).await;
    }
    panic!("waited in vain; it is still {last:?}");
}

/// Waits until this port of it answers, where it is reported.
pub async fn until_it_answers(harness: &dyn Harness, container: &ReplicaHandle, port: u16) {
    let timeout = Duration::from_secs(1);
    for _ in 0..500 {
        if let Some(address) = inspect(harness, container).await.address {
            let probe_target = ProbeTarget::Tcp(port);
            let answer = harness.runtime().probe(container, address, &probe_target, timeout).await;
            if answer == Ok(true) {
                return;
            }
        }
        harness.wait(Duration::from_millis(20)).await;
    }
    panic!("it never answers where it is reported");
}

/// The simulated engine as a ground.
pub struct SimHarness {
    engine: SimEngine,
    ids: Arc<SeededIds>,
    rollouts: FakeRollouts,
    project: ProjectId,
    environment: EnvironmentId,
}

impl SimHarness {
    /// A fresh one, on tokio's clock, that chooses addresses itself.
    pub async fn new() -> Self {
        Self::with(|clock, _| SimEngine::new(clock)).await
    }

    /// The same, with an adapter that keeps addresses.
    pub async fn keeping() -> Self {
        let pool = Pool::default();
        Self::with(|clock, rollouts| SimEngine::keeping(clock, Arc::new(rollouts), pool)).await
    }

    async fn with(engine: impl FnOnce(Arc<PausedClock>, FakeRollouts) -> SimEngine) -> Self {
        let clock = Arc::new(PausedClock::default());
        let ids = Arc::new(SeededIds::default());
        let rollouts = FakeRollouts::new(clock.clone(), ids.clone());
        let environment = rollouts.add_environment();
        let project = rollouts.tables().environments[&environment];
        let engine = engine(clock, rollouts.clone());
        engine.ensure_environment(project, environment).await.expect("an environment");
        Self { engine, ids, rollouts, project, environment }
    }
}

#[async_trait]
impl Harness for SimHarness {
    fn runtime(&self) -> &dyn Runtime {
        &self.engine
    }

    fn environment(&self) -> (ProjectId, EnvironmentId) {
        (self.project, self.environment)
    }

    fn replica(&self, slug: &str, workload: Workload) -> ReplicaSpec {
        let words = match workload {
            Workload::Stay => "stay".to_owned(),
            Workload::Listen(port) => format!("listen {port} 50"),
            Workload::End { code, after_ms } => format!("exit {code} {after_ms}"),
            Workload::Print(line) => format!("print '{line}'"),
        };
        let mint = || crate::Ids::mint(&*self.ids);
        let image: ImageRef = "sim/app:1".parse().expect("this is an image");
        let identity = ReplicaIdentity {
            project: self.project,
            environment: self.environment,
            service: ServiceId::new(mint()),
            deployment: DeploymentId::new(mint()),
            replica: ReplicaId::new(mint()),
            generation: 1,
        };
        let slug = Slug::try_from(slug).expect("the test's slug is one");
        self.rollouts.add_replica(identity, &slug);
        ReplicaSpec {
            identity,
            slug,
            image: PinnedImage { reference: image, id: "sha256:app1".to_owned(), digest: None },
            config: crate::testing::rollouts::config(&words),
            stop_grace: Duration::from_secs(1),
            restart: RestartPolicy::No,
        }
    }

    async fn kill(&self, container: &ReplicaHandle) {
        self.engine.kill(container);
    }

    async fn remove(&self, container: &ReplicaHandle) {
        self.engine.remove_by_hand(container);
    }

    async fn pause(&self, container: &ReplicaHandle) {
        self.engine.pause(container);
    }

    async fn disconnect(&self, container: &ReplicaHandle) {
        self.engine.disconnect(container);
    }

    async fn occupy(&self, replica: &ReplicaSpec) -> ReplicaHandle {
        self.engine.add_foreign(&SimEngine::name(replica))
    }

    async fn runs(&self, foreign: &ReplicaHandle) -> bool {
        self.engine.container(foreign).is_some_and(|container| container.is_alive())
    }

    async fn occupy_environment(&self, environment: EnvironmentId) -> String {
        let name = SimEngine::environment_name(environment);
        self.engine.add_foreign_name(&name);
        name
    }

    async fn occupy_volume(&self, volume: VolumeId) -> String {
        let name = SimEngine::volume_name(volume);
        self.engine.add_foreign_name(&name);
        name
    }

    async fn holds(&self, foreign: &str) -> bool {
        self.engine.state().foreign_names.contains(foreign)
    }

    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
