//! What can go wrong with a request, sorted by what a screen does about it.

use std::fmt;

use domain::{
    ChangeId, Invalid, Map,
    api::{ErrorBody, ErrorCode},
    check::Problem,
    conflict::Conflict,
};

#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// Nobody answered: no network, or Easel is not running.
    Offline,
    /// It took too long. Whether it happened is not known.
    Slow,
    /// Sign in, or sign in again.
    Unauthorized(String),
    /// Ask somebody who may.
    Forbidden(String),
    /// Look elsewhere.
    NotFound(String),
    /// Send something else: what is wrong, by field.
    Invalid { message: String, fields: Map<String, Vec<String>> },
    /// It clashes with something that exists, or with what others did meanwhile.
    Conflict { message: String, conflicts: Vec<Conflict> },
    /// More is needed than was named.
    Incomplete { message: String, closure: Vec<ChangeId>, missing: Vec<ChangeId> },
    /// Mend these first.
    Blocked { message: String, problems: Vec<Problem> },
    /// Anything else: a sentence, and how the log calls this request.
    Other { message: String, request: Option<String> },
}

impl ApiError {
    /// What the server would say of a field that breaks this rule.
    #[must_use]
    pub fn of_field(name: &str, rule: &Invalid) -> Self {
        let fields = Map::from([(name.to_owned(), vec![rule.to_string()])]);
        Self::Invalid { message: format!("{name} {rule}"), fields }
    }

    /// What an answer that is no success means.
    #[must_use]
    pub fn read(status: u16, body: &str, request: Option<&str>) -> Self {
        let Ok(said) = serde_json::from_str::<ErrorBody>(body) else {
            // Not Easel's words: somebody on the way says that Easel does not answer.
            return match status {
                502..=504 => Self::Offline,
                401 => Self::Unauthorized("sign in first".to_owned()),
                _ => Self::unread(status, request),
            };
        };
        if status == 401 { Self::Unauthorized(said.message) } else { Self::said(said, request) }
    }

    /// What Easel has said.
    #[must_use]
    pub fn said(said: ErrorBody, request: Option<&str>) -> Self {
        let ErrorBody { error, message, errors, closure, missing, conflicts, problems } = said;
        match error {
            ErrorCode::Unauthorized => Self::Unauthorized(message),
            ErrorCode::Forbidden => Self::Forbidden(message),
            ErrorCode::NotFound => Self::NotFound(message),
            ErrorCode::Invalid => Self::Invalid { message, fields: errors },
            ErrorCode::Conflict | ErrorCode::InvalidState => Self::Conflict { message, conflicts },
            ErrorCode::Incomplete => Self::Incomplete { message, closure, missing },
            ErrorCode::Blocked => Self::Blocked { message, problems },
            ErrorCode::MethodNotAllowed
            | ErrorCode::TooLarge
            | ErrorCode::TooSlow
            | ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::StorageFull
            | ErrorCode::Internal
            | ErrorCode::Unknown => Self::Other { message, request: request.map(str::to_owned) },
        }
    }

    /// An answer that cannot be read.
    #[must_use]
    pub fn unread(status: u16, request: Option<&str>) -> Self {
        Self::Other {
            message: format!(
                "the server's answer ({status}) could not be read; reload the page, since it may be of another version"
            ),
            request: request.map(str::to_owned),
        }
    }

    /// What is wrong with one field, as a sentence.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        match self {
            Self::Invalid { fields, .. } => {
                let rules = fields.get(name)?;
                Some(rules.iter().map(|rule| sentence(rule)).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        }
    }

    /// What is wrong beside these fields, as a sentence; `None` when they say it all.
    #[must_use]
    pub fn other_errors(&self, shown: &[&str]) -> Option<String> {
        let Self::Invalid { message, fields } = self else { return Some(self.to_string()) };
        let rest: Vec<String> = (fields.iter())
            .filter(|(name, _)| !shown.contains(&name.as_str()))
            .flat_map(|(name, rules)| {
                rules.iter().map(move |rule| sentence(&format!("{name} {rule}")))
            })
            .collect();
        match (fields.is_empty(), rest.is_empty()) {
            (true, _) => Some(sentence(message)),
            (false, true) => None,
            (false, false) => Some(rest.join(" ")),
        }
    }

    /// Whether the same may work a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Offline | Self::Slow | Self::Other { .. })
    }

    /// How the log calls the request.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        match self {
            Self::Other { request, .. } => request.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => out.write_str(
                "Easel does not answer. Check that it runs and that you have a network, then try again.",
            ),
            Self::Slow => out.write_str(
                "Easel took too long to answer. It may have happened all the same: look before you try again.",
            ),
            Self::Unauthorized(message)
            | Self::Forbidden(message)
            | Self::NotFound(message)
            | Self::Invalid { message, .. }
            | Self::Conflict { message, .. }
            | Self::Incomplete { message, .. }
            | Self::Blocked { message, .. }
            | Self::Other { message, .. } => out.write_str(&sentence(message)),
        }
    }
}

impl std::error::Error for ApiError {}

/// A rule or message as a sentence: with a capital and a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    // Machine text is marked for those who read it raw.
    let text = text.replace('`', "");
    let mut out = text.trim().to_owned();
    if let Some(first) = out.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !out.is_empty() && !out.ends_with(['.', '!', '?', ':', '…']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_told_beside_it_and_nothing_else_is_left_to_say() {
        let body = r#"{"error":"invalid","message":"name must not be empty",
            "errors":{"name":["must not be empty"]}}"#;

        let error = ApiError::read(422, body, None);

        assert_eq!(error.field("name").as_deref(), Some("Must not be empty."));
        assert_eq!(error.field("email"), None);
        assert_eq!(error.other_errors(&["name"]), None);
        assert_eq!(error.other_errors(&[]).as_deref(), Some("Name must not be empty."));
    }

    #[test]
    fn what_must_be_applied_together_comes_along() {
        let id = "0193a1f0-0000-7000-8000-000000000001";
        let body = format!(
            r#"{{"error":"incomplete","message":"more","closure":["{id}"],"missing":["{id}"]}}"#
        );

        let ApiError::Incomplete { closure, missing, .. } = ApiError::read(409, &body, None) else {
            panic!("another kind of error");
        };

        assert_eq!((closure.len(), missing.len()), (1, 1));
    }

    #[test]
    fn a_proxy_that_finds_nobody_means_offline() {
        assert_eq!(ApiError::read(502, "<html>Bad gateway</html>", None), ApiError::Offline);
    }

    #[test]
    fn an_internal_error_says_how_the_log_calls_it() {
        let body = r#"{"error":"internal","message":"could not list projects"}"#;

        let error = ApiError::read(500, body, Some("r-1"));

        assert_eq!(error.to_string(), "Could not list projects.");
        assert_eq!(error.request(), Some("r-1"));
        assert!(error.is_passing());
    }

    #[test]
    fn an_unknown_answer_is_no_dead_end() {
        assert!(ApiError::read(418, "teapot", None).to_string().contains("reload"));
        assert_eq!(ApiError::read(401, "", None).to_string(), "Sign in first.");
    }
}
