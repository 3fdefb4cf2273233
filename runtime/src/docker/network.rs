//! Private networks, and names on them.

use super::{
    Docker, body,
    connection::{ACT, LOOK},
    failure::Failure,
    label,
    observed::{address, has_alias},
};
use bollard::{
    models::{
        Ipam, IpamConfig, Network, NetworkConnectRequest, NetworkCreateRequest,
        NetworkDisconnectRequest,
    },
    query_parameters::ListNetworksOptions,
};
use domain::{
    EnvironmentId, Slug,
    runtime::{ContainerId, NetworkSpec, Networks, ObservedNetwork, RuntimeError, Subnet},
};
use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    sync::{Mutex, MutexGuard, PoisonError},
};

impl Docker {
    pub(super) async fn list_networks(&self) -> Result<Networks, RuntimeError> {
        let listed = self.raw_networks().await?;
        let mut networks = Networks::default();
        let mut seen = HashSet::new();
        for network in listed {
            let labels = network.labels.clone().unwrap_or_default();
            match self.marks.environment(&labels) {
                Some(environment) if seen.insert(environment) => {
                    let subnet = ranges(&network)
                        .find(|(_, length)| *length == 24)
                        .map(|(base, _)| Subnet::containing(base));
                    networks.ours.push(ObservedNetwork { environment, subnet });
                    self.networks.remember(environment, &network);
                }
                Some(environment) => {
                    let id = network.id.as_deref().unwrap_or_default();
                    tracing::warn!(environment.id = %environment, network.id = id, "an environment has a second network, which is not used");
                    networks.foreign.extend(ranges(&network));
                }
                None => networks.foreign.extend(ranges(&network)),
            }
        }
        self.networks.keep(&seen);
        Ok(networks)
    }

    /// All networks, oldest first: of two of one name, the older is the one that replicas are on.
    async fn raw_networks(&self) -> Result<Vec<Network>, Failure> {
        let mut networks = self
            .connection
            .call("list its networks", LOOK, |docker| async move {
                docker.list_networks(None::<ListNetworksOptions>).await
            })
            .await?;
        networks.sort_by(|a, b| a.created.cmp(&b.created));
        Ok(networks)
    }

    pub(super) async fn make_network(&self, spec: &NetworkSpec) -> Result<(), RuntimeError> {
        // The engine itself does not mind two networks of one name, so we look, and one at a time.
        let _turn = self.networks.turn.lock().await;
        let name = self.marks.network_name(spec.environment);
        let (ours, others) = self.networks_of(spec.environment).await?;
        if others.iter().any(|network| network.name.as_ref() == Some(&name)) {
            return Err(name_taken(&name));
        }
        if let [kept, doubles @ ..] = &ours[..] {
            self.networks.remember(spec.environment, kept);
            // While there are two of one name, the engine starts no container on either.
            for double in doubles {
                self.drop_one(double).await?;
            }
            return Ok(());
        }
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig {
                    subnet: Some(spec.subnet.to_string()),
                    gateway: Some(spec.subnet.host(1).to_string()),
                    ..IpamConfig::default()
                }]),
                ..Ipam::default()
            }),
            labels: Some(self.marks.network(spec)),
            ..NetworkCreateRequest::default()
        };
        let made =
            self.connection
                .call("create a network", ACT, |docker| async move {
                    docker.create_network(request).await
                })
                .await;
        match made {
            Ok(_) => {
                self.networks.forget(spec.environment);
                Ok(())
            }
            Err(failure) if failure.status() == Some(409) => Err(name_taken(&name)),
            Err(failure) if failure.says("overlaps") => Err(RuntimeError::Refused(format!(
                "the addresses {} are in use by another network",
                spec.subnet
            ))),
            Err(failure) => Err(failure.into()),
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
            .call("remove a network", ACT, |docker| async move { docker.remove_network(id).await })
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
            labels.and_then(|labels| self.marks.environment(labels)) == Some(environment)
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
        self.list_networks().await?;
        self.networks
            .id(environment)
            .ok_or_else(|| RuntimeError::Gone(format!("the network of environment {environment}")))
    }

    pub(super) async fn move_alias(
        &self,
        container: &ContainerId,
        environment: EnvironmentId,
        at: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<(), RuntimeError> {
        let raw = self.raw_inspection(&container.0).await?;
        self.check_ours(container).await?;
        let labels = raw.config.and_then(|config| config.labels).unwrap_or_default();
        let networks = raw.network_settings.and_then(|it| it.networks).unwrap_or_default();
        let endpoint = networks.get(&self.marks.network_name(environment));
        if let Some(endpoint) = endpoint {
            let is_named = match alias {
                Some(alias) => has_alias(endpoint, Some(alias.as_str())),
                None => !has_alias(endpoint, label::slug(&labels)),
            };
            if is_named && address(endpoint) == Some(at) {
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

    async fn disconnect(&self, container: &ContainerId, network: &str) -> Result<(), RuntimeError> {
        let request =
            NetworkDisconnectRequest { container: container.0.clone(), force: Some(false) };
        let left = self
            .connection
            .call("take a container off its network", ACT, |docker| async move {
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
        container: &ContainerId,
        environment: EnvironmentId,
        at: Ipv4Addr,
        alias: Option<&Slug>,
    ) -> Result<(), RuntimeError> {
        let network = self.network_id(environment).await?;
        let request = NetworkConnectRequest {
            container: container.0.clone(),
            endpoint_config: Some(body::endpoint(at, alias)),
        };
        let joined = self
            .connection
            .call("put a container on its network", ACT, |docker| async move {
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

/// A network's IPv4 ranges: first address and prefix length.
fn ranges(network: &Network) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    let configs = network.ipam.as_ref().and_then(|ipam| ipam.config.as_deref()).unwrap_or_default();
    configs.iter().filter_map(|config| range(config.subnet.as_deref()?))
}

fn range(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (base, length) = text.split_once('/')?;
    Some((base.parse().ok()?, length.parse().ok().filter(|length| *length <= 32)?))
}

/// What is known of our networks, and whose turn it is to make or remove one.
#[derive(Default)]
pub(super) struct Known {
    turn: tokio::sync::Mutex<()>,
    by_environment: Mutex<HashMap<EnvironmentId, Seen>>,
}

struct Seen {
    id: String,
    name: String,
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, HashMap<EnvironmentId, Seen>> {
        self.by_environment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, environment: EnvironmentId, network: &Network) {
        if let (Some(id), Some(name)) = (network.id.clone(), network.name.clone()) {
            self.lock().insert(environment, Seen { id, name });
        }
    }

    fn keep(&self, environments: &HashSet<EnvironmentId>) {
        self.lock().retain(|environment, _| environments.contains(environment));
    }

    fn id(&self, environment: EnvironmentId) -> Option<String> {
        self.lock().get(&environment).map(|seen| seen.id.clone())
    }

    pub(super) fn forget(&self, environment: EnvironmentId) {
        self.lock().remove(&environment);
    }

    /// Whose network has this name.
    pub(super) fn environment(&self, name: &str) -> Option<EnvironmentId> {
        self.lock().iter().find(|(_, seen)| seen.name == name).map(|(environment, _)| *environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_nonsense_is_left_out() {
        assert_eq!(range("10.215.3.0/24"), Some((Ipv4Addr::new(10, 215, 3, 0), 24)));
        assert_eq!(range("fd00::/64"), None);
        assert_eq!(range("10.0.0.0/64"), None);
        assert_eq!(range("10.0.0.0"), None);
    }
}
