//! Containers: made, looked at, started, stopped and removed.

use super::{
    Docker, body,
    connection::{READ_TIMEOUT, WRITE_TIMEOUT},
    failure::Failure,
    label,
    observed::state_in_inspection,
    sentence,
};
use bollard::{
    models::ContainerInspectResponse,
    query_parameters::{
        CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
        RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
    },
};
use domain::{
    Limits, ServiceId,
    runtime::{
        ContainerState, Inspection, ObservedReplica, ReplicaHandle, ReplicaSpec, RestartPolicy,
        RuntimeError,
    },
};
use std::{collections::HashMap, time::Duration};

impl Docker {
    pub(super) async fn list_replicas(&self) -> Result<Vec<ObservedReplica>, RuntimeError> {
        let replicas = self.list(&self.instance_labels.filter()).await?;
        let pairs = replicas.iter().map(|it| (it.container.clone(), it.identity.service));
        self.known.replace(pairs);
        Ok(replicas)
    }

    pub(super) async fn list_replicas_of(
        &self,
        service: ServiceId,
    ) -> Result<Vec<ObservedReplica>, RuntimeError> {
        let mut filter = self.instance_labels.filter();
        if let Some(labels) = filter.get_mut("label") {
            labels.push(format!("{}={service}", label::SERVICE));
        }
        self.list(&filter).await
    }

    async fn list(
        &self,
        filter: &HashMap<&'static str, Vec<String>>,
    ) -> Result<Vec<ObservedReplica>, RuntimeError> {
        let options = ListContainersOptionsBuilder::new().all(true).filters(filter).build();
        let listed = self
            .connection
            .call("list its containers", READ_TIMEOUT, |docker| async move {
                docker.list_containers(Some(options)).await
            })
            .await?;
        Ok(listed
            .into_iter()
            .filter_map(|container| self.instance_labels.observed(container))
            .collect())
    }

    pub(super) async fn inspect_replica(
        &self,
        container: &ReplicaHandle,
    ) -> Result<Option<Inspection>, RuntimeError> {
        match self.raw_inspection(&container.0).await {
            Ok(raw) => {
                let capacity = self.capacity().await?;
                let inspection = self.instance_labels.inspection(raw, capacity);
                inspection.map(Some).ok_or_else(|| foreign(container))
            }
            Err(failure) if failure.status() == Some(404) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn raw_inspection(
        &self,
        name: &str,
    ) -> Result<ContainerInspectResponse, Failure> {
        self.connection
            .call("inspect a container", READ_TIMEOUT, |docker| async move {
                docker.inspect_container(name, None::<InspectContainerOptions>).await
            })
            .await
    }

    pub(super) async fn create_replica(
        &self,
        spec: &ReplicaSpec,
    ) -> Result<ReplicaHandle, RuntimeError> {
        for volume in spec.config.mounts.keys() {
            self.check_volume(*volume).await?;
        }
        self.network_id(spec.identity.environment).await?;
        // Written down before the engine is asked: whatever becomes of the answer, it stays the same.
        let address = self.addresses.address(spec.identity.replica).await?;
        let capacity = self.capacity().await?;
        let name = self.instance_labels.container_name(&spec.slug, spec.identity.replica);
        let body = body::create(self.instance_labels, spec, address, capacity);
        // Twice: the holder of the name may have gone by the time we look at it.
        for _ in 0..2 {
            let options = CreateContainerOptionsBuilder::new().name(&name).build();
            let body = body.clone();
            let made = self
                .connection
                .call("create a container", WRITE_TIMEOUT, |docker| async move {
                    docker.create_container(Some(options), body).await
                })
                .await;
            match made {
                Ok(made) => return Ok(self.known.add(made.id, spec.identity.service)),
                Err(failure) if failure.status() == Some(409) && failure.says("name") => {
                    if let Some(adopted) = self.adopt(&name, spec).await? {
                        return Ok(adopted);
                    }
                }
                Err(failure) if failure.status() == Some(404) && failure.says("image") => {
                    return Err(RuntimeError::Image(format!(
                        "the engine no longer has the image {} ({})",
                        spec.image.reference, spec.image.id
                    )));
                }
                Err(failure) => {
                    if failure.status() == Some(404) {
                        self.networks.forget(spec.identity.environment);
                    }
                    return Err(failure.into());
                }
            }
        }
        Err(RuntimeError::Busy(format!("the container name {name} is being freed")))
    }

    /// The container that holds this replica's name, if it is this replica's. `None` when nobody
    /// holds the name any more.
    async fn adopt(
        &self,
        name: &str,
        spec: &ReplicaSpec,
    ) -> Result<Option<ReplicaHandle>, RuntimeError> {
        let holder = match self.raw_inspection(name).await {
            Ok(holder) => holder,
            Err(failure) if failure.status() == Some(404) => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let id = ReplicaHandle(holder.id.unwrap_or_default());
        let labels = holder.config.and_then(|config| config.labels).unwrap_or_default();
        if !body::has_all(&labels, &self.instance_labels.replica(spec)) {
            return Err(RuntimeError::NameTaken {
                name: name.to_owned(),
                holder: id.short().to_owned(),
            });
        }
        match state_in_inspection(holder.state.and_then(|state| state.status)) {
            ContainerState::Removing | ContainerState::Dead => {
                Err(RuntimeError::Busy(format!("removal of container {} has begun", id.short())))
            }
            ContainerState::Created
            | ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Restarting
            | ContainerState::Exited => {
                tracing::info!(container.id = id.short(), "adopted a container that we had made");
                Ok(Some(self.known.add(id.0, spec.identity.service)))
            }
        }
    }

    pub(super) async fn start_replica(
        &self,
        container: &ReplicaHandle,
    ) -> Result<(), RuntimeError> {
        self.check_ours(container).await?;
        let started = self
            .connection
            .call("start a container", WRITE_TIMEOUT, |docker| async move {
                docker.start_container(&container.0, None::<StartContainerOptions>).await
            })
            .await;
        started.map_err(|failure| match failure {
            Failure::Answer { status, message } if status != 404 => {
                match sentence::unstartable(&message) {
                    Some(why) => RuntimeError::Unstartable(why.to_owned()),
                    None => Failure::Answer { status, message }.into(),
                }
            }
            other => other.into(),
        })
    }

    pub(super) async fn unpause_replica(
        &self,
        container: &ReplicaHandle,
    ) -> Result<(), RuntimeError> {
        self.check_ours(container).await?;
        let unpaused = self
            .connection
            .call("resume a container", WRITE_TIMEOUT, |docker| async move {
                docker.unpause_container(&container.0).await
            })
            .await;
        match unpaused {
            Err(failure) if failure.says("is not paused") => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }

    pub(super) async fn stop_replica(
        &self,
        container: &ReplicaHandle,
        grace: Duration,
    ) -> Result<(), RuntimeError> {
        if !self.is_there(container).await? {
            return Ok(());
        }
        let options = StopContainerOptionsBuilder::new().t(body::whole_seconds(grace)).build();
        let limit = grace + Duration::from_secs(10);
        let stopped = self
            .connection
            .call("stop a container", limit, |docker| async move {
                docker.stop_container(&container.0, Some(options)).await
            })
            .await;
        match stopped {
            Err(failure) if failure.status() == Some(404) => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }

    pub(super) async fn remove_replica(
        &self,
        container: &ReplicaHandle,
    ) -> Result<(), RuntimeError> {
        if !self.is_there(container).await? {
            return Ok(());
        }
        // Not its volumes without a name: an image may have told the engine to keep data there.
        let options = RemoveContainerOptionsBuilder::new().force(true).v(false).build();
        let removed = self
            .connection
            .call("remove a container", WRITE_TIMEOUT, |docker| async move {
                docker.remove_container(&container.0, Some(options)).await
            })
            .await;
        match removed {
            Err(failure) if failure.status() != Some(404) => Err(failure.into()),
            _ => {
                self.known.remove(container);
                self.probes.forget(container);
                self.usages.forget(container);
                self.updates.forget(container);
                Ok(())
            }
        }
    }

    pub(super) async fn update_limits(
        &self,
        container: &ReplicaHandle,
        limits: Limits,
    ) -> Result<(), RuntimeError> {
        let capacity = self.capacity().await?;
        self.update(container, body::update_limits(limits, capacity)).await
    }

    pub(super) async fn update_restart(
        &self,
        container: &ReplicaHandle,
        restart: RestartPolicy,
    ) -> Result<(), RuntimeError> {
        self.update(container, body::update_restart(restart)).await
    }

    async fn update(
        &self,
        container: &ReplicaHandle,
        body: bollard::models::ContainerUpdateBody,
    ) -> Result<(), RuntimeError> {
        self.check_ours(container).await?;
        // The engine will tell of it, and only what others do is news.
        self.updates.begin(container);
        let updated = self
            .connection
            .call("update a container", WRITE_TIMEOUT, |docker| async move {
                docker.update_container(&container.0, body).await
            })
            .await;
        updated.map_err(|failure| {
            self.updates.end(container);
            RuntimeError::from(failure)
        })
    }

    /// Refuses to touch what is not ours. Costs a call only for containers that we have neither
    /// made nor listed: an id never changes hands, and labels never change.
    pub(super) async fn check_ours(&self, container: &ReplicaHandle) -> Result<(), RuntimeError> {
        if self.known.has(container) {
            return Ok(());
        }
        let raw = self.raw_inspection(&container.0).await?;
        let labels = raw.config.and_then(|config| config.labels).unwrap_or_default();
        if !self.instance_labels.are_ours(&labels) {
            return Err(foreign(container));
        }
        if let Some(service) = label::read(&labels, label::SERVICE) {
            self.known.add(container.0.clone(), service);
        }
        Ok(())
    }

    /// As [`check_ours`](Self::check_ours), for calls to which "it has gone" is good news.
    async fn is_there(&self, container: &ReplicaHandle) -> Result<bool, RuntimeError> {
        match self.check_ours(container).await {
            Ok(()) => Ok(true),
            Err(RuntimeError::Gone(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn foreign(container: &ReplicaHandle) -> RuntimeError {
    RuntimeError::Refused(format!(
        "container {} does not carry this instance's label, so it is not touched",
        container.short()
    ))
}
