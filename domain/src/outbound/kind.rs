//! What kind of address an address is.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What kind of address an address is, by IANA's registries of special purposes. An IPv6 address that stands
/// for an IPv4 one is what that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressKind {
    /// The whole internet reaches it.
    Public,
    /// An address of this very host.
    Own,
    /// `127.0.0.1` and its like.
    Loopback,
    /// Of a private network.
    Private,
    /// Between customers and their carrier: `100.64.0.0/10`.
    Carrier,
    /// Where providers tell a machine its secrets.
    Metadata,
    /// Of the same cable: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// For many at once.
    Multicast,
    /// Nobody's, or for a purpose of its own: documentation, tests, tunnels, `0.0.0.0`.
    Reserved,
}

impl AddressKind {
    /// The kind of this address. Whether it is this host's [own](Self::Own), only an adapter can tell.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match plain(address) {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Public => "at a public address",
            Self::Own => "at an address of this host itself",
            Self::Loopback => "at a loopback address",
            Self::Private => "at a private address",
            Self::Carrier => "at an address of a carrier's own network",
            Self::Metadata => "at an address where providers keep a host's secrets",
            Self::LinkLocal => "at a link-local address",
            Self::Multicast => "at a multicast address",
            Self::Reserved => "at a reserved address",
        })
    }
}

/// The IPv4 address that an IPv6 address stands for, if it does: mapped, compatible, or reached by NAT64 or
/// 6to4.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let segments = six.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Not `::` and `::1`, which mean something else.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => v4(high, low),
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // AWS and most others; Azure; Alibaba; Oracle.
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] | [192, 0, 0, 192] => {
            AddressKind::Metadata
        }
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [192, 168, ..] => AddressKind::Private,
        [172, second, ..] if second & 0xf0 == 16 => AddressKind::Private,
        [100, second, ..] if second & 0xc0 == 64 => AddressKind::Carrier,
        [169, 254, ..] => AddressKind::LinkLocal,
        [first, ..] if first & 0xf0 == 224 => AddressKind::Multicast,
        [0, ..]
        | [192, 0, 0 | 2, _]
        | [192, 31, 196, _]
        | [192, 52, 193, _]
        | [192, 88, 99, _]
        | [192, 175, 48, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => AddressKind::Metadata,
        [first, ..] if first & 0xfe00 == 0xfc00 => AddressKind::Private,
        // Site-local: long given up, still a private one.
        [first, ..] if first & 0xffc0 == 0xfec0 => AddressKind::Private,
        [0x64, 0xff9b, 1, ..] => AddressKind::Private,
        [first, ..] if first & 0xffc0 == 0xfe80 => AddressKind::LinkLocal,
        [first, ..] if first & 0xff00 == 0xff00 => AddressKind::Multicast,
        // Protocols, tunnels (Teredo among them) and benchmarks; documentation.
        [0x2001, second, ..] if second < 0x200 => AddressKind::Reserved,
        [0x2001, 0xdb8, ..] => AddressKind::Reserved,
        [0x3fff, second, ..] if second < 0x1000 => AddressKind::Reserved,
        // All that has been given to anybody begins like this.
        [first, ..] if first & 0xe000 == 0x2000 => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}
