//! Image references.

use crate::name::{Invalid, text_type};
use serde::{Deserialize, Serialize};

/// A reference to an image, as the engine understands it: `[registry/]name[:tag][@sha256:…]`.
///
/// Invariant: lower-case path, well-formed tag and digest, at most 512 bytes; never begins with `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ImageRef(String);
text_type!(ImageRef);

impl ImageRef {
    /// Name without tag and digest: `registry/name`.
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
        let mut parts = repository.split('/').peekable();
        let first = parts.peek().copied().unwrap_or_default();
        let has_registry =
            repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let registry_ok = !has_registry || is_registry(parts.next().unwrap_or_default());
        let path_ok = registry_ok && parts.clone().next().is_some() && parts.all(is_path_component);
        if !path_ok {
            return Err(Invalid::new(
                "must be an image such as `nginx:1.27` or `ghcr.io/team/app:v2`, in lower case",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(Invalid::new("has a tag that no registry accepts"));
        }
        let is_digest = |digest: &str| {
            digest.strip_prefix("sha256:").is_some_and(|hex| {
                hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            })
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(Invalid::new("has a digest that is not `sha256:` and 64 hex digits"));
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_registry(host: &str) -> bool {
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_path_component(part: &str) -> bool {
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    !bytes.is_empty()
        && edge(bytes[0])
        && edge(bytes[bytes.len() - 1])
        && bytes.iter().all(|&byte| edge(byte) || matches!(byte, b'.' | b'_' | b'-'))
        && !part.contains("..")
        && !part.contains("___")
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
