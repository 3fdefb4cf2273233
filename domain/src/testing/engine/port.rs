//! The simulated engine behind the port.

use super::{
    CallKind, SimContainer, SimEngine, State,
    call::{About, Result},
    operations::{check_endpoint, check_name, create, has_volume, list},
};
use crate::{
    EnvironmentId, ImageRef, Limits, ProjectId, PullPolicy, VolumeId,
    runtime::{
        ContainerState, Engine, EngineCounts, Existed, Follow, Inspection, LogLine, LogStream,
        LogsFrom, ObservedReplica, PinnedImage, ProbeTarget, PullProgress, ReplicaHandle,
        ReplicaSpec, RestartPolicy, Runtime, RuntimeError, RuntimeEvent, Serving, Usage,
        VolumeSpec,
    },
};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use std::{net::IpAddr, time::Duration};

fn gone(id: &ReplicaHandle) -> RuntimeError {
    RuntimeError::Gone(format!("container {}", id.short()))
}

fn ours<'a>(state: &'a mut State, id: &ReplicaHandle) -> Result<&'a mut SimContainer> {
    state
        .containers
        .get_mut(id)
        .filter(|container| container.identity.is_some())
        .ok_or_else(|| gone(id))
}

#[async_trait]
impl Runtime for SimEngine {
    async fn engine(&self) -> Result<Engine> {
        self.call(CallKind::Engine, About::default(), |_, _, _| Ok(())).await?;
        Ok(Engine {
            id: self.lock().id.clone(),
            version: "0.0.0-sim".to_owned(),
            api_version: "1.41".to_owned(),
            operating_system: "none".to_owned(),
            kernel: "none".to_owned(),
            architecture: "none".to_owned(),
            storage_driver: "memory".to_owned(),
            cgroup_version: "2".to_owned(),
            memory_bytes: 1 << 33,
            cpus: 2,
            warnings: Vec::new(),
        })
    }

    async fn replicas(&self) -> Result<Vec<ObservedReplica>> {
        self.call(CallKind::List, About::default(), |state, faults, now| {
            Ok(list(state, faults, now))
        })
        .await
    }

    async fn replicas_of(&self, service: crate::ServiceId) -> Result<Vec<ObservedReplica>> {
        self.call(CallKind::ListService, About::default(), |state, faults, now| {
            let mut list = list(state, faults, now);
            list.retain(|replica| replica.identity.service == service);
            Ok(list)
        })
        .await
    }

    async fn inspect(&self, id: &ReplicaHandle) -> Result<Option<Inspection>> {
        self.call(CallKind::Inspect, About::container(id), |state, _, _| {
            Ok(state.containers.get(id).and_then(SimContainer::inspection))
        })
        .await
    }

    async fn ensure_environment(&self, _: ProjectId, environment: EnvironmentId) -> Result<()> {
        self.keep_subnet(environment).await?;
        let about = About::environment(environment);
        self.call(CallKind::EnsureEnvironment, about, |state, _, _| {
            check_name(state, &SimEngine::environment_name(environment))?;
            state.environments.insert(environment);
            Ok(())
        })
        .await
    }

    async fn remove_environment(&self, environment: EnvironmentId) -> Result<()> {
        let about = About::environment(environment);
        self.call(CallKind::RemoveEnvironment, about, |state, _, _| {
            let is_in_use = |it: &SimContainer| it.is_alive() && it.is_in(environment);
            if state.containers.values().any(is_in_use) {
                return Err(RuntimeError::Busy("network has active endpoints".to_owned()));
            }
            state.environments.remove(&environment);
            Ok(())
        })
        .await
    }

    async fn ensure_image(
        &self,
        _: ProjectId,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage> {
        let time = self.lock().state.pull_times.get(image.as_str()).copied();
        if let Some(time) = time.filter(|_| pull != PullPolicy::Never) {
            self.inner.clock.sleep(time).await;
        }
        let pinned = self
            .call(CallKind::EnsureImage, About::default(), |state, _, _| {
                let name = image.as_str().to_owned();
                let held = state.images.get(&name).cloned();
                let offered = state.registry.get(&name).cloned();
                let asks =
                    pull == PullPolicy::Always || (pull == PullPolicy::Missing && held.is_none());
                let id = if asks { offered.clone().or(held) } else { held };
                let Some(id) = id else {
                    return Err(RuntimeError::Image(format!("there is no image {name}")));
                };
                let digest = offered.map(|id| format!("{}@{id}", image.repository()));
                state.images.insert(name, id.clone());
                Ok(PinnedImage { reference: image.clone(), id, digest })
            })
            .await?;
        progress(PullProgress { received: 1, total: 1 });
        Ok(pinned)
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<Existed> {
        self.call(CallKind::EnsureVolume, About::volume(volume.volume), |state, _, _| {
            let existed = has_volume(state, volume.volume)?;
            state.volumes.insert(volume.volume);
            Ok(if existed { Existed::Yes } else { Existed::No })
        })
        .await
    }

    async fn has_volume(&self, volume: VolumeId) -> Result<bool> {
        self.call(CallKind::HasVolume, About::volume(volume), |state, _, _| {
            has_volume(state, volume)
        })
        .await
    }

    async fn remove_volume(&self, volume: VolumeId) -> Result<()> {
        self.call(CallKind::RemoveVolume, About::volume(volume), |state, _, _| {
            has_volume(state, volume)?;
            state.volumes.remove(&volume);
            Ok(())
        })
        .await
    }

    async fn create(&self, spec: &ReplicaSpec) -> Result<ReplicaHandle> {
        let endpoint = self.keep_endpoint(spec.identity.replica).await?;
        let about = About { identity: Some(spec.identity), ..About::default() };
        self.call(CallKind::Create, about, |state, faults, now| {
            create(state, faults, now, spec, endpoint)
        })
        .await
    }

    async fn start(&self, id: &ReplicaHandle) -> Result<()> {
        self.call(CallKind::Start, About::container(id), |state, faults, now| {
            let container = ours(state, id)?;
            if matches!(container.state, ContainerState::Removing | ContainerState::Dead) {
                return Err(RuntimeError::Busy("container is marked for removal".to_owned()));
            }
            if !container.is_alive() && container.is_unstartable {
                return Err(RuntimeError::Unstartable(container.leftover()));
            }
            if !container.is_alive() {
                container.is_stopped_by_hand = false;
                container.restart_count = 0;
                container.delay = Duration::ZERO;
                container.run(now);
                state.count_start(id);
                state.announce(id, now, faults);
            }
            Ok(())
        })
        .await
    }

    async fn unpause(&self, id: &ReplicaHandle) -> Result<()> {
        self.call(CallKind::Unpause, About::container(id), |state, faults, now| {
            let container = ours(state, id)?;
            if container.state == ContainerState::Paused {
                container.state = ContainerState::Running;
                state.announce(id, now, faults);
            }
            Ok(())
        })
        .await
    }

    async fn stop(&self, id: &ReplicaHandle, grace: Duration) -> Result<()> {
        let is_stubborn = self
            .container(id)
            .is_some_and(|container| container.program.is_stubborn && container.is_alive());
        if is_stubborn {
            self.inner.clock.sleep(grace).await;
        }
        self.call(CallKind::Stop, About::container(id), |state, faults, now| {
            let Ok(container) = ours(state, id) else { return Ok(()) };
            if container.is_alive() || container.state == ContainerState::Restarting {
                container.is_stopped_by_hand = true;
                // An end that its adapter asked for is none of its own.
                let ends = container.ends.clone();
                container.end(now, if is_stubborn { 137 } else { 143 });
                container.ends = ends;
                state.announce(id, now, faults);
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, id: &ReplicaHandle) -> Result<()> {
        self.call(CallKind::Remove, About::container(id), |state, faults, now| {
            if let Ok(container) = ours(state, id) {
                let service = container.identity.map(|identity| identity.service);
                let mounts = container.mounts.clone();
                state.containers.remove(id);
                if state.loses_volumes {
                    state.volumes.retain(|volume| !mounts.contains(volume));
                }
                if let Some(service) = service {
                    state.tell(RuntimeEvent::Service(service), now, faults);
                }
            }
            Ok(())
        })
        .await
    }

    async fn set_serving(&self, id: &ReplicaHandle, serving: Serving) -> Result<()> {
        let about = About { serving: Some(serving), ..About::container(id) };
        self.call(CallKind::SetServing, about, |state, faults, now| {
            let container = ours(state, id)?.clone();
            let environment = container.identity.map(|identity| identity.environment);
            if environment.is_none_or(|it| !state.environments.contains(&it)) {
                return Err(RuntimeError::Gone("the environment".to_owned()));
            }
            let is_back = !container.is_connected;
            let endpoint = if is_back { container.endpoint.moved() } else { container.endpoint };
            check_endpoint(state, endpoint, Some(id))?;
            let container = ours(state, id)?;
            (container.endpoint, container.is_connected) = (endpoint, true);
            container.serves = serving == Serving::Yes;
            state.announce(id, now, faults);
            Ok(())
        })
        .await
    }

    async fn set_limits(&self, id: &ReplicaHandle, limits: Limits) -> Result<()> {
        self.call(CallKind::SetLimits, About::container(id), |state, _, _| {
            ours(state, id)?.limits = limits;
            Ok(())
        })
        .await
    }

    async fn set_restart_policy(&self, id: &ReplicaHandle, restart: RestartPolicy) -> Result<()> {
        self.call(CallKind::SetRestartPolicy, About::container(id), |state, _, _| {
            ours(state, id)?.restart = restart;
            Ok(())
        })
        .await
    }

    async fn probe(
        &self,
        id: &ReplicaHandle,
        address: IpAddr,
        probe_target: &ProbeTarget,
        timeout: Duration,
    ) -> Result<bool> {
        let answer = self
            .call(CallKind::Probe, About::container(id), |state, _, now| {
                let container = ours(state, id)?;
                Ok(match probe_target {
                    ProbeTarget::Tcp(port) | ProbeTarget::Http { port, .. } => {
                        container.address() == Some(address) && container.answers(*port, now)
                    }
                    ProbeTarget::Command(_) => {
                        container.state == ContainerState::Running
                            && container.silent_since(now).is_none()
                    }
                })
            })
            .await?;
        // A paused one accepts nothing and says nothing.
        if !answer && self.container(id).is_some_and(|it| it.state == ContainerState::Paused) {
            self.inner.clock.sleep(timeout).await;
        }
        Ok(answer)
    }

    async fn logs(
        &self,
        id: &ReplicaHandle,
        from: LogsFrom,
        _: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine>>> {
        let output = self
            .call(CallKind::Logs, About::container(id), |state, _, _| {
                Ok(ours(state, id)?.output.clone())
            })
            .await?;
        let skip = match from {
            LogsFrom::Tail(count) => {
                output.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX))
            }
            LogsFrom::Since(at) => output.iter().filter(|(when, _)| *when < at).count(),
            LogsFrom::After { at, .. } => output.iter().filter(|(when, _)| *when <= at).count(),
        };
        let line =
            |(at, line)| Ok(LogLine { at, nanos: 0, stream: LogStream::Stdout, line, cut: false });
        Ok(stream::iter(output.into_iter().skip(skip).map(line)).boxed())
    }

    async fn usage(&self, id: &ReplicaHandle) -> Result<Option<Usage>> {
        self.call(CallKind::Usage, About::container(id), |state, _, _| {
            let is_running = ours(state, id)?.state == ContainerState::Running;
            Ok(is_running.then(Usage::default))
        })
        .await
    }

    async fn events(&self) -> Result<BoxStream<'static, RuntimeEvent>> {
        let (epoch, cursor) = self
            .call(CallKind::Events, About::default(), |state, _, _| {
                Ok((state.epoch, state.events.len()))
            })
            .await?;
        let engine = self.clone();
        Ok(stream::unfold((engine, cursor), move |(engine, cursor)| async move {
            let event = engine.event(epoch, cursor).await?;
            Some((event, (engine, cursor + 1)))
        })
        .boxed())
    }

    async fn counts(&self) -> Result<EngineCounts> {
        self.call(CallKind::EngineCounts, About::default(), |state, _, _| {
            let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let running = state.containers.values().filter(|container| container.is_alive());
            Ok(EngineCounts {
                containers_running: count(running.count()),
                containers_total: count(state.containers.len()),
                images: count(state.images.len()),
                volumes: count(state.volumes.len()),
            })
        })
        .await
    }
}
