//! Where a container's program starts.

use crate::name::{Invalid, text_type};
use serde::{Deserialize, Serialize};

/// The folder in which a container's program starts.
///
/// Invariant: absolute, at most 255 bytes, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct WorkingDir(String);
text_type!(WorkingDir);

impl TryFrom<String> for WorkingDir {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let path = raw.trim();
        if path.starts_with('/') && path.len() <= 255 && !path.chars().any(char::is_control) {
            Ok(Self(path.to_owned()))
        } else {
            Err(Invalid::new("must be an absolute path in the container, such as /app"))
        }
    }
}
