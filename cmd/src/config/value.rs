//! Values of settings: whoever holds one holds the proof.

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

macro_rules! words {
    ($name:ident, $rule:literal, $($word:literal => $variant:ident),+) => {
        impl $name {
            /// The word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($rule.to_owned()),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    };
}

pub(super) use words;

macro_rules! from_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    };
}

/// Where to listen: an address of this machine and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddr(SocketAddr);
from_text!(ListenAddr);

impl ListenAddr {
    /// The address and the port.
    #[must_use]
    pub const fn addr(self) -> SocketAddr {
        self.0
    }
}

impl Default for ListenAddr {
    fn default() -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], 8080)))
    }
}

impl FromStr for ListenAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // No names are looked up: what listens where must not hang on somebody else's answer.
        let text = text.trim().replacen("localhost:", "127.0.0.1:", 1);
        text.parse().map(Self).map_err(|_| {
            "must be an IP address and a port, such as 127.0.0.1:8080, or 0.0.0.0:8080 for all \
                addresses of this host"
                .to_owned()
        })
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[expect(missing_docs, reason = "each names itself")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}
words!(
    LogLevel, "must be error, warn, info, debug or trace",
    "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug, "trace" => Trace
);

/// How it is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line, for machines.
    Json,
}
words!(LogFormat, "must be text or json", "text" => Text, "json" => Json);

/// A time between two things.
///
/// Invariant: at least 1 s, at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Interval(Duration);
from_text!(Interval);

impl Interval {
    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for Interval {
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let duration = parse_duration(text)
            .ok_or("must be a time such as 30s, 5m or 1h, of at least 1s and at most 24h")?;
        if (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&duration) {
            Ok(Self(duration))
        } else {
            Err("must be at least 1s and at most 24h".to_owned())
        }
    }
}

/// How long something is kept.
///
/// Invariant: at least a day, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeptFor(Duration);
from_text!(KeptFor);

impl KeptFor {
    const DAY: Duration = Duration::from_secs(86_400);

    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for KeptFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let duration = parse_duration(text).ok_or("must be a time such as 30d, 12months or 1y")?;
        if (Self::DAY..=Self::DAY * 36_525).contains(&duration) {
            Ok(Self(duration))
        } else {
            Err("must be at least a day and at most a hundred years".to_owned())
        }
    }
}

/// A time as people write it: `30s`, `5m`, `1h`, `1h30m`, `500ms`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// Addresses from which networks are taken.
///
/// Invariant: private ones, from a /8 to a /24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NetworkRange(Ipv4Net);
from_text!(NetworkRange);

impl NetworkRange {
    /// Private addresses: RFC 1918, and RFC 6598's for carriers.
    const PRIVATE: [Ipv4Net; 4] = [
        Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
        Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
        Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
        Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
    ];

    /// All of them.
    #[must_use]
    pub const fn net(self) -> Ipv4Net {
        self.0
    }
}

impl FromStr for NetworkRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be a range of private addresses such as 10.208.0.0/12".to_owned();
        let net: Ipv4Net = text.parse().map_err(|_| wrong())?;
        if !(8..=24).contains(&net.prefix_len()) {
            return Err("must be as large as a /24 at least and a /8 at most".to_owned());
        }
        if net != net.trunc() {
            return Err(format!("must begin where the range does: {}", net.trunc()));
        }
        if Self::PRIVATE.iter().any(|private| private.contains(&net)) {
            Ok(Self(net))
        } else {
            Err(wrong())
        }
    }
}

/// How large a network is: how many leading bits its addresses have in common.
///
/// Invariant: 16 to 29.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub struct NetworkSize(u8);

impl NetworkSize {
    /// So many bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for NetworkSize {
    type Error = String;

    fn try_from(bits: u8) -> Result<Self, String> {
        if (16..=29).contains(&bits) {
            Ok(Self(bits))
        } else {
            Err("must be a prefix length of 16 to 29, such as 22".to_owned())
        }
    }
}

impl FromStr for NetworkSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.trim_start_matches('/').parse::<u8>().unwrap_or_default())
    }
}

/// A proxy that is believed: one address, or a network of them.
///
/// Invariant: not all addresses there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedProxy(IpNet);
from_text!(TrustedProxy);

impl TrustedProxy {
    /// All of its addresses.
    #[must_use]
    pub const fn net(self) -> IpNet {
        self.0
    }
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let net = text.parse::<IpAddr>().map(|one| IpNet::from(one.to_canonical()));
        let net = net.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            "must be an address or a network, such as 127.0.0.1 or 10.0.0.0/8".to_owned()
        })?;
        if net.prefix_len() == 0 {
            return Err(
                "must not be everybody: whoever asks could say that they are anybody".into()
            );
        }
        if net != net.trunc() {
            return Err(format!("must begin where the network does: {}", net.trunc()));
        }
        Ok(Self(net))
    }
}

/// Scheme, host and port of a page.
///
/// Invariant: `http` or `https`, a host, perhaps a port, nothing else; lower case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);
from_text!(Origin);

/// How browsers reach the server: an [`Origin`].
pub type PublicUrl = Origin;

impl Origin {
    /// `https://host:port`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be an origin such as https://easel.example.org, without a path";
        let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if is_bare && matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url.origin().ascii_serialization()))
        } else {
            Err(wrong().to_owned())
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_private_and_begin_at_their_first_address() {
        for right in ["10.215.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.7.0/24"] {
            assert_eq!(right.parse::<NetworkRange>().unwrap().net().to_string(), right);
        }
        for wrong in ["10.215.0.0", "8.8.8.0/24", "10.0.0.0/25", "10.0.0.0/7", "10.1.2.3/16", ""] {
            assert!(wrong.parse::<NetworkRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_networks_size_is_a_prefix_length() {
        for right in ["22", "/22"] {
            assert_eq!(right.parse::<NetworkSize>().unwrap().bits(), 22);
        }
        for wrong in ["15", "30", "-1", "1024", "", "x"] {
            assert!(wrong.parse::<NetworkSize>().unwrap_err().contains("16 to 29"), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("1h 30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        for wrong in ["", "30", "s", "1x", "-1s", "1h-30m", "99999999999999999999s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
        assert!("500ms".parse::<Interval>().is_err());
        assert!("25h".parse::<Interval>().is_err());
    }

    #[test]
    fn a_place_to_listen_is_an_address_and_a_port() {
        for (text, place) in [("127.0.0.1:80", "127.0.0.1:80"), ("localhost:1", "127.0.0.1:1")] {
            assert_eq!(text.parse::<ListenAddr>().unwrap().addr().to_string(), place);
        }
        assert!("[::1]:8080".parse::<ListenAddr>().is_ok());
        for wrong in ["8080", ":8080", "127.0.0.1", "127.0.0.1:99999", "host:80", ""] {
            assert!(wrong.parse::<ListenAddr>().unwrap_err().contains("0.0.0.0:8080"), "{wrong}");
        }
    }

    // S04
    #[test]
    fn a_trusted_proxy_is_an_address_or_a_network_and_never_everybody() {
        for (text, net) in [
            ("127.0.0.1", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            (" 10.0.0.0/8 ", "10.0.0.0/8"),
            ("fd00::/8", "fd00::/8"),
        ] {
            assert_eq!(text.parse::<TrustedProxy>().unwrap().net().to_string(), net);
        }
        for wrong in ["", "*", "proxy", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.0/33"] {
            assert!(wrong.parse::<TrustedProxy>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin: Origin = "HTTPS://Easel.Example.org:443/".parse().unwrap();

        assert_eq!(origin.as_str(), "https://easel.example.org");
        for wrong in ["easel.example.org", "ftp://x", "https://x/path", "https://u:p@x", "*"] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
