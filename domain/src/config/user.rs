//! As whom a container's program runs.

use crate::name::{Invalid, text_type};
use serde::{Deserialize, Serialize};

/// A user of the image, and perhaps a group: `1000`, `app`, `1000:1000`, `app:staff`.
///
/// Invariant: one or two parts, each a number of 32 bits or a name of `a-z`, `A-Z`, `0-9`, `_`, `.` and
/// `-` that begins with a letter or `_`, at most 32 bytes (useradd(8)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ContainerUser(String);
text_type!(ContainerUser);

impl TryFrom<String> for ContainerUser {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let user = raw.trim();
        let parts = user.split(':');
        if parts.clone().count() <= 2 && parts.clone().all(is_id_or_name) {
            Ok(Self(user.to_owned()))
        } else {
            Err(Invalid::new("must be a user of the image, such as 1000, app or 1000:1000"))
        }
    }
}

fn is_id_or_name(part: &str) -> bool {
    if part.starts_with(|first: char| first.is_ascii_digit()) {
        return part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok();
    }
    (1..=32).contains(&part.len())
        && part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
