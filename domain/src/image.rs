//! Image references.

use crate::name::{Invalid, text_type};
use serde::{Deserialize, Serialize};
use std::net::Ipv6Addr;

/// The registry of names that name none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Where in it names lie that have one part.
const DEFAULT_FOLDER: &str = "library/";
/// The longest name that engines take, with all that they add.
const MAX_REPOSITORY: usize = 255;

/// A reference to an image, by the grammar of the distribution project that all engines read:
/// `[registry/]name[:tag][@digest]`.
///
/// It is a name, and never an engine's id of an image: whoever asks an engine for it uses its
/// [`full_name`](Self::full_name), which can be read in one way only.
///
/// Invariant: lower-case path, well-formed tag and digest, at most 512 bytes; never begins with `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ImageRef(String);
text_type!(ImageRef);

impl ImageRef {
    /// Name without tag and digest, as it was typed: `registry/name`.
    #[must_use]
    pub fn repository(&self) -> &str {
        split_image(&self.0).0
    }

    /// The tag; `latest` when neither a tag nor a digest is given.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let (_, tag, digest) = split_image(&self.0);
        tag.or(if digest.is_none() { Some("latest") } else { None })
    }

    /// The digest, if it is pinned: `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        split_image(&self.0).2
    }

    /// The registry that it is asked of: host and perhaps port.
    #[must_use]
    pub fn registry(&self) -> &str {
        split_registry(self.repository()).0.unwrap_or(DEFAULT_REGISTRY)
    }

    /// The name with all that an engine would add to it: `docker.io/library/nginx`.
    #[must_use]
    pub fn full_repository(&self) -> String {
        full_repository(self.repository())
    }

    /// The one name by which an engine is asked for it: `docker.io/library/nginx:latest`. With a
    /// digest, that alone counts.
    ///
    /// Engines take a short name for a name, or else for an id or the beginning of one. A full name is
    /// neither.
    #[must_use]
    pub fn full_name(&self) -> String {
        let repository = self.full_repository();
        match (self.digest(), self.tag()) {
            (Some(digest), _) => format!("{repository}@{digest}"),
            (None, tag) => format!("{repository}:{}", tag.unwrap_or("latest")),
        }
    }
}

/// A repository's name, as typed or as an engine shows it, with all that an engine would add to it. What are
/// two names for the same becomes one.
#[must_use]
pub fn full_repository(repository: &str) -> String {
    let (registry, path) = split_registry(repository);
    match registry {
        None | Some("docker.io" | "index.docker.io") if path.contains('/') => {
            format!("{DEFAULT_REGISTRY}/{path}")
        }
        None | Some("docker.io" | "index.docker.io") => {
            format!("{DEFAULT_REGISTRY}/{DEFAULT_FOLDER}{path}")
        }
        Some(registry) => format!("{registry}/{path}"),
    }
}

/// `(repository, tag, digest)`. A colon before the last slash is a port, not a tag.
fn split_image(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (head, digest) =
        text.split_once('@').map_or((text, None), |(head, digest)| (head, Some(digest)));
    let slash = head.rfind('/').map_or(0, |at| at + 1);
    match head[slash..].find(':') {
        Some(colon) => (&head[..slash + colon], Some(&head[slash + colon + 1..]), digest),
        None => (head, None, digest),
    }
}

/// `(registry, path)`: a first part is a registry when it could be no folder.
fn split_registry(repository: &str) -> (Option<&str>, &str) {
    match repository.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), path)
        }
        _ => (None, repository),
    }
}

impl TryFrom<String> for ImageRef {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(Invalid::new("must not be empty"));
        }
        if text.len() > 512 {
            return Err(Invalid::new("must be at most 512 characters long"));
        }
        let (repository, tag, digest) = split_image(text);
        if is_id(repository, tag) {
            return Err(Invalid::new(
                "must be the name of an image, such as `nginx:1.27`; this is an engine's id of one",
            ));
        }
        let (registry, path) = split_registry(repository);
        if !registry.is_none_or(is_registry) || !path.split('/').all(is_path_component) {
            return Err(Invalid::new(
                "must be an image such as `nginx:1.27` or `ghcr.io/team/app:v2`, in lower case",
            ));
        }
        if full_repository(repository).len() > MAX_REPOSITORY {
            return Err(Invalid::new("has a name that is longer than any engine takes"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(Invalid::new("has a tag that no registry accepts"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(Invalid::new(
                "has a digest that is not `sha256:` and 64 hex digits, or `sha512:` and 128",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What engines show as ids. By the grammar some of them could be names; but nobody means that.
fn is_id(repository: &str, tag: Option<&str>) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_hexdigit());
    let is_algorithm = matches!(repository, "sha256" | "sha384" | "sha512");
    (is_algorithm && tag.is_some_and(is_hex))
        || (tag.is_none() && repository.len() == 64 && is_hex(repository))
}

/// `host[:port]`, where an IPv6 address stands in brackets.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, rest)) = rest.split_once(']') else { return false };
            if address.parse::<Ipv6Addr>().is_err() || !(rest.is_empty() || rest.starts_with(':')) {
                return false;
            }
            (None, rest.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|it| it > 0)
    };
    host.is_none_or(|host| host.split('.').all(is_label)) && port.is_none_or(is_port)
}

/// Words of lower-case letters and digits, joined by one dot, one or two underscores, or hyphens.
fn is_path_component(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut joints = part.split(|letter: char| letter.is_ascii() && is_word(letter as u8));
    let ends_well =
        part.bytes().next().is_some_and(is_word) && part.bytes().last().is_some_and(is_word);
    let is_joint =
        |joint: &str| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|it| it == b'-');
    ends_well && joints.all(is_joint)
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// One of the algorithms that engines know, and as many digits as it gives.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == digits && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
