//! The way to the engine: opened when it is needed, agreed on a version, every call bounded.

use super::failure::Failure;
use crate::Address;
use bollard::{
    API_DEFAULT_VERSION as NEWEST, BollardRequest, ClientVersion, Docker as Bollard,
    errors::Error,
    models::{SystemInfo, SystemInfoCgroupVersionEnum},
};
use domain::runtime::{Engine, RuntimeError, below_the_floor};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use hyperlocal::UnixConnector;
use std::{
    sync::{Arc, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

/// How long looking something up may take.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long making, starting or removing something may take.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The oldest version of the engine's interface that has all we need: that of Docker 20.10.
const MIN_API_VERSION: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };
/// The client's own limit is never reached: ours are shorter, and fit each call.
const CLIENT_TIMEOUT: u64 = 24 * 60 * 60;

/// A connection that is made at the first call, and again after an outage.
pub(crate) struct Connection {
    address: Address,
    client: Mutex<Option<Bollard>>,
    /// What is amiss with its parts, asked for once.
    flaws: std::sync::Mutex<Option<Vec<String>>>,
}

impl Connection {
    pub(crate) fn new(address: Address) -> Self {
        Self { address, client: Mutex::new(None), flaws: Default::default() }
    }

    /// Where the engine listens.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Makes one call, within `limit`. `doing` completes the sentence "asked to …".
    pub(crate) async fn call<T, F>(
        &self,
        doing: &'static str,
        limit: Duration,
        call: impl FnOnce(Bollard) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let answer = async {
            let client = self.client().await?;
            call(client).await.map_err(|error| self.failure(error))
        };
        let answer = timeout(limit, answer).await.unwrap_or_else(|_| {
            self.forget();
            Err(Failure::Error(RuntimeError::Timeout(doing)))
        });
        if answer.is_err() {
            tracing::debug!(engine.call = doing, "the engine did not do it");
        }
        answer
    }

    /// What the engine says of itself and its machine.
    pub(crate) async fn info(&self) -> Result<SystemInfo, RuntimeError> {
        let info = self
            .call("describe itself", READ_TIMEOUT, |docker| async move { docker.info().await })
            .await;
        Ok(info?)
    }

    /// What is amiss with the engine's parts. It is asked once in its life.
    async fn flaws(&self) -> Vec<String> {
        let known = self.flaws.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return known;
        }
        let asked = self
            .call("say its version", READ_TIMEOUT, |docker| async move { docker.version().await })
            .await;
        // What it is like is known without, and it is asked again.
        let Ok(version) = asked else { return Vec::new() };
        let parts = version.components.unwrap_or_default();
        let flaws = below_the_floor(parts.iter().map(|it| (it.name.as_str(), it.version.as_str())));
        for flaw in &flaws {
            tracing::warn!("of the container engine: {flaw}");
        }
        *self.flaws.lock().unwrap_or_else(PoisonError::into_inner) = Some(flaws.clone());
        flaws
    }

    /// The same in our words.
    pub(crate) async fn describe(&self, info: SystemInfo) -> Result<Engine, RuntimeError> {
        let api_version = self.client().await?.client_version().to_string();
        let cgroup_version = match info.cgroup_version {
            Some(SystemInfoCgroupVersionEnum::_2) => "2",
            Some(SystemInfoCgroupVersionEnum::_1 | SystemInfoCgroupVersionEnum::EMPTY) | None => {
                "1"
            }
        };
        Ok(Engine {
            id: info.id.unwrap_or_default(),
            version: info.server_version.unwrap_or_default(),
            api_version,
            operating_system: info.operating_system.unwrap_or_default(),
            kernel: info.kernel_version.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            cgroup_version: cgroup_version.to_owned(),
            memory_bytes: info.mem_total.and_then(|it| u64::try_from(it).ok()).unwrap_or_default(),
            cpus: info.ncpu.and_then(|it| u32::try_from(it).ok()).unwrap_or_default(),
            warnings: [info.warnings.unwrap_or_default(), self.flaws().await].concat(),
        })
    }

    /// What an error of a stream means.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        let failure = Failure::of(error, &self.address);
        if failure.is_outage() || failure.is_about_versions() {
            self.forget();
        }
        failure
    }

    /// A client that has agreed with the engine on a version.
    pub(crate) async fn client(&self) -> Result<Bollard, Failure> {
        // One caller asks, the others wait for its answer, and nobody waits longer than a look.
        let agreed = async {
            let mut client = self.client.lock().await;
            if let Some(client) = &*client {
                return Ok(client.clone());
            }
            let fresh = self.agree().await?;
            *client = Some(fresh.clone());
            Ok(fresh)
        };
        timeout(READ_TIMEOUT, agreed)
            .await
            .unwrap_or(Err(Failure::Error(RuntimeError::Timeout("say its version"))))
    }

    async fn agree(&self) -> Result<Bollard, Failure> {
        let version = Arc::new(OnceLock::new());
        let client = open(&self.address, Arc::clone(&version))
            .map_err(|error| Failure::of(error, &self.address))?
            .negotiate_version()
            .await
            .map_err(|error| Failure::of(error, &self.address))?;
        let agreed = client.client_version();
        if agreed < MIN_API_VERSION {
            return Err(Failure::Error(RuntimeError::Refused(format!(
                "its interface is version {agreed}, and Easel needs {MIN_API_VERSION} (Docker 20.10) or later"
            ))));
        }
        version.get_or_init(|| agreed.to_string());
        tracing::info!(engine.api_version = %agreed, "connected to the container engine");
        Ok(client)
    }

    /// The next call connects and negotiates anew: it may be another engine by then.
    fn forget(&self) {
        *self.flaws.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // Whoever holds the lock is negotiating already.
        if let Ok(mut client) = self.client.try_lock() {
            *client = None;
        }
    }
}

/// A client whose calls name the version that was agreed on, once there is one.
///
/// Bollard's own transports leave the version out of the path, so that an engine newer than the
/// client would answer in shapes that the client has never seen.
fn open(address: &Address, version: Arc<OnceLock<String>>) -> Result<Bollard, Error> {
    // No idle connections: after an engine's restart each would fail one call.
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_max_idle_per_host(0);
    match address {
        Address::Socket(path) => {
            let client = builder.build(UnixConnector);
            let transport = move |request: BollardRequest| {
                let (client, version) = (client.clone(), version.get().cloned());
                async move { Ok(client.request(with_version(request, version)?).await?) }
            };
            let host = format!("unix://{}", hex::encode(path.as_os_str().as_encoded_bytes()));
            Bollard::connect_with_custom_transport(transport, Some(host), CLIENT_TIMEOUT, NEWEST)
        }
        Address::Tcp(host) => {
            let client = builder.build(HttpConnector::new());
            let transport = move |request: BollardRequest| {
                let (client, version) = (client.clone(), version.get().cloned());
                async move { Ok(client.request(with_version(request, version)?).await?) }
            };
            let host = format!("http://{host}");
            Bollard::connect_with_custom_transport(transport, Some(host), CLIENT_TIMEOUT, NEWEST)
        }
    }
}

fn with_version(
    mut request: BollardRequest,
    version: Option<String>,
) -> Result<BollardRequest, Error> {
    if let Some(version) = version {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{scheme}://{host}/v{version}{path}").parse()?;
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    #[test]
    fn bollard_cannot_log_the_bodies_of_its_requests() {
        // They hold secrets, and it would log them for debugging.
        assert_eq!(log::STATIC_MAX_LEVEL, log::LevelFilter::Info);
    }
}
