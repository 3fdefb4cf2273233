//! The engine, without Easel's rules: what a person with the `docker` client sees and does.

use bollard::{
    Docker,
    models::{ContainerInspectResponse, ContainerSummary},
    query_parameters::{
        KillContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
    },
};
use futures::StreamExt;
use std::collections::HashMap;

/// Where the engine is.
pub(crate) fn address() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the one who starts them")]
    let told = std::env::var("EASEL_TEST_ENGINE");
    told.unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

pub(crate) fn connect() -> Docker {
    let engine = address();
    Docker::connect_with_host(&engine).unwrap_or_else(|error| {
        panic!("these tests need a Docker engine at {engine} (EASEL_TEST_ENGINE): {error}")
    })
}

/// The engine, as far as one instance of Easel goes.
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    instance: String,
}

impl Engine {
    pub(crate) fn of(instance: &str) -> Self {
        Self { docker: connect(), instance: instance.to_owned() }
    }

    fn ours(&self) -> HashMap<&'static str, Vec<String>> {
        HashMap::from([("label", vec![format!("io.easel.instance={}", self.instance)])])
    }

    /// All containers of the instance, running or not.
    pub(crate) async fn containers(&self) -> Vec<ContainerSummary> {
        let list = ListContainersOptionsBuilder::new().all(true).filters(&self.ours()).build();
        self.docker.list_containers(Some(list)).await.expect("a list")
    }

    /// Containers of a service, by its slug.
    pub(crate) async fn containers_of(&self, slug: &str) -> Vec<ContainerSummary> {
        let mut all = self.containers().await;
        all.retain(|one| {
            one.labels.as_ref().and_then(|labels| labels.get("io.easel.slug")).map(String::as_str)
                == Some(slug)
        });
        all
    }

    /// The one running container of a service.
    pub(crate) async fn container_of(&self, slug: &str) -> String {
        crate::until(&format!("one running container of {slug}"), async || {
            let mut running = self.containers_of(slug).await;
            running.retain(|one| {
                one.state.as_ref().is_some_and(|state| state.to_string() == "running")
            });
            match &running[..] {
                [one] => one.id.clone(),
                _ => None,
            }
        })
        .await
    }

    pub(crate) async fn inspect(&self, container: &str) -> ContainerInspectResponse {
        self.docker.inspect_container(container, None).await.expect("a container")
    }

    /// Where a container answers.
    pub(crate) async fn address_of(&self, container: &str) -> String {
        let found = self.inspect(container).await;
        let networks = found.network_settings.and_then(|settings| settings.networks);
        let addresses = networks.unwrap_or_default().into_values().filter_map(|one| one.ip_address);
        addresses.into_iter().find(|address| !address.is_empty()).expect("an address")
    }

    pub(crate) async fn kill(&self, container: &str) {
        let kill = KillContainerOptionsBuilder::new().signal("KILL").build();
        self.docker.kill_container(container, Some(kill)).await.expect("a death");
    }

    pub(crate) async fn remove(&self, container: &str) {
        let force = RemoveContainerOptionsBuilder::new().force(true).build();
        self.docker.remove_container(container, Some(force)).await.expect("a removal");
    }

    /// Runs a command in a container; says what it wrote.
    pub(crate) async fn exec(&self, container: &str, command: &[&str]) -> String {
        self.try_exec(container, command).await.expect("a command")
    }

    /// The same, in a container that may be gone.
    pub(crate) async fn try_exec(
        &self,
        container: &str,
        command: &[&str],
    ) -> Result<String, bollard::errors::Error> {
        let options = bollard::exec::CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let exec = self.docker.create_exec(container, options).await?;
        match self.docker.start_exec(&exec.id, None).await? {
            bollard::exec::StartExecResults::Attached { output, .. } => {
                let chunks: Vec<_> = output.collect().await;
                chunks.into_iter().map(|chunk| Ok(chunk?.to_string())).collect()
            }
            bollard::exec::StartExecResults::Detached => Ok(String::new()),
        }
    }

    /// Networks of the instance, by name.
    pub(crate) async fn networks(&self) -> Vec<String> {
        let list = ListNetworksOptionsBuilder::new().filters(&self.ours()).build();
        let found = self.docker.list_networks(Some(list)).await.expect("a list");
        found.into_iter().filter_map(|network| network.name).collect()
    }

    /// Volumes of the instance, by name.
    pub(crate) async fn volumes(&self) -> Vec<String> {
        let list = ListVolumesOptionsBuilder::new().filters(&self.ours()).build();
        let found = self.docker.list_volumes(Some(list)).await.expect("a list");
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
    }

    /// Removes all that carries the instance's label.
    pub(crate) async fn clean(&self) {
        for container in self.containers().await {
            let force = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let id = container.id.unwrap_or_default();
            let _gone_already = self.docker.remove_container(&id, Some(force)).await;
        }
        let list = ListNetworksOptionsBuilder::new().filters(&self.ours()).build();
        for network in self.docker.list_networks(Some(list)).await.unwrap_or_default() {
            let _gone_already = self.docker.remove_network(&network.id.unwrap_or_default()).await;
        }
        let list = ListVolumesOptionsBuilder::new().filters(&self.ours()).build();
        let volumes = self.docker.list_volumes(Some(list)).await.ok().and_then(|all| all.volumes);
        for volume in volumes.unwrap_or_default() {
            let force = RemoveVolumeOptionsBuilder::new().force(true).build();
            let _gone_already = self.docker.remove_volume(&volume.name, Some(force)).await;
        }
    }
}
