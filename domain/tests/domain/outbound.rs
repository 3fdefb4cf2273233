//! What may be asked of what people type.

use domain::outbound::{AddressKind, AllowedHost, OutboundPolicy, is_number};
use ipnet::IpNet;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn kind(text: &str) -> AddressKind {
    AddressKind::of(address(text))
}

// S33
#[test]
fn every_address_has_its_kind() {
    use AddressKind as Kind;
    let table: [(Kind, &[&str]); 8] = [
        (
            Kind::Public,
            &[
                "1.1.1.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.1",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00::1",
                "::ffff:8.8.8.8",
                "64:ff9b::808:808",
                "2002:808:808::1",
            ],
        ),
        (
            Kind::Loopback,
            &[
                "127.0.0.1",
                "127.0.0.0",
                "127.255.255.255",
                "::1",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::7f00:1",
                "2002:7f00:1::",
            ],
        ),
        (
            Kind::Private,
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.0",
                "192.168.255.255",
                "fc00::",
                "fdff::1",
                "fec0::1",
                "64:ff9b:1::1",
                "::ffff:10.0.0.1",
                "::ffff:c0a8:1",
                "2002:a00:1::",
            ],
        ),
        (Kind::Carrier, &["100.64.0.0", "100.127.255.255", "::ffff:100.64.0.1"]),
        (
            Kind::Metadata,
            &[
                "169.254.169.254",
                "168.63.129.16",
                "100.100.100.200",
                "192.0.0.192",
                "fd00:ec2::254",
                "::ffff:169.254.169.254",
                "64:ff9b::a9fe:a9fe",
            ],
        ),
        (Kind::LinkLocal, &["169.254.0.0", "169.254.255.255", "fe80::1", "febf::1"]),
        (Kind::Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
        (
            Kind::Reserved,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "192.0.0.1",
                "192.0.2.1",
                "192.88.99.1",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "240.0.0.0",
                "255.255.255.255",
                "::",
                "100::1",
                "2001::1",
                "2001:db8::1",
                "3fff::1",
                "4000::",
                "5f00::1",
            ],
        ),
    ];

    for (expected, addresses) in table {
        for text in addresses {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}

// S33
#[test]
fn an_address_in_disguise_is_known_as_a_number() {
    for odd in [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0",
        "127.0.0.1.1",
        "1.2.3.256",
        "0x",
        "a.1",
        "x.0x1",
        "0X7F.0.0.1",
        "127.1.",
    ] {
        assert!(is_number(odd), "{odd}");
    }
    for plain in ["127.0.0.1", "::1", "example.org", "1.example", "a1", "x.0xg", "", "deadbeef"] {
        assert!(!is_number(plain), "{plain}");
    }
}

// S33
#[test]
fn what_an_admin_allows_is_a_host_an_address_or_a_network() {
    let policy: OutboundPolicy =
        ["Registry.LAN:5000", "git.lan", "10.1.0.0/16", "127.0.0.1", "fd00::/8"]
            .into_iter()
            .map(|text| text.parse::<AllowedHost>().unwrap())
            .collect();
    let may = |text: &str| policy.check(address(text), kind(text)).is_ok();

    assert!(policy.allows_name("registry.lan", 5000) && policy.allows_name("git.lan.", 22));
    assert!(!policy.allows_name("registry.lan", 443) && !policy.allows_name("x.git.lan", 22));
    for right in ["10.1.2.3", "127.0.0.1", "fd12::1", "8.8.8.8", "::ffff:10.1.2.3"] {
        assert!(may(right), "{right}");
    }
    for wrong in ["10.2.0.1", "127.0.0.2", "::1", "169.254.169.254", "fe80::1", "0.0.0.0"] {
        assert!(!may(wrong), "{wrong}");
    }
    assert!(policy.trusts("127.0.0.1", 1) && policy.trusts("[fd00::1]", 1));
    assert!(
        !policy.trusts("8.8.8.8", 443) && !policy.trusts("example.org", 443),
        "they are looked at"
    );
    let own = policy.check(address("8.8.8.8"), AddressKind::Own);
    assert_eq!(own, Err(AddressKind::Own), "an address of this host, however public");
    for wrong in
        ["", "http://x", "a b", "x:", "x:0", "x:99999", "127.1", "2130706433", "a..b", "*", "x/y"]
    {
        assert!(wrong.parse::<AllowedHost>().is_err(), "{wrong}");
    }
}

proptest! {
    /// However it is dressed in IPv6, an IPv4 address is what it is.
    #[test]
    fn a_disguise_changes_nothing(bits: u32) {
        let plain = Ipv4Addr::from_bits(bits);
        let [a, b] = [(bits >> 16) as u16, bits as u16];
        let disguises = [
            plain.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
            Ipv6Addr::new(0x2002, a, b, 1, 2, 3, 4, 5),
        ];

        for disguise in disguises {
            prop_assert_eq!(AddressKind::of(disguise.into()), AddressKind::of(plain.into()));
        }
    }

    /// Nothing is public that a machine may have for itself or its neighbours.
    #[test]
    fn no_private_network_is_public(bits: u128) {
        let networks = [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10",
            "fec0::/10", "ff00::/8", "2001:db8::/32", "2001::/32",
        ];
        for network in networks {
            let within = match network.parse::<IpNet>().unwrap() {
                IpNet::V4(net) => {
                    let host = bits as u32 & net.hostmask().to_bits();
                    IpAddr::V4(Ipv4Addr::from_bits(net.network().to_bits() | host))
                }
                IpNet::V6(net) => {
                    let host = bits & net.hostmask().to_bits();
                    IpAddr::V6(Ipv6Addr::from_bits(net.network().to_bits() | host))
                }
            };
            prop_assert_ne!(AddressKind::of(within), AddressKind::Public, "{} of {}", within, network);
        }
    }

    /// With nothing allowed, only what is public may be asked.
    #[test]
    fn without_an_admins_word_only_the_public_internet_is_asked(bits: u128, four: bool) {
        let address: IpAddr = match four {
            true => Ipv4Addr::from_bits(bits as u32).into(),
            false => Ipv6Addr::from_bits(bits).into(),
        };
        let kind = AddressKind::of(address);
        let may = OutboundPolicy::default().check(address, kind).is_ok();
        prop_assert_eq!(may, kind == AddressKind::Public);
    }
}
