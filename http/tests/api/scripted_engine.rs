//! An engine whose containers say what tests tell them to say.

use async_trait::async_trait;
use domain::{
    EnvironmentId, ImageRef, Limits, ProjectId, PullPolicy, ServiceId, VolumeId,
    runtime::{
        ContainerState, Engine, EngineCounts, Existed, Follow, Inspection, LogLine, LogsFrom,
        ObservedReplica, PinnedImage, ProbeTarget, PullProgress, ReplicaHandle, ReplicaIdentity,
        ReplicaSpec, RestartPolicy, Runtime, RuntimeError, RuntimeEvent, Serving, Usage,
        VolumeSpec,
    },
    testing::SimEngine,
};
use futures::stream::{self, BoxStream, StreamExt};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::watch;

/// The simulated engine, with output of containers that tests write.
pub(crate) struct ScriptedEngine {
    engine: SimEngine,
    outputs: Arc<Mutex<BTreeMap<ReplicaHandle, Output>>>,
    changed: watch::Sender<()>,
    pub(crate) is_down: Arc<Mutex<bool>>,
}

#[derive(Clone)]
struct Output {
    identity: ReplicaIdentity,
    lines: Vec<LogLine>,
    runs: bool,
    /// How often the engine has broken off what is read of it.
    breaks: u32,
}

impl ScriptedEngine {
    pub(crate) fn new(engine: SimEngine) -> Self {
        let (outputs, is_down) = (Arc::default(), Arc::default());
        Self { engine, outputs, changed: watch::Sender::new(()), is_down }
    }

    fn outputs(&self) -> MutexGuard<'_, BTreeMap<ReplicaHandle, Output>> {
        self.outputs.lock().expect("no panic holds it")
    }

    /// A container that runs.
    pub(crate) fn run(&self, container: &str, identity: ReplicaIdentity) {
        let output = Output { identity, lines: Vec::new(), runs: true, breaks: 0 };
        self.outputs().insert(ReplicaHandle(container.to_owned()), output);
    }

    pub(crate) fn say(&self, container: &str, line: LogLine) {
        let id = ReplicaHandle(container.to_owned());
        self.outputs().get_mut(&id).expect("it runs").lines.push(line);
        self.changed.send_replace(());
    }

    /// The engine goes away, and with it what is being read; or it comes back.
    pub(crate) fn set_down(&self, is_down: bool) {
        *self.is_down.lock().expect("no panic holds it") = is_down;
        self.changed.send_replace(());
    }

    /// The engine breaks off what is being read of a container, which runs on.
    pub(crate) fn break_stream(&self, container: &str) {
        let id = ReplicaHandle(container.to_owned());
        self.outputs().get_mut(&id).expect("it runs").breaks += 1;
        self.changed.send_replace(());
    }

    /// A container that has ended runs again.
    pub(crate) fn run_again(&self, container: &str) {
        let id = ReplicaHandle(container.to_owned());
        self.outputs().get_mut(&id).expect("it ran").runs = true;
    }

    pub(crate) fn exit(&self, container: &str) {
        let id = ReplicaHandle(container.to_owned());
        self.outputs().get_mut(&id).expect("it runs").runs = false;
        self.changed.send_replace(());
    }
}

type Result<T> = std::result::Result<T, RuntimeError>;

#[async_trait]
impl Runtime for ScriptedEngine {
    async fn engine(&self) -> Result<Engine> {
        if *self.is_down.lock().expect("no panic holds it") {
            return Err(RuntimeError::Unreachable("there is no socket".to_owned()));
        }
        self.engine.engine().await
    }

    async fn replicas(&self) -> Result<Vec<ObservedReplica>> {
        let observed = |(container, output): (&ReplicaHandle, &Output)| ObservedReplica {
            container: container.clone(),
            identity: output.identity,
            state: if output.runs { ContainerState::Running } else { ContainerState::Exited },
            address: output.runs.then(|| [192, 0, 2, 7].into()),
        };
        if *self.is_down.lock().expect("no panic holds it") {
            return Err(RuntimeError::Unreachable("there is no socket".to_owned()));
        }
        Ok(self.outputs().iter().map(observed).collect())
    }

    async fn logs(
        &self,
        container: &ReplicaHandle,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine>>> {
        if *self.is_down.lock().expect("no panic holds it") {
            return Err(RuntimeError::Unreachable("there is no socket".to_owned()));
        }
        if !self.outputs().contains_key(container) {
            return Err(RuntimeError::Gone(container.0.clone()));
        }
        let Output { lines: all, breaks: known, .. } = self.outputs()[container].clone();
        let skip = match from {
            LogsFrom::Tail(count) => all.len().saturating_sub(count as usize),
            LogsFrom::Since(at) => all.iter().filter(|line| line.at < at).count(),
            LogsFrom::After { at, nanos } => {
                all.iter().filter(|line| (line.at, line.nanos) <= (at, nanos)).count()
            }
        };
        if follow == Follow::No {
            let rest: Vec<_> = all.into_iter().skip(skip).map(Ok).collect();
            return Ok(stream::iter(rest).boxed());
        }
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        let mut changed = self.changed.subscribe();
        let (outputs, container) = (Arc::clone(&self.outputs), container.clone());
        let is_down = Arc::clone(&self.is_down);
        tokio::spawn(async move {
            let mut at = skip;
            loop {
                if *is_down.lock().expect("no panic holds it") {
                    let error = RuntimeError::Unreachable("there is no socket".to_owned());
                    let _ = sender.unbounded_send(Err(error));
                    return;
                }
                let (lines, runs, breaks) = {
                    let outputs = outputs.lock().expect("no panic holds it");
                    let Some(output) = outputs.get(&container) else { return };
                    (output.lines[at..].to_vec(), output.runs, output.breaks)
                };
                at += lines.len();
                for line in lines {
                    if sender.unbounded_send(Ok(line)).is_err() {
                        return;
                    }
                }
                if breaks != known {
                    let error = RuntimeError::Unreachable("it broke off".to_owned());
                    let _ = sender.unbounded_send(Err(error));
                    return;
                }
                if !runs || changed.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver.boxed())
    }

    async fn inspect(&self, container: &ReplicaHandle) -> Result<Option<Inspection>> {
        self.engine.inspect(container).await
    }

    async fn ensure_environment(
        &self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<()> {
        self.engine.ensure_environment(project, environment).await
    }

    async fn remove_environment(&self, environment: EnvironmentId) -> Result<()> {
        self.engine.remove_environment(environment).await
    }

    async fn ensure_image(
        &self,
        project: ProjectId,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage> {
        self.engine.ensure_image(project, image, pull, progress).await
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<Existed> {
        self.engine.ensure_volume(volume).await
    }

    async fn has_volume(&self, volume: VolumeId) -> Result<bool> {
        self.engine.has_volume(volume).await
    }

    async fn remove_volume(&self, volume: VolumeId) -> Result<()> {
        self.engine.remove_volume(volume).await
    }

    async fn create(&self, replica: &ReplicaSpec) -> Result<ReplicaHandle> {
        self.engine.create(replica).await
    }

    async fn start(&self, container: &ReplicaHandle) -> Result<()> {
        self.engine.start(container).await
    }

    async fn unpause(&self, container: &ReplicaHandle) -> Result<()> {
        self.engine.unpause(container).await
    }

    async fn stop(&self, container: &ReplicaHandle, grace: Duration) -> Result<()> {
        self.engine.stop(container, grace).await
    }

    async fn remove(&self, container: &ReplicaHandle) -> Result<()> {
        self.engine.remove(container).await
    }

    async fn set_serving(&self, container: &ReplicaHandle, serving: Serving) -> Result<()> {
        self.engine.set_serving(container, serving).await
    }

    async fn set_limits(&self, container: &ReplicaHandle, limits: Limits) -> Result<()> {
        self.engine.set_limits(container, limits).await
    }

    async fn set_restart_policy(
        &self,
        container: &ReplicaHandle,
        restart: RestartPolicy,
    ) -> Result<()> {
        self.engine.set_restart_policy(container, restart).await
    }

    async fn probe(
        &self,
        container: &ReplicaHandle,
        address: IpAddr,
        probe_target: &ProbeTarget,
        timeout: Duration,
    ) -> Result<bool> {
        self.engine.probe(container, address, probe_target, timeout).await
    }

    async fn usage(&self, container: &ReplicaHandle) -> Result<Option<Usage>> {
        self.engine.usage(container).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>> {
        self.engine.events().await
    }

    async fn counts(&self) -> Result<EngineCounts> {
        self.engine.counts().await
    }

    async fn replicas_of(&self, service: ServiceId) -> Result<Vec<ObservedReplica>> {
        let mut all = self.replicas().await?;
        all.retain(|one| one.identity.service == service);
        Ok(all)
    }
}
