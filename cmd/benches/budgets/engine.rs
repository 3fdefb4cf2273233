//! The engine without Easel: what is made of it by hand, and what it says of itself.

use crate::time::{PATIENCE, within};
use anyhow::{Context, Result, bail};
use bollard::{
    Docker,
    models::{
        ContainerCreateBody, EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig,
        NetworkCreateRequest, NetworkingConfig, RestartPolicy, RestartPolicyNameEnum,
    },
    query_parameters::{
        CreateContainerOptions, EventsOptionsBuilder, ListContainersOptionsBuilder,
        ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    },
};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Instant,
};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

const INSTANCE: &str = "io.easel.instance";
const BENCH: &str = "io.easel.bench";
/// A network that no test of Easel uses.
const PREFIX: &str = "10.206.240";

/// The engine. What carries one of our labels is removed at the end.
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    /// The label of what is made without Easel.
    pub(crate) label: (String, String),
    labels: Mutex<Vec<(String, String)>>,
}

impl Engine {
    pub(crate) fn connect(host: &str) -> Result<Self> {
        let docker = Docker::connect_with_host(host)
            .with_context(|| format!("no Docker engine at {host}"))?;
        #[expect(clippy::disallowed_methods, reason = "two benches never share a label")]
        let label = (BENCH.to_owned(), Uuid::new_v4().to_string());
        Ok(Self { docker, labels: Mutex::new(vec![label.clone()]), label })
    }

    /// Also removes what this instance of Easel has made.
    pub(crate) fn adopt(&self, instance: &str) {
        self.labels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((INSTANCE.to_owned(), instance.to_owned()));
    }

    /// Removes all that is ours.
    pub(crate) async fn clean(&self) {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for label in labels {
            if let Err(error) = self.clean_label(&label).await {
                eprintln!("could not clean up {}={}: {error:#}", label.0, label.1);
            }
        }
    }

    pub(crate) async fn clean_label(&self, label: &(String, String)) -> Result<()> {
        let ids = self.list(label).await?;
        self.remove(&ids).await?;
        let filters = HashMap::from([("label", vec![format!("{}={}", label.0, label.1)])]);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        for network in self.docker.list_networks(Some(options)).await? {
            self.docker.remove_network(&network.id.unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// One list call: the ids of all containers with a label.
    pub(crate) async fn list(&self, label: &(String, String)) -> Result<Vec<String>> {
        let filters = HashMap::from([("label", vec![format!("{}={}", label.0, label.1)])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let list = self.docker.list_containers(Some(options)).await?;
        Ok(list.into_iter().filter_map(|container| container.id).collect())
    }

    pub(crate) async fn remove(&self, ids: &[String]) -> Result<()> {
        let remove = |id: String| async move {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            match self.docker.remove_container(&id, Some(options)).await {
                Err(bollard::errors::Error::DockerResponseServerError {
                    status_code: 404 | 409,
                    ..
                })
                | Ok(()) => Ok(()),
                Err(error) => Err(error),
            }
        };
        Ok(stream::iter(ids.to_vec())
            .map(remove)
            .buffer_unordered(4)
            .try_for_each(|()| async { Ok(()) })
            .await?)
    }

    /// Containers that are made and never started.
    pub(crate) async fn create_idle(
        &self,
        image: &str,
        labels: Vec<HashMap<String, String>>,
    ) -> Result<()> {
        let create = |labels| async move {
            let body = ContainerCreateBody {
                image: Some(image.to_owned()),
                labels: Some(labels),
                host_config: Some(bollard::models::HostConfig {
                    network_mode: Some("none".to_owned()),
                    ..Default::default()
                }),
                ..Default::default()
            };
            self.docker.create_container(None::<CreateContainerOptions>, body).await.map(|_| ())
        };
        Ok(stream::iter(labels)
            .map(create)
            .buffer_unordered(4)
            .try_for_each(|()| async { Ok(()) })
            .await?)
    }

    /// Listens to what happens to containers, from now on.
    pub(crate) fn watch(&self) -> Watch {
        let actions = ["start", "die", "destroy"].map(str::to_owned).to_vec();
        let filters = HashMap::from([("type", vec!["container".to_owned()]), ("event", actions)]);
        let options = EventsOptionsBuilder::new().filters(&filters).build();
        let mut events = self.docker.events(Some(options));
        let (sender, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(Ok(event)) = events.next().await {
                let at = Instant::now();
                let Some(actor) = event.actor else { continue };
                let happening = Happening {
                    at,
                    action: event.action.unwrap_or_default(),
                    id: actor.id.unwrap_or_default(),
                    labels: actor.attributes.unwrap_or_default(),
                };
                if sender.send(happening).is_err() {
                    return;
                }
            }
        });
        Watch { receiver, task }
    }

    /// What makes containers like this one, which Easel has made, without Easel.
    pub(crate) async fn floor_like(&self, container: &str) -> Result<Floor<'_>> {
        let found = self.docker.inspect_container(container, None).await?;
        let config = found.config.context("a container has a configuration")?;
        let mut host = found.host_config.context("a container has a host configuration")?;
        let network = format!("easel-bench-{}", self.label.1);
        let request = NetworkCreateRequest {
            name: network.clone(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig {
                    subnet: Some(format!("{PREFIX}.0/24")),
                    gateway: Some(format!("{PREFIX}.1")),
                    ..Default::default()
                }]),
                ..Default::default()
            }),
            labels: Some(HashMap::from([self.label.clone()])),
            ..Default::default()
        };
        self.docker.create_network(request).await?;
        host.network_mode = Some(network.clone());
        // As it was when it was made: the policy comes with its promotion.
        host.restart_policy = Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        });
        let mut labels = config.labels.unwrap_or_default();
        labels.retain(|key, _| key != INSTANCE);
        labels.insert(self.label.0.clone(), self.label.1.clone());
        let body = ContainerCreateBody {
            image: config.image,
            cmd: config.cmd,
            env: config.env,
            exposed_ports: config.exposed_ports,
            labels: Some(labels),
            stop_timeout: config.stop_timeout,
            host_config: Some(host),
            ..Default::default()
        };
        Ok(Floor { engine: self, network, body })
    }
}

/// Makes and starts containers by bollard alone.
pub(crate) struct Floor<'a> {
    engine: &'a Engine,
    network: String,
    body: ContainerCreateBody,
}

impl Floor<'_> {
    /// Makes and starts so many at once.
    pub(crate) async fn run(&self, count: usize) -> Result<()> {
        let run = |index: usize| async move {
            let endpoint = EndpointSettings {
                ipam_config: Some(EndpointIpamConfig {
                    ipv4_address: Some(format!("{PREFIX}.{}", index + 2)),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let body = ContainerCreateBody {
                hostname: Some(format!("bench-{index}")),
                networking_config: Some(NetworkingConfig {
                    endpoints_config: Some(HashMap::from([(self.network.clone(), endpoint)])),
                }),
                ..self.body.clone()
            };
            let docker = &self.engine.docker;
            let made = docker.create_container(None::<CreateContainerOptions>, body).await?;
            docker.start_container(&made.id, None::<StartContainerOptions>).await?;
            Ok::<_, anyhow::Error>(())
        };
        try_join_all((0..count).map(run)).await?;
        Ok(())
    }

    /// Removes what was made.
    pub(crate) async fn clear(&self) -> Result<()> {
        self.engine.remove(&self.engine.list(&self.engine.label).await?).await
    }
}

/// Something that has happened to a container.
pub(crate) struct Happening {
    /// When it was heard of.
    pub(crate) at: Instant,
    pub(crate) action: String,
    pub(crate) id: String,
    labels: HashMap<String, String>,
}

impl Happening {
    fn has(&self, label: &(String, String)) -> bool {
        self.labels.get(&label.0) == Some(&label.1)
    }
}

/// Hears what happens to containers.
pub(crate) struct Watch {
    receiver: mpsc::UnboundedReceiver<Happening>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Forgets what was heard so far.
    pub(crate) fn forget(&mut self) {
        while self.receiver.try_recv().is_ok() {}
    }

    /// Waits until this has happened to so many containers with a label; says when the last was.
    pub(crate) async fn all(
        &mut self,
        action: &str,
        label: &(String, String),
        count: usize,
    ) -> Result<Instant> {
        within(&format!("{count} × {action}"), PATIENCE, async {
            let mut seen = BTreeSet::new();
            loop {
                let Some(happening) = self.receiver.recv().await else {
                    bail!("the engine's events have ended")
                };
                if happening.action == action && happening.has(label) {
                    seen.insert(happening.id);
                    if seen.len() == count {
                        return Ok(happening.at);
                    }
                }
            }
        })
        .await
    }

    /// Waits until this has happened to one container.
    pub(crate) async fn one(&mut self, action: &str, id: &str) -> Result<Instant> {
        within(&format!("{action} of a container"), PATIENCE, async {
            loop {
                let Some(happening) = self.receiver.recv().await else {
                    bail!("the engine's events have ended")
                };
                if happening.action == action && happening.id == id {
                    return Ok(happening.at);
                }
            }
        })
        .await
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The label of all that an instance of Easel makes.
pub(crate) fn label_of(instance: &str) -> (String, String) {
    (INSTANCE.to_owned(), instance.to_owned())
}
