//! What the process finds around it: the only place that reads the environment beside clap.

use std::path::PathBuf;

/// What the process finds around it. Tests make their own.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnv {
    /// `$HOME`.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub config_home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`.
    pub data_home: Option<PathBuf>,
    /// `$DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `$EASEL_API_KEY`: never a flag, since arguments are seen by everybody on the machine.
    pub api_key: Option<String>,
    /// The names of all `EASEL_*` in the environment.
    pub settings: Vec<String>,
    /// `$HOSTNAME` or the kernel's name for the machine.
    pub host_name: String,
}

impl ProcessEnv {
    /// Those of this process.
    #[must_use]
    pub fn read() -> Self {
        Self {
            home: read("HOME").map(PathBuf::from),
            config_home: read("XDG_CONFIG_HOME").map(PathBuf::from),
            data_home: read("XDG_DATA_HOME").map(PathBuf::from),
            docker_host: read("DOCKER_HOST"),
            api_key: read("EASEL_API_KEY"),
            settings: std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .filter(|name| name.starts_with("EASEL_"))
                .collect(),
            host_name: std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .ok()
                .filter(|name| !name.is_empty())
                .or_else(|| read("HOSTNAME"))
                .unwrap_or_else(|| "this machine".to_owned()),
        }
    }

    /// Where Easel keeps its data unless told otherwise: `~/.local/share/easel`.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        let share = self
            .data_home
            .clone()
            .or_else(|| self.home.as_ref().map(|home| home.join(".local/share")));
        share.map_or_else(|| PathBuf::from("/var/lib/easel"), |share| share.join("easel"))
    }

    /// Where the command line remembers who is signed in: `~/.config/easel/credentials.json`.
    #[must_use]
    pub fn credentials(&self) -> Option<PathBuf> {
        let config = self
            .config_home
            .clone()
            .or_else(|| self.home.as_ref().map(|home| home.join(".config")))?;
        Some(config.join("easel/credentials.json"))
    }
}

#[expect(clippy::disallowed_methods, reason = "the surroundings are read once, here")]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
