//! The simulated engine behind the port.

use super::{
    CallKind, SimContainer, SimEngine, State,
    acts::{check_address, check_name, create, has_volume, list},
    call::{About, Result},
};
use crate::{
    EnvironmentId, ImageRef, Limits, PullPolicy, Slug, VolumeId,
    runtime::{
        Census, ContainerId, ContainerState, Engine, Existed, Follow, Inspection, LogLine,
        LogStream, LogsFrom, NetworkSpec, Networks, ObservedNetwork, ObservedReplica, PinnedImage,
        PullProgress, Question, ReplicaSpec, Restart, Runtime, RuntimeError, RuntimeEvent, Usage,
        VolumeSpec,
    },
};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use std::{net::Ipv4Addr, time::Duration};

fn gone(id: &ContainerId) -> RuntimeError {
    RuntimeError::Gone(format!("container {}", id.short()))
}

fn ours<'a>(state: &'a mut State, id: &ContainerId) -> Result<&'a mut SimContainer> {
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

    async fn inspect(&self, id: &ContainerId) -> Result<Option<Inspection>> {
        self.call(CallKind::Inspect, About::container(id), |state, _, _| {
            Ok(state.containers.get(id).and_then(SimContainer::inspection))
        })
        .await
    }

    async fn networks(&self) -> Result<Networks> {
        self.call(CallKind::Networks, About::default(), |state, _, _| {
            let network =
                |(&environment, &subnet)| ObservedNetwork { environment, subnet: Some(subnet) };
            Ok(Networks {
                ours: state.networks.iter().map(network).collect(),
                foreign: state.foreign_networks.clone(),
            })
        })
        .await
    }

    async fn ensure_network(&self, network: &NetworkSpec) -> Result<()> {
        let about = About::environment(network.environment);
        self.call(CallKind::EnsureNetwork, about, |state, _, _| {
            check_name(state, &SimEngine::network_name(network.environment))?;
            state.networks.entry(network.environment).or_insert(network.subnet);
            Ok(())
        })
        .await
    }

    async fn remove_network(&self, environment: EnvironmentId) -> Result<()> {
        let about = About::environment(environment);
        self.call(CallKind::RemoveNetwork, about, |state, _, _| {
            let in_use = state.containers.values().any(|container| {
                container.is_alive()
                    && container.attached.is_some_and(|(network, _)| network == environment)
            });
            if in_use {
                return Err(RuntimeError::Busy("network has active endpoints".to_owned()));
            }
            state.networks.remove(&environment);
            Ok(())
        })
        .await
    }

    async fn ensure_image(
        &self,
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

    async fn create(&self, spec: &ReplicaSpec) -> Result<ContainerId> {
        let about = About { identity: Some(spec.identity), ..About::default() };
        self.call(CallKind::Create, about, |state, faults, now| create(state, faults, now, spec))
            .await
    }

    async fn start(&self, id: &ContainerId) -> Result<()> {
        self.call(CallKind::Start, About::container(id), |state, faults, now| {
            let container = ours(state, id)?;
            if matches!(container.state, ContainerState::Removing | ContainerState::Dead) {
                return Err(RuntimeError::Busy("container is marked for removal".to_owned()));
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

    async fn unpause(&self, id: &ContainerId) -> Result<()> {
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

    async fn stop(&self, id: &ContainerId, grace: Duration) -> Result<()> {
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
                container.end(now, if is_stubborn { 137 } else { 143 });
                state.announce(id, now, faults);
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, id: &ContainerId) -> Result<()> {
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

    async fn set_alias(
        &self,
        id: &ContainerId,
        environment: EnvironmentId,
        address: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<()> {
        self.call(CallKind::SetAlias, About::container(id), |state, faults, now| {
            if !state.networks.contains_key(&environment) {
                return Err(RuntimeError::Gone("the network".to_owned()));
            }
            check_address(state, environment, address, Some(id))?;
            let container = ours(state, id)?;
            container.attached = Some((environment, address));
            container.alias = alias.cloned();
            state.announce(id, now, faults);
            Ok(())
        })
        .await
    }

    async fn set_limits(&self, id: &ContainerId, limits: Limits) -> Result<()> {
        self.call(CallKind::SetLimits, About::container(id), |state, _, _| {
            ours(state, id)?.limits = limits;
            Ok(())
        })
        .await
    }

    async fn set_restart(&self, id: &ContainerId, restart: Restart) -> Result<()> {
        self.call(CallKind::SetRestart, About::container(id), |state, _, _| {
            ours(state, id)?.restart = restart;
            Ok(())
        })
        .await
    }

    async fn probe(
        &self,
        id: &ContainerId,
        address: Ipv4Addr,
        question: &Question,
        timeout: Duration,
    ) -> Result<bool> {
        let answer = self
            .call(CallKind::Probe, About::container(id), |state, _, now| {
                let container = ours(state, id)?;
                Ok(match question {
                    Question::Tcp(port) | Question::Http { port, .. } => {
                        container.attached.is_some_and(|(_, at)| at == address)
                            && container.answers(*port, now)
                    }
                    Question::Command(_) => container.state == ContainerState::Running,
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
        id: &ContainerId,
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

    async fn usage(&self, id: &ContainerId) -> Result<Option<Usage>> {
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

    async fn census(&self) -> Result<Census> {
        self.call(CallKind::Census, About::default(), |state, _, _| {
            let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let running = state.containers.values().filter(|container| container.is_alive());
            Ok(Census {
                containers_running: count(running.count()),
                containers_total: count(state.containers.len()),
                images: count(state.images.len()),
                volumes: count(state.volumes.len()),
            })
        })
        .await
    }
}
