//! Text with references in it: `postgres://${{db.USER}}@${{db.HOST}}/app`.
//!
//! A reference is `${{service.KEY}}`, `${{shared.KEY}}` or `${{KEY}}`, with blanks allowed inside
//! the braces. `$${{` is the literal `${{`. Anything else stays as it is. References are kept by
//! the service's id and shown by its name, so a rename never breaks one.

use crate::{Secret, ServiceId, VariableKey};
use serde::{Deserialize, Serialize};

/// Text with typed references. What `Debug` prints gives no text away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template(Vec<Segment>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Segment {
    /// Stands for itself.
    Text {
        /// Never empty, and never beside another text.
        text: Secret,
    },
    /// Stands for the value of a variable.
    Reference(Reference),
}

/// Which variable a reference means.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reference {
    /// What a service sees under this key.
    Service {
        /// Which service.
        service: ServiceId,
        /// Which variable.
        key: VariableKey,
    },
    /// The environment's shared variable.
    Shared {
        /// Which variable.
        key: VariableKey,
    },
    /// What the scope in which this is written sees under this key.
    Own {
        /// Which variable.
        key: VariableKey,
    },
    /// A service of this name, which did not exist when this was written.
    Unknown {
        /// The name as typed.
        namespace: String,
        /// Which variable.
        key: VariableKey,
    },
}

impl Reference {
    /// Which variable is meant there.
    #[must_use]
    pub fn key(&self) -> &VariableKey {
        match self {
            Self::Service { key, .. }
            | Self::Shared { key }
            | Self::Own { key }
            | Self::Unknown { key, .. } => key,
        }
    }

    /// The same, with an unknown name looked up again.
    #[must_use]
    pub fn relinked(&self, find: impl Fn(&str) -> Option<ServiceId>) -> Self {
        match self {
            Self::Unknown { namespace, key } => match find(namespace) {
                Some(service) => Self::Service { service, key: key.clone() },
                None => self.clone(),
            },
            Self::Service { .. } | Self::Shared { .. } | Self::Own { .. } => self.clone(),
        }
    }
}

const OPEN: &str = "${{";

impl Template {
    /// Text without references, whatever it contains.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut template = Self::default();
        template.push_text(text);
        template
    }

    /// Reads typed text; `find` says which service a name means.
    #[must_use]
    pub fn parse(text: &str, find: impl Fn(&str) -> Option<ServiceId>) -> Self {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find(OPEN) {
            let (before, from_open) = rest.split_at(at);
            if let Some(escaped) = before.strip_suffix('$') {
                template.push_text(escaped);
                template.push_text(OPEN);
                rest = &from_open[OPEN.len()..];
            } else if let Some((reference, len)) = read_reference(from_open, &find) {
                template.push_text(before);
                template.0.push(Segment::Reference(reference));
                rest = &from_open[len..];
            } else {
                template.push_text(before);
                template.push_text(OPEN);
                rest = &from_open[OPEN.len()..];
            }
        }
        template.push_text(rest);
        template
    }

    /// The text that [`parse`](Self::parse) reads as this; `name_of` says how a service is shown.
    #[must_use]
    pub fn render(&self, name_of: impl Fn(ServiceId) -> Option<String>) -> String {
        let mut out = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Text { text } => escape_into(&mut out, text.expose()),
                Segment::Reference(reference) => {
                    let key = reference.key();
                    let shown = match reference {
                        Reference::Service { service, .. } => {
                            let name = name_of(*service).unwrap_or_else(|| service.to_string());
                            format!("${{{{{name}.{key}}}}}")
                        }
                        Reference::Shared { .. } => format!("${{{{shared.{key}}}}}"),
                        Reference::Own { .. } => format!("${{{{{key}}}}}"),
                        Reference::Unknown { namespace, .. } => {
                            format!("${{{{{namespace}.{key}}}}}")
                        }
                    };
                    // A text that ends in `$` must not turn the reference into an escape.
                    out.push_str(&shown);
                }
            }
        }
        out
    }

    /// Its parts.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Its references, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Reference(reference) => Some(reference),
            Segment::Text { .. } => None,
        })
    }

    /// The same, with unknown names looked up again.
    #[must_use]
    pub fn relinked(&self, find: impl Fn(&str) -> Option<ServiceId>) -> Self {
        Self(
            self.0
                .iter()
                .map(|segment| match segment {
                    Segment::Reference(reference) => Segment::Reference(reference.relinked(&find)),
                    Segment::Text { .. } => segment.clone(),
                })
                .collect(),
        )
    }

    fn push_text(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        if let Some(Segment::Text { text }) = self.0.last_mut() {
            *text = Secret::new(format!("{}{more}", text.expose()));
        } else {
            self.0.push(Segment::Text { text: Secret::from(more) });
        }
    }
}

/// Writes literal text such that reading it back gives the same text.
fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        out.push_str(&rest[..at]);
        let reads_as_reference = read_reference(&rest[at..], |_| None).is_some();
        if reads_as_reference || out.ends_with('$') {
            out.push('$');
        }
        out.push_str(OPEN);
        rest = &rest[at + OPEN.len()..];
    }
    out.push_str(rest);
}

/// The reference at the start of `text`, and its length; `None` if that is no reference.
fn read_reference(
    text: &str,
    find: impl Fn(&str) -> Option<ServiceId>,
) -> Option<(Reference, usize)> {
    let inner = text.strip_prefix(OPEN)?;
    let end = inner.find(['{', '}', '$', '\n', '\r', '\0'])?;
    if !inner[end..].starts_with("}}") {
        return None;
    }
    let expression = inner[..end].trim();
    let len = OPEN.len() + end + 2;

    // Such a key has no dot, so the last one divides; a service's name may have others.
    let key = |text: &str| VariableKey::try_from(text).ok().filter(VariableKey::is_identifier);
    let reference = match expression.rsplit_once('.') {
        None => Reference::Own { key: key(expression)? },
        Some((namespace, word)) => {
            let namespace = namespace.trim();
            let key = key(word.trim())?;
            match namespace {
                "" => return None,
                "shared" => Reference::Shared { key },
                _ => match find(namespace) {
                    Some(service) => Reference::Service { service, key },
                    None => Reference::Unknown { namespace: namespace.to_owned(), key },
                },
            }
        }
    };
    Some((reference, len))
}
