//! How the server is set up: defaults, then a file, then `EASEL_*`, then flags.

mod guard;
mod settings;
mod value;

pub use guard::{AllowedRegistry, HostIsolation, MemoryDefault, SharedImageName};
pub use settings::{Layer, Settings};
pub use value::{
    Interval, KeptFor, ListenAddr, LogFormat, LogLevel, NetworkRange, NetworkSize, Origin,
    PublicUrl, TrustedProxy, parse_duration,
};

use crate::{
    ProcessEnv,
    exit::{Exit, Failure},
    nearest::nearest,
};
use domain::{network::Pool, outbound::OutboundPolicy};
use runtime::{DefaultMemory, SharedImages};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use store::Retention;

/// How the server is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the one of `Layer`")]
pub struct Config {
    pub addr: SocketAddr,
    pub data_dir: PathBuf,
    pub key_file: Option<PathBuf>,
    pub docker_host: runtime::Address,
    pub log_level: LogLevel,
    pub log_format: LogFormat,
    pub public_url: Option<PublicUrl>,
    pub cors_origins: Vec<Origin>,
    pub trusted_proxies: Vec<TrustedProxy>,
    pub reconcile_interval: Duration,
    pub networks: Pool,
    pub retention: Retention,
    pub allowed_registries: OutboundPolicy,
    pub shared_images: SharedImages,
    pub default_memory: DefaultMemory,
    pub host_isolation: HostIsolation,
    pub dev_web: Option<PathBuf>,
    /// Whether a person has said that this data and this engine belong together.
    pub adopt_engine: bool,
}

impl Config {
    /// All layers, one upon the other.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or a value makes no sense.
    pub fn build(settings: &Settings, env: &ProcessEnv) -> Result<Self, Failure> {
        let file = settings.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let top = settings.layer.clone();
        let retention = retention(&top, &file);
        let docker_host = top
            .docker_host
            .or(file.docker_host)
            .or_else(|| env.docker_host.clone())
            .map(|host| {
                host.parse()
                    .map_err(|rule| Failure::usage(format!("the engine's address `{host}` {rule}")))
            })
            .transpose()?
            .unwrap_or_default();
        let dev_web = top.dev_web.or(file.dev_web);
        if let Some(dir) = dev_web.as_deref().filter(|dir| !dir.join("index.html").is_file()) {
            return Err(Failure::usage(format!(
                "there is no index.html in {}, which --dev-web names; build the web app there \
                 (`cargo xtask web`) or leave the flag out",
                dir.display()
            )));
        }
        let data_dir = top.data_dir.or(file.data_dir).unwrap_or_else(|| env.data_dir());
        // Whoever reads about it later is somewhere else.
        let data_dir = std::path::absolute(&data_dir)
            .map_err(|_| Failure::usage("--data-dir (data_dir) must not be empty"))?;
        Ok(Self {
            addr: top.addr.or(file.addr).unwrap_or_default().addr(),
            data_dir,
            key_file: top.key_file.or(file.key_file),
            docker_host,
            log_level: top.log_level.or(file.log_level).unwrap_or_default(),
            log_format: top.log_format.or(file.log_format).unwrap_or_default(),
            public_url: top.public_url.or(file.public_url),
            cors_origins: top.cors_origin.or(file.cors_origin).unwrap_or_default(),
            trusted_proxies: top.trusted_proxy.or(file.trusted_proxy).unwrap_or_default(),
            reconcile_interval: (top.reconcile_interval.or(file.reconcile_interval))
                .unwrap_or_default()
                .duration(),
            networks: networks(
                top.network_range.or(file.network_range),
                top.network_size.or(file.network_size),
            )?,
            retention,
            allowed_registries: (top.allow_registry.or(file.allow_registry))
                .unwrap_or_default()
                .into_iter()
                .map(|allowed| allowed.0)
                .collect(),
            shared_images: (top.shared_image.or(file.shared_image))
                .unwrap_or_default()
                .into_iter()
                .map(|shared| shared.0)
                .collect(),
            default_memory: (top.default_memory.or(file.default_memory))
                .map_or_else(DefaultMemory::default, |memory| memory.0),
            host_isolation: top.host_isolation.or(file.host_isolation).unwrap_or_default(),
            dev_web,
            adopt_engine: false,
        })
    }

    /// How people reach the server that listens at this address.
    #[must_use]
    pub fn url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.to_string(),
            None if bound.ip().is_unspecified() => format!("http://127.0.0.1:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }
}

/// Where environments' networks come from. Without a size of its own, a range that is smaller than one
/// network is a network.
fn networks(range: Option<NetworkRange>, size: Option<NetworkSize>) -> Result<Pool, Failure> {
    let usual = Pool::default();
    let range = range.map_or(usual.range, NetworkRange::net);
    let Some(size) = size.map(NetworkSize::bits) else {
        return Ok(Pool { range, size: usual.size.max(range.prefix_len()) });
    };
    if size < range.prefix_len() {
        return Err(Failure::usage(format!(
            "no network of --network-size (network_size) {size} fits into {range}, which \
             --network-range (network_range) names"
        )));
    }
    Ok(Pool { range, size })
}

/// How long what has happened is kept.
fn retention(top: &Layer, file: &Layer) -> Retention {
    let usual = Retention::default();
    let kept = |top: Option<KeptFor>, file: Option<KeptFor>, usual| {
        top.or(file).map_or(usual, KeptFor::duration)
    };
    Retention {
        deployments: kept(top.keep_deployments, file.keep_deployments, usual.deployments),
        revisions: kept(top.keep_revisions, file.keep_revisions, usual.revisions),
        events: kept(top.keep_events, file.keep_events, usual.events),
        audit: kept(top.keep_audit, file.keep_audit, usual.audit),
        layout: kept(top.keep_layout, file.keep_layout, usual.layout),
    }
}

fn read(path: &Path) -> Result<Layer, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read the settings in {}: {error}", path.display()),
        )
    })?;
    toml::from_str(&text).map_err(|error| {
        let place = error.span().map(|span| {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            format!(", line {line}")
        });
        let rule = explain(error.message().trim());
        Failure::usage(format!("{}{}: {rule}", path.display(), place.unwrap_or_default()))
    })
}

/// What is wrong in a file, with the name that was perhaps meant.
fn explain(rule: &str) -> String {
    let mut words = rule.split('`').skip(1).step_by(2);
    let meant = rule
        .starts_with("unknown field")
        .then(|| words.next())
        .flatten()
        .and_then(|wrong| Some((wrong, nearest(wrong, words)?)));
    match meant {
        Some((wrong, name)) => format!("unknown setting `{wrong}`: did you mean `{name}`?"),
        None => rule.replace("unknown field", "unknown setting").replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, Settings) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("easel.toml");
        std::fs::write(&path, text).unwrap();
        (dir, Settings { config: Some(path), ..Settings::default() })
    }

    // DK-161
    #[test]
    fn without_any_setting_only_this_machine_can_reach_it() {
        let env = ProcessEnv { home: Some("/home/ada".into()), ..ProcessEnv::default() };

        let config = Config::build(&Settings::default(), &env).unwrap();

        assert_eq!(config.addr.to_string(), "127.0.0.1:8080");
        assert_eq!(config.data_dir, PathBuf::from("/home/ada/.local/share/easel"));
        assert_eq!(config.docker_host, runtime::Address::default());
        assert_eq!(config.reconcile_interval, Duration::from_secs(30));
        assert_eq!(config.networks, Pool::default());
        assert_eq!(config.networks.range.to_string(), "10.208.0.0/12");
        assert!(config.cors_origins.is_empty());
        assert!(config.trusted_proxies.is_empty());
    }

    // DK-161
    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let (_dir, mut settings) =
            file("addr = \"0.0.0.0:9000\"\nreconcile_interval = \"1m\"\nlog_format = \"json\"");
        settings.layer.addr = Some("127.0.0.1:1".parse().unwrap());

        let config = Config::build(&settings, &ProcessEnv::default()).unwrap();

        assert_eq!(config.addr.port(), 1);
        assert_eq!(config.reconcile_interval, Duration::from_secs(60));
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.log_level, LogLevel::Info);
    }

    // DK-161
    #[test]
    fn networks_fit_into_their_range() {
        let pool = |text: &str| {
            let (_dir, settings) = file(text);
            Config::build(&settings, &ProcessEnv::default())
                .map(|config| (config.networks.range.to_string(), config.networks.size))
        };
        let is = |range: &str, size| (range.to_owned(), size);

        assert_eq!(pool("network_size = 24").unwrap(), is("10.208.0.0/12", 24));
        let wide = "network_range = \"10.0.0.0/8\"\nnetwork_size = 20";
        assert_eq!(pool(wide).unwrap(), is("10.0.0.0/8", 20));
        let small = pool("network_range = \"192.168.7.0/24\"");
        assert_eq!(small.unwrap(), is("192.168.7.0/24", 24), "as large as there is room");
        let none = pool("network_range = \"192.168.7.0/24\"\nnetwork_size = 22").unwrap_err();
        assert!(none.sentence.contains("--network-size"), "{none}");
        let absurd = pool("network_size = 31").unwrap_err();
        assert!(absurd.sentence.contains("16 to 29"), "{absurd}");
    }

    #[test]
    fn how_long_things_are_kept_can_be_set_for_each_of_them() {
        let day = Duration::from_secs(86_400);
        let (_dir, mut settings) = file("keep_deployments = \"7d\"\nkeep_audit = \"2d\"");
        settings.layer.keep_audit = Some("3d".parse().unwrap());

        let kept = Config::build(&settings, &ProcessEnv::default()).unwrap().retention;

        let expected = Retention { deployments: 7 * day, audit: 3 * day, ..Retention::default() };
        assert_eq!(kept, expected);
        for wrong in ["23h", "101y", "soon", "-1d", ""] {
            let (_dir, settings) = file(&format!("keep_events = \"{wrong}\""));
            let refused = Config::build(&settings, &ProcessEnv::default()).unwrap_err();
            assert!(refused.sentence.contains("must be"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn an_unknown_name_in_the_file_is_refused_with_its_line() {
        let (_dir, settings) = file("addr = \"0.0.0.0:9000\"\n\nadress = \"x\"");

        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();

        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.sentence.contains("line 3"), "{failure}");
        assert!(failure.sentence.contains("adress"), "{failure}");
    }

    #[test]
    fn the_name_that_was_meant_is_told() {
        for (wrong, meant) in
            [("address", "addr"), ("log-level", "log_level"), ("datadir", "data_dir")]
        {
            let (_dir, settings) = file(&format!("{wrong} = \"x\""));

            let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();

            assert!(failure.sentence.contains(&format!("did you mean `{meant}`")), "{failure}");
        }
        let (_dir, settings) = file("colour = \"red\"");
        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();
        assert!(failure.sentence.contains("expected one of `addr`"), "{failure}");
    }

    #[test]
    fn a_relative_data_folder_is_named_from_the_root_and_an_empty_one_refused() {
        let mut settings = Settings::default();
        settings.layer.data_dir = Some("data".into());
        let config = Config::build(&settings, &ProcessEnv::default()).unwrap();
        assert!(config.data_dir.is_absolute() && config.data_dir.ends_with("data"));

        settings.layer.data_dir = Some("".into());
        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();
        assert!(failure.sentence.contains("--data-dir"), "{failure}");
    }

    #[test]
    fn a_wrong_value_in_the_file_is_refused_with_its_line_and_rule() {
        let (_dir, settings) = file("log_level = \"loud\"");

        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();

        assert!(failure.sentence.contains("line 1"), "{failure}");
        assert!(failure.sentence.contains("error, warn, info, debug or trace"), "{failure}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let settings =
            Settings { config: Some("/nowhere/easel.toml".into()), ..Settings::default() };

        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();

        assert!(failure.sentence.contains("/nowhere/easel.toml"), "{failure}");
    }

    #[test]
    fn an_engine_that_cannot_be_one_is_refused_with_an_example() {
        let mut settings = Settings::default();
        settings.layer.docker_host = Some("ssh://host".to_owned());

        let failure = Config::build(&settings, &ProcessEnv::default()).unwrap_err();

        assert!(failure.sentence.contains("unix:///var/run/docker.sock"), "{failure}");
    }
}
