//! Names that people type. Whoever holds one holds the proof that it is well formed.

use crate::visible::{is_hidden, is_visible};
use serde::{Deserialize, Serialize};

/// What a typed value must be like, as a sentence that can stand beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// A rule that was not kept.
    pub fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }
}

/// Gives a newtype around `String` its door: serde and callers go through the same `TryFrom`.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::name::Invalid;

            fn try_from(raw: &str) -> Result<Self, Self::Error> {
                Self::try_from(raw.to_owned())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::Invalid;

            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                Self::try_from(raw.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_type;

/// Gives an enum whose values are words all of them, in order, and reads and shows each as its word,
/// which is also how it is written in JSON. A hyphen is read like an underscore.
///
/// Where a person chooses among them, each word has a label that says what it means.
macro_rules! word_type {
    ($name:ident { $($variant:ident = $word:literal: $label:literal),+ $(,)? }) => {
        impl $name {
            /// The words, each with what it means.
            pub const CHOICES: &'static [(&'static str, &'static str)] = &[$(($word, $label)),+];
        }

        $crate::name::word_type!($name { $($variant = $word),+ });
    };
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::Invalid;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let known = word.replace('-', "_");
                Self::ALL.iter().copied().find(|it| it.as_str() == known).ok_or_else(|| {
                    $crate::name::Invalid::new(concat!("must be one of" $(, " `", $word, "`")+))
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use word_type;

/// Says to the API document that an enum is written as text.
#[cfg(feature = "openapi")]
macro_rules! text_schema {
    ($name:ident) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                String::schema()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
#[cfg(feature = "openapi")]
pub(crate) use text_schema;

/// What something is called on the screen.
///
/// Invariant: 1 to 100 characters, trimmed, all of which can be seen, and none of `{}$`, which would make
/// it unfit for a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Name(String);
text_type!(Name);

impl Name {
    /// Whether both are the same to a person: names differ in more than letter case.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl TryFrom<String> for Name {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let name = raw.trim();
        if name.is_empty() {
            return Err(Invalid::new("must not be empty"));
        }
        if name.chars().count() > 100 {
            return Err(Invalid::new("must be at most 100 characters long"));
        }
        if !is_visible(name) {
            return Err(Invalid::new("must not contain control or invisible characters"));
        }
        if name.contains(['{', '}', '$']) {
            return Err(Invalid::new("must not contain any of { } $"));
        }
        Ok(Self(name.to_owned()))
    }
}

/// A service's slug, which is also its name on the private network: a DNS label.
///
/// Invariant: 1 to 63 bytes of `a-z`, `0-9` and `-`, with no `-` at either end, and not
/// `shared`, which references use for shared variables.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Slug(String);
text_type!(Slug);

impl Slug {
    /// The slug that a name suggests: lower case, every run of other characters one hyphen, at
    /// most 40 bytes; `fallback` when nothing is left, and with `-1` behind it what is no host's
    /// name.
    #[must_use]
    pub fn suggest(name: &str, fallback: &str) -> Self {
        let mut slug = String::new();
        for letter in name.chars().flat_map(char::to_lowercase) {
            if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
                slug.push(letter);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(40);
        let slug = slug.trim_end_matches('-');
        match Self::try_from(slug) {
            Ok(slug) if slug.is_host_name() => slug,
            Ok(taken) => taken.with_suffix("1"),
            Err(_) => Self(if slug == "shared" { "shared-1" } else { fallback }.to_owned()),
        }
    }

    /// Whether resolvers take it for a name, and ask the network for it: not for an address, which
    /// a lone number is (`2048`, `0x7f`; `inet_aton(3)`, and the URL standard's IPv4 parser), and not
    /// for what every container's `/etc/hosts` leads elsewhere.
    #[must_use]
    pub fn is_host_name(&self) -> bool {
        const HOSTS: [&str; 7] = [
            "localhost",
            "ip6-localhost",
            "ip6-loopback",
            "ip6-localnet",
            "ip6-mcastprefix",
            "ip6-allnodes",
            "ip6-allrouters",
        ];
        let is_number = match self.0.strip_prefix("0x") {
            Some(hexadecimal) => hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => self.0.bytes().all(|byte| byte.is_ascii_digit()),
        };
        !is_number && !HOSTS.contains(&self.as_str())
    }

    /// This slug with `-suffix` at its end, shortened so that it stays a DNS label.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let room = 62_usize.saturating_sub(suffix.len());
        let head = &self.0[..self.0.len().min(room)];
        Self(format!("{}-{suffix}", head.trim_end_matches('-')))
    }
}

impl TryFrom<String> for Slug {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_label = (1..=63).contains(&raw.len())
            && raw.bytes().all(allowed)
            && !raw.starts_with('-')
            && !raw.ends_with('-');

        if !is_label {
            return Err(Invalid::new(
                "must be 1 to 63 of a-z, 0-9 and -, and must not begin or end with -",
            ));
        }
        if raw == "shared" {
            return Err(Invalid::new("must not be `shared`, which means the shared variables"));
        }
        Ok(Self(raw))
    }
}

/// An e-mail address, lower-cased, so that one person has one account.
///
/// Invariant: at most 254 bytes, something on both sides of one `@`, no blanks or controls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Email(String);
text_type!(Email);

impl TryFrom<String> for Email {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let email = raw.trim().to_lowercase();
        let is_address = email.len() <= 254
            && !email.chars().any(|letter| letter.is_whitespace() || is_hidden(letter))
            && email.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && !host.is_empty() && !host.contains('@')
            });
        if is_address { Ok(Self(email)) } else { Err(Invalid::new("must be an e-mail address")) }
    }
}

/// An absolute `https` or `http` address of a picture.
///
/// Invariant: at most 2,048 bytes, with a host, without blanks or controls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct IconUrl(String);
text_type!(IconUrl);

impl TryFrom<String> for IconUrl {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let rest = raw.strip_prefix("https://").or_else(|| raw.strip_prefix("http://"));
        let has_host = rest.is_some_and(|rest| {
            rest.split(['/', '?', '#']).next().is_some_and(|host| {
                !host.is_empty() && !host.starts_with(':') && !host.contains('@')
            })
        });
        if raw.len() > 2048 {
            Err(Invalid::new("must be at most 2048 characters long"))
        } else if !has_host || raw.chars().any(|letter| letter.is_whitespace() || is_hidden(letter))
        {
            Err(Invalid::new("must be an absolute http or https address with a host"))
        } else {
            Ok(Self(raw))
        }
    }
}

/// The name of a variable.
///
/// Invariant: 1 to 255 bytes of visible ASCII without `=`, which ends a key, `/`, which ends a part
/// of an address, and `{}$`. Images ask for more than shells can read: `discovery.type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct VariableKey(String);
text_type!(VariableKey);

impl TryFrom<String> for VariableKey {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && !b"=/{}$".contains(&byte);
        if (1..=255).contains(&raw.len()) && raw.bytes().all(allowed) {
            Ok(Self(raw))
        } else {
            Err(Invalid::new(
                "must be 1 to 255 letters, digits and signs (ASCII), none of them a blank or one \
                 of = / { } $",
            ))
        }
    }
}

impl VariableKey {
    /// Whether a shell can read it and a reference can name it: a letter or `_`, then letters,
    /// digits and `_`.
    #[must_use]
    pub fn is_identifier(&self) -> bool {
        self.0.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }
}

/// Where in a container something is mounted.
///
/// Invariant: absolute, at most 255 bytes, no `..`, `//`, `:` or control characters, not `/`
/// itself and nothing under `/proc`, `/sys` or `/dev`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct MountPath(String);
text_type!(MountPath);

impl TryFrom<String> for MountPath {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let path = if raw.len() > 1 { raw.trim_end_matches('/') } else { &raw };
        let well_formed = path.len() > 1
            && path.len() <= 255
            && path.starts_with('/')
            && path[1..].split('/').all(|part| !part.is_empty() && part != "." && part != "..")
            && !path.contains(':')
            && is_visible(path);
        if !well_formed {
            return Err(Invalid::new("must be an absolute path in the container, such as /data"));
        }
        let kernel = ["/proc", "/sys", "/dev"];
        if kernel.iter().any(|top| path == *top || path.starts_with(&format!("{top}/"))) {
            return Err(Invalid::new("must not lie in /proc, /sys or /dev"));
        }
        Ok(Self(path.to_owned()))
    }
}

/// A revision's message or a description: short text for people, which may have several lines.
///
/// Invariant: at most 500 characters, no control characters but newline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Message(String);
text_type!(Message);

impl TryFrom<String> for Message {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let text = raw.replace("\r\n", "\n");
        let text = text.trim();
        if text.chars().count() > 500 {
            return Err(Invalid::new("must be at most 500 characters long"));
        }
        if !text.lines().all(is_visible) {
            return Err(Invalid::new("must not contain control or invisible characters"));
        }
        Ok(Self(text.to_owned()))
    }
}
