//! The promises of the port, which the simulated engine keeps too.

use crate::fixture::EngineFixture;
use async_trait::async_trait;
use bollard::{
    models::{
        ContainerCreateBody, ContainerStateStatusEnum, NetworkCreateRequest,
        NetworkDisconnectRequest, VolumeCreateRequest,
    },
    query_parameters::{
        CreateContainerOptionsBuilder, InspectNetworkOptions, KillContainerOptions,
        RemoveContainerOptionsBuilder,
    },
};
use domain::{
    EnvironmentId, ProjectId, VolumeId,
    runtime::{ReplicaHandle, ReplicaSpec, Runtime},
    testing::contract::{Harness, Workload},
};
use std::time::Duration;

domain::runtime_contract!(
    #[tokio::test]
    EngineFixture::new().await
);

#[async_trait]
impl Harness for EngineFixture {
    fn runtime(&self) -> &dyn Runtime {
        &self.docker
    }

    fn environment(&self) -> (ProjectId, EnvironmentId) {
        (self.project, self.environment)
    }

    fn replica(&self, slug: &str, workload: Workload) -> ReplicaSpec {
        let script = match workload {
            Workload::Stay => "exec busybox sleep 3600".to_owned(),
            Workload::Listen(port) => format!("exec busybox httpd -f -p {port} -h /www"),
            Workload::End { code, after_ms } => {
                format!("busybox usleep {}; exit {code}", u32::from(after_ms) * 1000)
            }
            Workload::Print(line) => format!("echo '{line}'; exec busybox sleep 3600"),
        };
        self.replica(slug, &["sh", "-c", &script])
    }

    async fn kill(&self, container: &ReplicaHandle) {
        let killed = self.raw.kill_container(&container.0, None::<KillContainerOptions>).await;
        killed.expect("a kill");
    }

    async fn remove(&self, container: &ReplicaHandle) {
        let force = RemoveContainerOptionsBuilder::new().force(true).build();
        self.raw.remove_container(&container.0, Some(force)).await.expect("a removal");
    }

    async fn pause(&self, container: &ReplicaHandle) {
        self.raw.pause_container(&container.0).await.expect("a pause");
    }

    async fn disconnect(&self, container: &ReplicaHandle) {
        let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
        self.raw.disconnect_network(&self.network_name(), off).await.expect("a disconnection");
    }

    async fn occupy(&self, replica: &ReplicaSpec) -> ReplicaHandle {
        let body = ContainerCreateBody {
            image: Some(self.image.id.clone()),
            cmd: Some(["/bin/busybox", "sleep", "3600"].map(str::to_owned).to_vec()),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(&self.name_of(replica)).build();
        let made = self.raw.create_container(Some(options), body).await.expect("a container");
        self.foreign.lock().expect("nobody panics with it").push(made.id.clone());
        self.raw.start_container(&made.id, None).await.expect("a start");
        ReplicaHandle(made.id)
    }

    async fn runs(&self, foreign: &ReplicaHandle) -> bool {
        let found = self.raw.inspect_container(&foreign.0, None).await;
        found.is_ok_and(|found| {
            let state = found.state.and_then(|state| state.status);
            state == Some(ContainerStateStatusEnum::RUNNING)
        })
    }

    async fn occupy_environment(&self, environment: EnvironmentId) -> String {
        let name = format!("easel-{}-{}", self.instance.short(), environment.short());
        let request = NetworkCreateRequest { name: name.clone(), ..Default::default() };
        self.foreign.lock().expect("nobody panics with it").push(name.clone());
        self.raw.create_network(request).await.expect("a network");
        name
    }

    async fn occupy_volume(&self, volume: VolumeId) -> String {
        let name = format!("easel-{}-{volume}", self.instance.short());
        let request = VolumeCreateRequest { name: Some(name.clone()), ..Default::default() };
        self.foreign.lock().expect("nobody panics with it").push(name.clone());
        self.raw.create_volume(request).await.expect("a volume");
        name
    }

    async fn holds(&self, foreign: &str) -> bool {
        let network = self.raw.inspect_network(foreign, None::<InspectNetworkOptions>).await;
        network.is_ok() || self.raw.inspect_volume(foreign).await.is_ok()
    }

    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
