//! What the API is made of: ports and settings.

use crate::token::ClaimToken;
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
use ipnet::IpNet;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

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
    /// Where it listens: requests may name that address, and pages from there are our own.
    pub listen: Option<SocketAddr>,
    /// Proxies that are believed when they say whom they were asked by.
    pub trusted_proxies: Vec<IpNet>,
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
            listen: None,
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
