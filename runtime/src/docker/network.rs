//! Private networks, and names on them.

use super::{
    Docker, body,
    connection::{READ_TIMEOUT, WRITE_TIMEOUT},
    container::foreign,
    failure::Failure,
    label,
    observed::{address, given, has_alias},
};
use crate::host_routes;
use bollard::{
    models::{
        Ipam, IpamConfig, Network, NetworkConnectRequest, NetworkCreateRequest,
        NetworkDisconnectRequest,
    },
    query_parameters::ListNetworksOptions,
};
use domain::{
    EnvironmentId, ProjectId,
    network::{AddressError, gateway},
    runtime::{ReplicaHandle, RuntimeError, Serving},
};
use ipnet::Ipv4Net;
use std::{collections::HashSet, net::Ipv4Addr};

impl Docker {
    /// Learns which networks of ours there are.
    async fn find_networks(&self) -> Result<(), RuntimeError> {
        let mut seen = HashSet::new();
        for network in self.raw_networks().await? {
            let labels = network.labels.clone().unwrap_or_default();
            let Some(environment) = self.instance_labels.environment(&labels) else { continue };
            if seen.insert(environment) {
                self.networks.remember(environment, &network);
            } else {
                let id = network.id.as_deref().unwrap_or_default();
                tracing::warn!(environment.id = %environment, network.id = id, "an environment has a second network, which is not used");
            }
        }
        self.networks.keep(&seen);
        Ok(())
    }

    /// All networks, oldest first: of two of one name, the older is the one that replicas are on.
    async fn raw_networks(&self) -> Result<Vec<Network>, Failure> {
        let mut networks = self
            .connection
            .call("list its networks", READ_TIMEOUT, |docker| async move {
                docker.list_networks(None::<ListNetworksOptions>).await
            })
            .await?;
        networks.sort_by(|a, b| a.created.cmp(&b.created));
        Ok(networks)
    }

    /// The addresses of all networks of ours.
    pub(super) async fn own_subnets(&self) -> Result<Vec<Ipv4Net>, Failure> {
        let networks = self.raw_networks().await?;
        let ours = networks.iter().filter(|network| {
            let labels = network.labels.as_ref();
            labels.is_some_and(|labels| self.instance_labels.environment(labels).is_some())
        });
        Ok(ours.flat_map(ranges).collect())
    }

    pub(super) async fn make_network(
        &self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<(), RuntimeError> {
        // The engine itself does not mind two networks of one name, so we look, and one at a time.
        let _turn = self.networks.turn.lock().await;
        let name = self.instance_labels.network_name(environment);
        let (ours, others) = self.networks_of(environment).await?;
        if others.iter().any(|network| network.name.as_ref() == Some(&name)) {
            return Err(name_taken(&name));
        }
        if let [kept, doubles @ ..] = &ours[..] {
            // It may be older than the database, which has to know it then.
            self.subnet(environment, |_| ranges(kept).next()).await?;
            self.networks.remember(environment, kept);
            // While there are two of one name, the engine starts no container on either.
            for double in doubles {
                self.drop_one(double).await?;
            }
            return Ok(());
        }
        let mut taken: Vec<Ipv4Net> = others.iter().flat_map(ranges).collect();
        taken.extend(host_routes().into_iter().map(|route| route.addresses));
        let free = |known: &[Ipv4Net]| self.pool.free_subnet(&[&taken, known].concat());
        let subnet = self.subnet(environment, free).await?;
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig {
                    subnet: Some(subnet.to_string()),
                    gateway: gateway(subnet).map(|gateway| gateway.to_string()),
                    ..IpamConfig::default()
                }]),
                ..Ipam::default()
            }),
            labels: Some(self.instance_labels.network(project, environment)),
            ..NetworkCreateRequest::default()
        };
        let made = self
            .connection
            .call("create a network", WRITE_TIMEOUT, |docker| async move {
                docker.create_network(request).await
            })
            .await;
        match made {
            Ok(_) => {
                self.networks.forget(environment);
                self.isolate_new().await;
                Ok(())
            }
            Err(failure) if failure.status() == Some(409) => Err(name_taken(&name)),
            Err(failure) if failure.says("overlaps") => Err(RuntimeError::Refused(format!(
                "the addresses {subnet} are in use by another network"
            ))),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The environment's subnet, which is kept from now on.
    async fn subnet(
        &self,
        environment: EnvironmentId,
        choose: impl Fn(&[Ipv4Net]) -> Option<Ipv4Net> + Send + Sync,
    ) -> Result<Ipv4Net, RuntimeError> {
        match self.addresses.subnet(environment, &choose).await {
            Err(AddressError::NoSubnet) => Err(self.pool.exhausted()),
            subnet => Ok(subnet?),
        }
    }

    pub(super) async fn drop_network(
        &self,
        environment: EnvironmentId,
    ) -> Result<(), RuntimeError> {
        let _turn = self.networks.turn.lock().await;
        for network in self.networks_of(environment).await?.0 {
            self.drop_one(&network).await?;
        }
        self.networks.forget(environment);
        Ok(())
    }

    async fn drop_one(&self, network: &Network) -> Result<(), RuntimeError> {
        let id = network.id.as_deref().unwrap_or_default();
        let removed = self
            .connection
            .call("remove a network", WRITE_TIMEOUT, |docker| async move {
                docker.remove_network(id).await
            })
            .await;
        match removed {
            Err(failure) if failure.status() == Some(404) => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }

    /// An environment's networks, oldest first (there should be one at most), and all others.
    async fn networks_of(
        &self,
        environment: EnvironmentId,
    ) -> Result<(Vec<Network>, Vec<Network>), RuntimeError> {
        let networks = self.raw_networks().await?.into_iter();
        Ok(networks.partition(|network| {
            let labels = network.labels.as_ref();
            labels.and_then(|labels| self.instance_labels.environment(labels)) == Some(environment)
        }))
    }

    /// The engine's id of an environment's network: names can be there twice.
    pub(super) async fn network_id(
        &self,
        environment: EnvironmentId,
    ) -> Result<String, RuntimeError> {
        if let Some(id) = self.networks.id(environment) {
            return Ok(id);
        }
        self.find_networks().await?;
        self.networks
            .id(environment)
            .ok_or_else(|| RuntimeError::Gone(format!("the network of environment {environment}")))
    }

    /// Puts a container on its network with its service's name or without: for this it leaves it
    /// for a moment, and comes back at the same address.
    pub(super) async fn move_alias(
        &self,
        container: &ReplicaHandle,
        serving: Serving,
    ) -> Result<(), RuntimeError> {
        let raw = self.raw_inspection(&container.0).await?;
        self.check_ours(container).await?;
        let labels = raw.config.and_then(|config| config.labels).unwrap_or_default();
        let identity = self.instance_labels.identity(&labels).ok_or_else(|| foreign(container))?;
        let slug = label::slug(&labels);
        let alias = slug.filter(|_| serving == Serving::Yes);
        let environment = identity.environment;
        let networks = raw.network_settings.and_then(|it| it.networks).unwrap_or_default();
        let endpoint = networks.get(&self.instance_labels.network_name(environment));
        let at = match endpoint.and_then(given) {
            Some(at) => at,
            None => self.addresses.address(identity.replica).await?,
        };
        if let Some(endpoint) = endpoint {
            let is_named = has_alias(endpoint, slug) == alias.is_some();
            if is_named && address(endpoint) == Some(at.into()) {
                return Ok(());
            }
            let id = endpoint.network_id.clone().filter(|id| !id.is_empty());
            let id = match id {
                Some(id) => id,
                None => self.network_id(environment).await?,
            };
            self.disconnect(container, &id).await?;
        }
        match self.connect(container, environment, at, alias).await {
            // A container that has lost its network hears from nobody: try once more at once.
            Err(error) if !error.is_outage() => {
                self.networks.forget(environment);
                self.connect(container, environment, at, alias).await
            }
            other => other,
        }
    }

    async fn disconnect(
        &self,
        container: &ReplicaHandle,
        network: &str,
    ) -> Result<(), RuntimeError> {
        let request =
            NetworkDisconnectRequest { container: container.0.clone(), force: Some(false) };
        let left = self
            .connection
            .call("take a container off its network", WRITE_TIMEOUT, |docker| async move {
                docker.disconnect_network(network, request).await
            })
            .await;
        match left {
            Err(failure) if failure.status() == Some(404) => Ok(()),
            Err(failure) if failure.says("is not connected") => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }

    async fn connect(
        &self,
        container: &ReplicaHandle,
        environment: EnvironmentId,
        at: Ipv4Addr,
        alias: Option<&str>,
    ) -> Result<(), RuntimeError> {
        let network = self.network_id(environment).await?;
        let request = NetworkConnectRequest {
            container: container.0.clone(),
            endpoint_config: Some(body::endpoint(at, alias)),
        };
        let joined = self
            .connection
            .call("put a container on its network", WRITE_TIMEOUT, |docker| async move {
                docker.connect_network(&network, request).await
            })
            .await;
        match joined {
            // Somebody else was quicker: the next look tells whether it is right.
            Err(failure) if failure.says("already exists in network") => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }
}

fn name_taken(name: &str) -> RuntimeError {
    RuntimeError::Refused(format!(
        "the network name {name} is held by a network that is not Easel's; rename or remove it"
    ))
}

/// A network's IPv4 addresses.
fn ranges(network: &Network) -> impl Iterator<Item = Ipv4Net> {
    let configs = network.ipam.as_ref().and_then(|ipam| ipam.config.as_deref()).unwrap_or_default();
    configs.iter().filter_map(|config| config.subnet.as_deref()?.parse().ok())
}
