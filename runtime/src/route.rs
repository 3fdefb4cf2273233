//! The host's routes: addresses that networks of containers must not take.

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Addresses that the host reaches by some interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// By which interface.
    pub interface: String,
    /// Which addresses.
    pub addresses: Ipv4Net,
}

/// The host's routes, without default routes and without the bridges of container engines, which
/// the engine itself accounts for. Empty where they cannot be read.
#[must_use]
pub fn host_routes() -> Vec<Route> {
    std::fs::read_to_string("/proc/net/route").map(|text| parse(&text)).unwrap_or_default()
}

fn parse(text: &str) -> Vec<Route> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [interface, base, _, _, _, _, _, mask, ..] = fields[..] else { return None };
            // The kernel prints the address as its bytes lie in memory.
            let number = |hex| u32::from_str_radix(hex, 16).ok().map(u32::to_le_bytes);
            let (base, mask) = (Ipv4Addr::from(number(base)?), Ipv4Addr::from(number(mask)?));
            let addresses = Ipv4Net::with_netmask(base, mask).ok()?;
            Some(Route { interface: interface.to_owned(), addresses })
        })
        .filter(|route| route.addresses.prefix_len() > 0)
        .filter(|route| {
            let engines = ["br-", "docker", "veth", "cni", "podman"];
            !engines.iter().any(|prefix| route.interface.starts_with(prefix))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_without_the_default_one_and_bridges() {
        let text = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
wg0\t0000D70A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
br-1\t0001D70A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
";

        let shown: Vec<String> = parse(text)
            .iter()
            .map(|route| format!("{} {}", route.interface, route.addresses))
            .collect();

        assert_eq!(shown, ["eth0 192.168.0.0/16", "wg0 10.215.0.0/24"]);
    }
}
