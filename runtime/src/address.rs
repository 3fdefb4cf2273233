//! Where a container engine listens.

use bollard::models::SystemInfo;
use domain::Invalid;
use std::{fmt, path::PathBuf, str::FromStr};

/// Where a container engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket on this machine: `unix:///var/run/docker.sock`.
    Socket(PathBuf),
    /// A host and a port without encryption: `tcp://127.0.0.1:2375`.
    Tcp(String),
}

impl Default for Address {
    fn default() -> Self {
        Self::Socket(PathBuf::from("/var/run/docker.sock"))
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix("unix://").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Socket(PathBuf::from(path)));
        }
        let host = text.strip_prefix("tcp://").or_else(|| text.strip_prefix("http://"));
        match host.map(|host| host.trim_end_matches('/')) {
            Some(host) if is_host_and_port(host) => Ok(Self::Tcp(host.to_owned())),
            _ => Err(Invalid::new(
                "must be an engine's address such as unix:///var/run/docker.sock or \
                 tcp://127.0.0.1:2375",
            )),
        }
    }
}

fn is_host_and_port(text: &str) -> bool {
    let is_host = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
    };
    text.rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(out, "{}", path.display()),
            Self::Tcp(host) => write!(out, "tcp://{host}"),
        }
    }
}

/// Whether the engine's networks are this host's. One in a virtual machine has another kernel.
pub(crate) fn is_here(info: &SystemInfo, address: &Address) -> bool {
    let is_rootless = info.security_options.iter().flatten().any(|it| it.contains("rootless"));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    matches!(address, Address::Socket(_))
        && !is_rootless
        && info.kernel_version.as_deref() == Some(kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_hosts_are_addresses() {
        let parse = |text: &str| text.parse::<Address>().unwrap();

        assert_eq!(parse("unix:///var/run/docker.sock"), Address::default());
        assert_eq!(parse("/var/run/docker.sock"), Address::default());
        assert_eq!(parse("tcp://10.0.0.1:2375"), Address::Tcp("10.0.0.1:2375".to_owned()));
        assert_eq!(parse("http://[::1]:2375/"), Address::Tcp("[::1]:2375".to_owned()));
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in ["", "docker.sock", "tcp://", "tcp://host", "tcp://host:0", "ssh://host:22"] {
            let refused = text.parse::<Address>().unwrap_err();
            assert!(refused.to_string().contains("unix:///var/run/docker.sock"), "{text}");
        }
    }
}
