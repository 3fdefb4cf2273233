//! The container engine: reachable, recent enough, fit.

use super::finding::Finding;
use crate::Config;
use domain::runtime::{Engine, RuntimeError};
use runtime::Address;
use std::time::Duration;

/// The oldest engine that Easel speaks to: Docker 20.10.
const OLDEST_API: (u32, u32) = (1, 41);

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    if let Address::Socket(path) = &config.docker_host
        && !path.exists()
    {
        return vec![Finding::fail(
            "engine",
            format!("there is no socket at {}", path.display()),
            "install or start Docker (`systemctl start docker`), or say where it is with \
             --docker-host; Easel starts without it and waits",
        )];
    }
    let asked = runtime::engine_at(config.docker_host.clone());
    let asked = tokio::time::timeout(Duration::from_secs(10), asked);
    match asked.await {
        Ok(Ok(engine)) => assess(&engine),
        Ok(Err(RuntimeError::Timeout(_))) | Err(_) => vec![Finding::fail(
            "engine",
            format!("{} takes the connection, and does not answer", config.docker_host),
            "look at its log (`journalctl -u docker`), or start it again (`systemctl restart \
             docker`)",
        )],
        Ok(Err(error)) => {
            vec![Finding::fail("engine", error.to_string(), advice(&config.docker_host))]
        }
    }
}

fn advice(address: &Address) -> String {
    let denied = match address {
        Address::Socket(path) => std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied),
        Address::Tcp(_) => false,
    };
    if denied {
        "let this user use it: `usermod -aG docker USER`, then sign in anew".to_owned()
    } else {
        "start Docker (`systemctl start docker`), or say where it is with --docker-host".to_owned()
    }
}

fn assess(engine: &Engine) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = format!(
        "version {}, API {}, cgroup v{}, {}, {}",
        engine.version,
        engine.api_version,
        engine.cgroup_version,
        engine.storage_driver,
        engine.operating_system
    );
    findings.push(if is_recent(&engine.api_version) {
        Finding::ok("engine", found)
    } else {
        Finding::fail("engine", found, "Easel needs Docker 20.10 (API 1.41) or a later one")
    });
    if engine.storage_driver == "vfs" {
        findings.push(Finding::warn(
            "engine",
            "images are stored by vfs, which copies every layer",
            "use a file system that overlay2 works on",
        ));
    }
    findings.extend(engine.warnings.iter().map(|warning| {
        let advice = if warning.contains("CVE-") {
            "bring the engine up to date; until then let only people deploy whom the host is safe with"
        } else {
            "the engine says so; see Docker's documentation"
        };
        Finding::warn("engine", warning.clone(), advice)
    }));
    findings
}

fn is_recent(api: &str) -> bool {
    let version = api
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    version.is_some_and(|version| version >= OLDEST_API)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_from_twenty_ten_on_are_recent_enough() {
        for (api, recent) in
            [("1.41", true), ("1.51", true), ("2.0", true), ("1.40", false), ("", false)]
        {
            assert_eq!(is_recent(api), recent, "{api}");
        }
    }
}
