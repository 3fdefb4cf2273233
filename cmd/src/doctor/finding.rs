//! What was looked at, and how it is.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) what: &'static str,
    /// How it is.
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    pub(super) fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Ok, found: found.into(), next: None }
    }

    pub(super) fn warn(
        what: &'static str,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { what, verdict: Verdict::Warn, found: found.into(), next: Some(next.into()) }
    }

    pub(super) fn fail(
        what: &'static str,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { what, verdict: Verdict::Fail, found: found.into(), next: Some(next.into()) }
    }
}
