//! Which addresses are this host's own.

use std::net::{IpAddr, UdpSocket};

/// Whether an address is one of this host's interfaces: only such a one can be bound.
pub(crate) fn is_own(address: IpAddr) -> bool {
    // Where everything can be bound, that tells nothing.
    let switch = match address {
        IpAddr::V4(_) => "/proc/sys/net/ipv4/ip_nonlocal_bind",
        IpAddr::V6(_) => "/proc/sys/net/ipv6/ip_nonlocal_bind",
    };
    let binds_all = std::fs::read_to_string(switch).is_ok_and(|text| text.trim() == "1");
    !binds_all && UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_host_is_told_from_others() {
        assert!(is_own("127.0.0.1".parse().expect("an address")));
        assert!(!is_own("192.0.2.7".parse().expect("an address")));
    }
}
