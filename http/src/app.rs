//! What the API is made of: ports, settings, and what it keeps in memory.

use crate::{door::Turnstile, limit::Attempts, password::Hasher, room::Rooms, token::ClaimToken};
use axum::extract::FromRef;
use domain::{
    Clock, Ids,
    account::Accounts,
    audit::Audit,
    canvas::Snapshots,
    changes::Changes,
    deployments::Deployments,
    event::{Announcements, EventLog},
    host::Host,
    layout::Layouts,
    project::Projects,
    rollout::Reconciler,
    runtime::Runtime,
    storage::Storage,
};
use std::{
    net::IpAddr,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The ports that the API speaks to.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field names its port")]
#[expect(missing_debug_implementations, reason = "ports have no text form")]
pub struct App {
    pub accounts: Arc<dyn Accounts>,
    pub projects: Arc<dyn Projects>,
    pub changes: Arc<dyn Changes>,
    pub deployments: Arc<dyn Deployments>,
    pub layouts: Arc<dyn Layouts>,
    pub snapshots: Arc<dyn Snapshots>,
    pub events: Arc<dyn EventLog>,
    pub announcements: Arc<dyn Announcements>,
    pub audit: Arc<dyn Audit>,
    pub storage: Arc<dyn Storage>,
    pub runtime: Arc<dyn Runtime>,
    pub reconciler: Arc<dyn Reconciler>,
    pub host: Arc<dyn Host>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

/// How the API is to behave.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the first account needs; see [`ClaimToken`].
    pub claim: ClaimToken,
    /// Where people reach Easel, such as `https://easel.example.org`, if it is not simply where it
    /// listens. With `https` cookies are bound to HTTPS.
    pub public_url: Option<String>,
    /// Other sites whose pages may call the API with tokens, such as `https://tools.example.org`.
    pub cors_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where the web app comes from.
    pub web: Web,
    /// How slow password hashes are: bcrypt's cost.
    pub password_cost: u32,
}

impl Config {
    /// The defaults, with this claim token.
    #[must_use]
    pub fn new(claim: ClaimToken) -> Self {
        Self {
            claim,
            public_url: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            web: Web::Embedded,
            password_cost: 12,
        }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// Where the web app comes from.
#[derive(Clone, Debug)]
pub enum Web {
    /// It was built into the binary.
    Embedded,
    /// A folder, read for every request: for work on the web app itself.
    Folder(PathBuf),
}

/// All that handlers share.
#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) attempts: Attempts,
    pub(crate) rooms: Rooms,
    pub(crate) turnstile: Turnstile,
    pub(crate) streams: crate::stream::Streams,
    pub(crate) document: OnceLock<crate::document::Document>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Server {
    pub(crate) fn new(app: App, config: Config, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            hasher: Hasher::new(config.password_cost),
            attempts: Attempts::default(),
            rooms: Rooms::new(app.clone()),
            turnstile: Turnstile::default(),
            streams: crate::stream::Streams::default(),
            document: OnceLock::new(),
            stop,
            tasks: TaskTracker::new(),
            app,
            config,
        }))
    }
}

impl Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

macro_rules! ports {
    ($($field:ident: $port:ident),* $(,)?) => {$(
        impl FromRef<Server> for Arc<dyn $port> {
            fn from_ref(server: &Server) -> Self {
                Arc::clone(&server.app.$field)
            }
        }
    )*};
}

ports! {
    accounts: Accounts,
    projects: Projects,
    changes: Changes,
    deployments: Deployments,
    layouts: Layouts,
    snapshots: Snapshots,
    audit: Audit,
    runtime: Runtime,
    reconciler: Reconciler,
    host: Host,
    clock: Clock,
}
