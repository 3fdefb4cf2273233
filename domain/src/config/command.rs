//! The command of a service.

use crate::name::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A command as a list of arguments. No shell ever reads it.
///
/// Invariant: 1 to 256 arguments without NUL, 32 KiB in all, the first not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Vec<String>))]
pub struct Command(Vec<String>);

impl Command {
    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.0
    }
}

/// Splits a typed line into arguments; quotes group, nothing is expanded.
impl FromStr for Command {
    type Err = Invalid;

    fn from_str(line: &str) -> Result<Self, Invalid> {
        let words = shell_words::split(line)
            .map_err(|_| Invalid::new("has a quote that is never closed"))?;
        Self::try_from(words)
    }
}

/// The line that would be split into these arguments.
impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&shell_words::join(&self.0))
    }
}

impl TryFrom<Vec<String>> for Command {
    type Error = Invalid;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(String::is_empty) {
            return Err(Invalid::new("must name a program"));
        }
        if words.len() > 256 || words.iter().map(String::len).sum::<usize>() > 32 * 1024 {
            return Err(Invalid::new("must be at most 256 arguments and 32 KiB in all"));
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err(Invalid::new("must not contain a NUL character"));
        }
        Ok(Self(words))
    }
}

impl From<Command> for Vec<String> {
    fn from(command: Command) -> Self {
        command.0
    }
}
