//! Values of settings that keep in bounds what people run.

use super::value::words;
use domain::outbound::AllowedHost;
use runtime::{DefaultMemory, SharedImage};
use serde::Deserialize;
use std::str::FromStr;

/// A value that another crate reads.
macro_rules! of {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(pub $inner);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.parse().map(Self).map_err(|error: domain::Invalid| error.to_string())
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

of!(
    /// A registry that may be asked although it is not on the public internet.
    AllowedRegistry(AllowedHost)
);
of!(
    /// Images that every project may use as the engine has them.
    SharedImageName(SharedImage)
);
of!(
    /// How much memory a container gets that has no limit of its own.
    MemoryDefault(DefaultMemory)
);

/// Whether containers are kept from the host by its packet rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum HostIsolation {
    /// Easel writes the rules where it may.
    #[default]
    On,
    /// Somebody else does, or nobody.
    Off,
}
words!(HostIsolation, "must be on or off", "on" => On, "off" => Off);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_must_be_like_is_told() {
        let told = [
            "http://x".parse::<AllowedRegistry>().unwrap_err(),
            "nginx:1".parse::<SharedImageName>().unwrap_err(),
            "2g".parse::<MemoryDefault>().unwrap_err(),
            "maybe".parse::<HostIsolation>().unwrap_err(),
        ];

        assert!(told.iter().all(|rule| rule.starts_with("must be ")), "{told:?}");
        for right in ["registry.lan", "registry.lan:5000", "10.0.0.0/8", "127.0.0.1", "fd00::/8"] {
            assert!(right.parse::<AllowedRegistry>().is_ok(), "{right}");
        }
    }
}
