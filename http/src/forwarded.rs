//! From where a request comes when a proxy brings it.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Whom a request comes from: the peer, or the last hop that no trusted proxy stands for.
///
/// Each proxy adds at the right whom it was asked by, so only what stands right of the first
/// untrusted hop was written by somebody who is believed. What a client sends itself stands further
/// left, and counts for nothing.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer.to_canonical();
    for hop in hops(headers).into_iter().rev() {
        if !is_trusted(&nearest) {
            break;
        }
        // A hop that hides, or is nonsense: nobody knows who lies behind it.
        let Some(address) = hop else { break };
        nearest = address;
    }
    nearest
}

/// Whether somebody says that they pass a request on.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded")
}

/// The hops as they are named, the nearest last. `Forwarded` counts where there is nothing else.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = |name| {
        let lines = headers.get_all(name).iter();
        lines.flat_map(|line| line.to_str().unwrap_or_default().split(','))
    };
    if headers.contains_key("x-forwarded-for") {
        return lines("x-forwarded-for").map(address).collect();
    }
    let named = |hop: &str| {
        let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, hop)| address(hop))
    };
    lines("forwarded").map(named).collect()
}

/// An address, with or without a port, quotes and brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse().ok().map(|at: SocketAddr| at.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, name: &'static str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().expect("a header"));
        }
        client(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    // S04
    #[test]
    fn only_a_trusted_peer_says_who_asked_it() {
        for (peer, lines, client) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client made up stands left of what the proxy saw.
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 10.9.9.9, 198.51.100.1"], "198.51.100.1"),
            // Through two proxies of ours.
            ("10.0.0.1", &["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // Behind what is no address nobody is found.
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(told(peer, "x-forwarded-for", lines), client, "{peer} {lines:?}");
        }
    }

    // S04
    #[test]
    fn the_standards_own_header_says_it_too() {
        for (line, client) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("for=1.2.3.4, For=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            ("proto=https;for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=198.51.100.1, for=10.0.0.2", "198.51.100.1"),
            ("for=198.51.100.1, for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(told("10.0.0.1", "forwarded", &[line]), client, "{line}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", "for=1.2.3.4".parse().expect("a header"));
        headers.insert("x-forwarded-for", "198.51.100.1".parse().expect("a header"));
        let proxy: IpAddr = "10.0.0.1".parse().expect("an address");
        let both = client(proxy, &headers, &[proxy.into()]);
        assert_eq!(both.to_string(), "198.51.100.1", "the usual one counts where both are");
    }
}
