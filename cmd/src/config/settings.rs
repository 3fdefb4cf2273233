//! What can be set.

use super::guard::{AllowedRegistry, HostIsolation, MemoryDefault, SharedImageName};
use super::value::{
    Interval, KeptFor, ListenAddr, LogFormat, LogLevel, NetworkRange, NetworkSize, Origin,
    PublicUrl, TrustedProxy,
};
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;

/// Settings of the server. Each can also be given as `EASEL_…` or, as `name = "value"` with the
/// flag's name in `snake_case`, in the file that `--config` names. A flag wins over the
/// environment, the environment over the file.
#[derive(Args, Clone, Debug, Default)]
pub struct Settings {
    /// File with settings (TOML). Unknown names in it are refused.
    #[arg(long, env = "EASEL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    pub layer: Layer,
}

/// One layer of settings: what it does not say is left to the ones below.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// Where to listen. Default: 127.0.0.1:8080, which only this host can reach.
    #[arg(long, env = "EASEL_ADDR", value_name = "IP:PORT")]
    pub addr: Option<ListenAddr>,

    /// Folder for the database and its key; one server at a time. Default: ~/.local/share/easel.
    #[arg(long, env = "EASEL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The key that encrypts secrets at rest, when it does not lie in the data folder: a mounted
    /// secret, a systemd credential. It must exist.
    #[arg(long, env = "EASEL_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// The container engine. Default: $DOCKER_HOST, else unix:///var/run/docker.sock.
    #[arg(long, env = "EASEL_DOCKER_HOST", value_name = "ADDRESS")]
    pub docker_host: Option<String>,

    /// How much is logged: error, warn, info, debug or trace. Default: info.
    #[arg(long, env = "EASEL_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,

    /// How it is logged, on standard error: text or json. Default: text.
    #[arg(long, env = "EASEL_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// How browsers reach this server, such as https://easel.example.org, when that is not --addr.
    /// Cookies and the check of foreign origins go by it, and requests that name another host are
    /// refused.
    #[arg(long, env = "EASEL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// A foreign origin whose pages may use the API with a token of their own; may be repeated.
    /// Default: none.
    #[arg(long, env = "EASEL_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Option<Vec<Origin>>,

    /// A proxy that is believed when it says whom it was asked by (X-Forwarded-For): its address or
    /// its network, such as 10.0.0.0/8; may be repeated. Default: none.
    #[arg(long, env = "EASEL_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Option<Vec<TrustedProxy>>,

    /// How often everything is compared with the engine, beside what events bring about.
    /// Default: 30s.
    #[arg(long, env = "EASEL_RECONCILE_INTERVAL", value_name = "TIME")]
    pub reconcile_interval: Option<Interval>,

    /// Private addresses from which each environment's network is taken. Default: 10.208.0.0/12.
    #[arg(long, env = "EASEL_NETWORK_RANGE", value_name = "CIDR")]
    pub network_range: Option<NetworkRange>,

    /// How large each environment's network is, as a prefix length. Default: 22, which has addresses
    /// for 1,021 containers. Networks that are there keep their size.
    #[arg(long, env = "EASEL_NETWORK_SIZE", value_name = "BITS")]
    pub network_size: Option<NetworkSize>,

    /// How long deployments that are over are kept, with what they ran: until then one can go back to
    /// them, and a value that was deleted is still in them. The latest of each service always stays.
    /// Default: 90d.
    #[arg(long, env = "EASEL_KEEP_DEPLOYMENTS", value_name = "TIME")]
    pub keep_deployments: Option<KeptFor>,

    /// How long revisions are kept: who changed what, with the values from before and after.
    /// Default: 1y.
    #[arg(long, env = "EASEL_KEEP_REVISIONS", value_name = "TIME")]
    pub keep_revisions: Option<KeptFor>,

    /// How long a service's history is kept: what happened to it, and why. Default: 30d.
    #[arg(long, env = "EASEL_KEEP_EVENTS", value_name = "TIME")]
    pub keep_events: Option<KeptFor>,

    /// How long the audit is kept: who did what. Default: 1y.
    #[arg(long, env = "EASEL_KEEP_AUDIT", value_name = "TIME")]
    pub keep_audit: Option<KeptFor>,

    /// How long the place on the canvas of what was deleted is kept. Default: 30d.
    #[arg(long, env = "EASEL_KEEP_LAYOUT", value_name = "TIME")]
    pub keep_layout: Option<KeptFor>,

    /// A registry that may be asked although it is on a private, link-local or loopback address: a host,
    /// host:port, an address or a network; may be repeated. Default: none.
    #[arg(long, env = "EASEL_ALLOW_REGISTRY", value_name = "HOST", value_delimiter = ',')]
    pub allow_registry: Option<Vec<AllowedRegistry>>,

    /// Images that every project may use as the engine has them, without their registry being asked: a
    /// name without tag, or folder/*; may be repeated. Default: those that came from no registry.
    #[arg(long, env = "EASEL_SHARED_IMAGE", value_name = "NAME", value_delimiter = ',')]
    pub shared_image: Option<Vec<SharedImageName>>,

    /// How much memory a container gets that has no limit of its own, swap included: a share of the
    /// host's, such as 50%, or MB. Default: 50%.
    #[arg(long, env = "EASEL_DEFAULT_MEMORY", value_name = "SIZE")]
    pub default_memory: Option<MemoryDefault>,

    /// Whether Easel keeps containers from the host's own addresses and from 169.254.0.0/16 by packet
    /// rules (iptables): on or off. Default: on; where it may not write rules, status and doctor say so.
    #[arg(long, env = "EASEL_HOST_ISOLATION", value_name = "ON|OFF")]
    pub host_isolation: Option<HostIsolation>,

    /// Serve the web app from this folder instead of the one in the binary: for working on it.
    #[arg(long, env = "EASEL_DEV_WEB", value_name = "DIR")]
    pub dev_web: Option<PathBuf>,
}
