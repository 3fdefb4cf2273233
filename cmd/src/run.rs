//! The wiring: adapters meet ports here and nowhere else.

#[cfg(test)]
mod tests;

use crate::{
    Config,
    clock::SystemClock,
    config::HostIsolation,
    exit::{Exit, Failure},
    housekeeping,
    id::RandomIds,
    task::Tasks,
};
use domain::{
    Clock, Ids,
    account::Accounts,
    event::Announcements,
    rollout::{Reconciler, Rollouts},
    runtime::Runtime,
};
use reconciler::Reconcile;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{KeySource, OpenError, Retention, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a graceful stop may take in all.
pub const STOP_BUDGET: Duration = Duration::from_secs(10);

/// What of that is left for the database when everything else has had its time.
const CLOSE_BUDGET: Duration = Duration::from_secs(2);

/// How often an engine that is to be adopted is asked for while it does not answer.
const ADOPT_EVERY: Duration = Duration::from_secs(5);

/// How often the packet rules that keep containers from this host are looked for.
const ISOLATE_EVERY: Duration = Duration::from_secs(60);

/// A running Easel.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the first account needs, while nobody has one.
    pub claim: Option<String>,
    tasks: Tasks,
    store: Store,
    broken: Arc<Mutex<Option<Failure>>>,
}

/// Starts Easel: everything that can be wrong is found out before anything is changed. It runs
/// until `stop`, and what runs in the engine goes on running then.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn run(config: &Config, stop: CancellationToken) -> Result<Running, Failure> {
    start(config, Arc::new(SystemClock), stop).await
}

/// The same, by any clock.
async fn start(
    config: &Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<Running, Failure> {
    let listener = listen(config.addr).await?;
    let address = listener.local_addr().unwrap_or(config.addr);

    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let bus = Arc::new(events::Bus::new());
    let keys = config.key_file.clone().map_or(KeySource::DataDir, KeySource::File);
    let opening =
        Store::open(&config.data_dir, keys, Arc::clone(&ids), Arc::clone(&clock), bus.clone());
    let store = opening.await.map_err(|error| cannot_open(&error))?;
    let stored = Arc::new(store.clone());

    let engine = Arc::new(engine(config, &store));
    let docker: Arc<dyn Runtime> = engine.clone();
    let reconcile = Reconcile::new(
        Arc::clone(&docker),
        stored.clone(),
        Arc::clone(&clock),
        Arc::clone(&ids),
        settings(config),
    );

    let is_claimed = stored.has_users().await.map_err(|error| {
        Failure::new(Exit::CannotStart, format!("the database cannot be read: {error}"))
    })?;
    let claim = http::ClaimToken::random()
        .map_err(|error| Failure::new(Exit::CannotStart, error.to_string()))?;
    let claim_text = (!is_claimed).then(|| claim.expose().to_owned());
    let app = http::App {
        accounts: stored.clone(),
        projects: stored.clone(),
        changes: stored.clone(),
        deployments: stored.clone(),
        layouts: stored.clone(),
        snapshots: stored.clone(),
        events: stored.clone(),
        announcements: bus as Arc<dyn Announcements>,
        audit: stored.clone(),
        storage: stored,
        runtime: docker.clone(),
        reconciler: reconcile.clone(),
        host: Arc::new(runtime::SystemHost::new(config.data_dir.clone())),
        clock: Arc::clone(&clock),
        ids,
    };

    let tasks = Tasks::new(stop.clone());
    let broken = Arc::default();
    keep_reconciling(&tasks, &reconcile, &stop, &broken);
    keep_serving(&tasks, listener, app, http_config(config, address, claim), &stop, &broken);
    prune_periodically(&tasks, &store, config.retention, &clock, &stop);
    if config.host_isolation == HostIsolation::On {
        keep_isolated(&tasks, engine, &stop);
    }
    if config.adopt_engine {
        adopt(&tasks, docker, &store, reconcile, &stop);
    }
    tracing::info!(
        instance.id = %store.instance(),
        "listening at {address}, data in {}",
        config.data_dir.display()
    );
    Ok(Running { address, claim: claim_text, tasks, store, broken })
}

impl Running {
    /// Waits until everything has ended after a stop, ten seconds at most; then lets go of the
    /// database.
    ///
    /// # Errors
    /// With what broke, if that was why it stopped.
    pub async fn end(self) -> Result<(), Failure> {
        if !self.tasks.finish(STOP_BUDGET - CLOSE_BUDGET).await {
            tracing::warn!("not everything ended in time; what is left is cut off");
        }
        if tokio::time::timeout(CLOSE_BUDGET, self.store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; it recovers by itself");
        }
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.map_or(Ok(()), Err)
    }
}

type Broken = Arc<Mutex<Option<Failure>>>;

fn stop_with(broken: &Broken, stop: &CancellationToken, failure: Failure) {
    tracing::error!("{failure}");
    *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    stop.cancel();
}

fn keep_reconciling(
    tasks: &Tasks,
    reconcile: &Arc<Reconcile>,
    stop: &CancellationToken,
    broken: &Broken,
) {
    let (reconcile, stop, broken) = (reconcile.clone(), stop.clone(), broken.clone());
    tasks.supervise("reconciler", move || {
        let (reconcile, stop, broken) = (reconcile.clone(), stop.clone(), broken.clone());
        async move {
            if let Err(ended) = reconcile.run(stop.clone()).await {
                stop_with(&broken, &stop, Failure::new(Exit::CannotStart, ended.to_string()));
            }
        }
    });
}

fn keep_serving(
    tasks: &Tasks,
    listener: TcpListener,
    app: http::App,
    config: http::Config,
    stop: &CancellationToken,
    broken: &Broken,
) {
    let (stop, broken) = (stop.clone(), broken.clone());
    let listener = Arc::new(listener);
    tasks.supervise("http", move || {
        let (stop, broken, listener) = (stop.clone(), broken.clone(), listener.clone());
        let (app, config) = (app.clone(), config.clone());
        async move {
            if let Err(error) = http::serve(&listener, app, config, stop.clone()).await {
                let sentence = format!("the server cannot listen any more: {error}");
                stop_with(&broken, &stop, Failure::failed(sentence));
            }
        }
    });
}

/// Forgets what is too old, for as long as it runs.
fn prune_periodically(
    tasks: &Tasks,
    store: &Store,
    retention: Retention,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) {
    let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
    tasks.supervise("tidy", move || {
        let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
        async move { housekeeping::run(&store, &retention, &*clock, &stop).await }
    });
}

/// The engine's adapter, with what it asks others for.
fn engine(config: &Config, store: &Store) -> runtime::Docker {
    let ports = runtime::DockerPorts {
        addresses: Arc::new(store.clone()),
        pulled: Arc::new(store.clone()),
        outbound: Arc::new(outbound::GuardedClient::new(config.allowed_registries.clone())),
    };
    runtime::Docker::new(store.instance(), config.docker_host.clone(), ports, config.networks)
        .with_shared_images(config.shared_images.clone())
        .with_default_memory(config.default_memory)
}

/// Keeps containers from this host: packet rules are gone after a reboot, or when somebody else writes
/// theirs.
fn keep_isolated(tasks: &Tasks, engine: Arc<runtime::Docker>, stop: &CancellationToken) {
    let stop = stop.clone();
    tasks.supervise("isolation", move || {
        let (engine, stop) = (engine.clone(), stop.clone());
        async move {
            loop {
                // An engine that is away has no networks to speak of.
                let next = engine.isolate().await.map_or(ADOPT_EVERY, |()| ISOLATE_EVERY);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(next) => (),
                }
            }
        }
    });
}

/// Binds the data to the engine that is there, as soon as it is.
fn adopt(
    tasks: &Tasks,
    docker: Arc<dyn Runtime>,
    store: &Store,
    reconcile: Arc<Reconcile>,
    stop: &CancellationToken,
) {
    let (store, stop) = (store.clone(), stop.clone());
    tasks.supervise("adoption", move || {
        let (docker, store) = (docker.clone(), store.clone());
        let (reconcile, stop) = (reconcile.clone(), stop.clone());
        async move {
            loop {
                match docker.engine().await {
                    Ok(engine) => match store.confirm_engine(&engine.id).await {
                        Ok(()) => {
                            tracing::info!(engine.id, "this data and this engine belong together");
                            return reconcile.trigger(None);
                        }
                        Err(error) => tracing::error!("could not adopt the engine: {error}"),
                    },
                    Err(error) => tracing::warn!("could not adopt the engine yet: {error}"),
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ADOPT_EVERY) => (),
                }
            }
        }
    });
}

fn settings(config: &Config) -> reconciler::Settings {
    reconciler::Settings { resync: config.reconcile_interval, ..reconciler::Settings::default() }
}

fn http_config(config: &Config, address: SocketAddr, claim: http::ClaimToken) -> http::Config {
    http::Config {
        listen: Some(address),
        trusted_proxies: config.trusted_proxies.iter().map(|proxy| proxy.net()).collect(),
        public_url: config.public_url.as_ref().map(ToString::to_string),
        cors_origins: config.cors_origins.iter().map(ToString::to_string).collect(),
        web: config.dev_web.clone().map_or(http::Web::Embedded, http::Web::Folder),
        ..http::Config::new(claim)
    }
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::AddrInUse => format!("{addr} is in use already"),
            io::ErrorKind::PermissionDenied => format!("{addr} may not be used by this user"),
            io::ErrorKind::AddrNotAvailable => format!("this host has no address {}", addr.ip()),
            _ => format!("cannot listen at {addr} ({error})"),
        };
        Failure::new(Exit::CannotStart, format!("{what}; {}", port_advice(&error)))
    })
}

/// What to do about a port that cannot be had.
pub(crate) fn port_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "choose a port above 1023 with --addr, or allow it (setcap cap_net_bind_service=+ep)"
        }
        io::ErrorKind::AddrNotAvailable => "choose an address of this host with --addr",
        _ => "stop what uses it, or choose another with --addr",
    }
}

fn cannot_open(error: &OpenError) -> Failure {
    let advice = match error {
        OpenError::Directory { .. } => {
            "; give it to the user that runs Easel, or choose another with --data-dir"
        }
        _ => "",
    };
    Failure::new(Exit::CannotStart, format!("{error}{advice}"))
}
