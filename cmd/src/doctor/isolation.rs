//! Whether containers are kept from the host, and whether they find names.

use super::finding::Finding;
use crate::{Config, config::HostIsolation};
use runtime::{Isolation, IsolationError, engine_is_here};
use std::{net::IpAddr, time::Duration};

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let nameservers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    names(&nameservers, config).into_iter().chain([host(config).await]).collect()
}

async fn host(config: &Config) -> Finding {
    let range = config.networks.range;
    if config.host_isolation == HostIsolation::Off {
        return Finding::warn(
            "isolation",
            "containers can reach whatever listens on this host: --host-isolation is off",
            "see to it by packet rules of your own, or turn it on",
        );
    }
    let asked = engine_is_here(config.docker_host.clone());
    let asked = tokio::time::timeout(Duration::from_secs(10), asked).await;
    let isolated = match asked {
        // An engine that does not answer has a finding of its own.
        Ok(Ok(false)) => Err(IsolationError::Elsewhere),
        Ok(_) | Err(_) if Isolation::clashes(range) => Err(IsolationError::Clash),
        Ok(_) | Err(_) => Isolation::new([range]).check().await,
    };
    match isolated {
        Ok(()) => Finding::ok(
            "isolation",
            format!("containers of {range} reach neither this host nor 169.254.0.0/16"),
        ),
        // Before the first start there is nothing to keep.
        Err(why) => Finding::warn(
            "isolation",
            format!("containers of {range} may reach this host: {why}"),
            match why {
                IsolationError::NotPermitted => {
                    "ask again as root, who may look; until then nobody knows"
                }
                IsolationError::Clash => {
                    "a server that runs as root has rules for each network; this cannot be looked at"
                }
                IsolationError::Elsewhere => "keep them apart by the rules of that machine",
                IsolationError::NoProgram | IsolationError::Missing | IsolationError::Failed => {
                    "`easel serve` as root writes the rules, and `easel isolate` does"
                }
            },
        ),
    }
}

/// Where containers look names up: the engine asks the host's nameservers for them.
fn names(resolv_conf: &str, config: &Config) -> Vec<Finding> {
    let servers: Vec<IpAddr> = resolv_conf
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next().filter(|&word| word == "nameserver")?;
            words.next()?.parse().ok()
        })
        .collect();
    let range = config.networks.range;
    let within = |server: &&IpAddr| matches!(server, IpAddr::V4(server) if range.contains(server));
    if let Some(server) = servers.iter().find(within) {
        return vec![Finding::warn(
            "names",
            format!("the nameserver {server} lies in {range}, where containers would not find it"),
            "choose another range with --network-range",
        )];
    }
    if servers.is_empty() {
        return vec![Finding::warn(
            "names",
            "this host names no nameserver (/etc/resolv.conf)",
            "name one, or containers find nothing but each other",
        )];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProcessEnv, config::Settings};

    #[test]
    fn a_nameserver_that_containers_cannot_find_is_told() {
        let config = Config::build(&Settings::default(), &ProcessEnv::default()).unwrap();
        let found = |text: &str| names(text, &config).into_iter().map(|one| one.detail).next();

        assert_eq!(found("nameserver 192.168.1.1\n"), None);
        assert_eq!(found("nameserver 127.0.0.53\nnameserver ::1\n"), None);
        assert!(found("nameserver 10.210.0.1\n").unwrap().contains("10.208.0.0/12"));
        assert!(found("search example.org\n").unwrap().contains("no nameserver"));
    }
}
