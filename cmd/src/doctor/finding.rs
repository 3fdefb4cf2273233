//! What was looked at, and how it is.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) what: &'static str,
    /// How it is.
    pub(super) status: CheckStatus,
    /// What was found.
    pub(super) detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckStatus {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    pub(super) fn ok(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, status: CheckStatus::Ok, detail: detail.into(), advice: None }
    }

    pub(super) fn warn(
        what: &'static str,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { what, status: CheckStatus::Warn, detail: detail.into(), advice: Some(advice.into()) }
    }

    pub(super) fn fail(
        what: &'static str,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { what, status: CheckStatus::Fail, detail: detail.into(), advice: Some(advice.into()) }
    }
}
