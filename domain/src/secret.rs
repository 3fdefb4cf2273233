//! Text that must not be printed.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// Text whose `Debug` prints stars, so that no log or panic can give it away.
///
/// A clone shares the text: values are large, and go through many hands. It has no `Display`. Whoever needs the text says [`expose`](Self::expose), which is easy to find.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps text that must not be printed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}
