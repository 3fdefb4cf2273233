//! The signal that asks a container to stop.

use crate::name::Invalid;
use serde::{Deserialize, Serialize};

/// A signal by its name, such as `SIGINT` or `SIGRTMIN+3`.
///
/// Invariant: one of Linux's (signal(7)), in capital letters, with `SIG`. A name without it, in small
/// letters, or a number from 1 to 31 is read as the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct StopSignal(String);
crate::name::text_type!(StopSignal);

/// In the order of their numbers on Linux, from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

impl TryFrom<String> for StopSignal {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let upper = raw.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let by_number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let name = by_number.and_then(|index| NAMES.get(index).copied()).unwrap_or(name);
        // The engine knows the first half of the real-time signals from below.
        let is_real_time = match name.strip_prefix("RTMIN") {
            Some("") => true,
            Some(rest) => {
                let number = rest.strip_prefix('+').and_then(|it| it.parse::<u8>().ok());
                number.is_some_and(|number| (1..=15).contains(&number))
            }
            None => false,
        };
        if is_real_time || NAMES.contains(&name) {
            Ok(Self(format!("SIG{name}")))
        } else {
            Err(Invalid::new("must be a signal such as SIGTERM, SIGINT or SIGQUIT"))
        }
    }
}
