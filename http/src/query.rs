//! The query: wrong values are said to be wrong.

use crate::{error::ErrorResponse, json::explain};
use axum::{
    extract::{FromRequestParts, Query as AxumQuery},
    http::request::Parts,
};
use domain::page::Page;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use utoipa::IntoParams;

/// The query, with rejections turned into [`ErrorResponse`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match AxumQuery::from_request_parts(parts, state).await {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(rejection) => Err(refusal(&rejection.body_text())),
        }
    }
}

/// Which parameter, and what it must be like, from axum's words: a title, the parameter where it
/// is known, and what serde says.
fn refusal(text: &str) -> ErrorResponse {
    let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let (name, rule) = match text.split_once(": ") {
        Some((name, rule)) if !name.contains([' ', '`']) => (name, rule),
        _ => ("", text),
    };
    let (field, rule) = if let Some(rest) = rule.strip_prefix("duplicate field `") {
        (rest.trim_end_matches('`').to_owned(), "must be given only once".to_owned())
    } else if rule.starts_with("provided string was not `true` or `false`") {
        (name.to_owned(), "must be true or false".to_owned())
    } else {
        explain(name, rule)
    };
    ErrorResponse::wrong_query(if field == "body" { "query".to_owned() } else { field }, rule)
}

/// A whole number within bounds, as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoundedInt<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for BoundedInt<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The standard library would take a sign as well.
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (text.parse().ok())
            .filter(|number| is_digits && (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| {
                D::Error::custom(if MAX >= FURTHEST && !is_digits {
                    format!("must be a whole number, {MIN} or more")
                } else {
                    format!("must be a whole number from {MIN} to {MAX}")
                })
            })
    }
}

/// No list is longer than the database can count.
const FURTHEST: u64 = i64::MAX.unsigned_abs();

/// Which part of a list (DK-158): `limit` 20 unless given, 100 at most.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many to leave out.
    #[param(value_type = Option<u64>)]
    offset: Option<BoundedInt<0, FURTHEST>>,
    /// How many at most: 1 to 100, 20 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100)]
    limit: Option<BoundedInt<1, 100>>,
}

impl From<Paging> for Page {
    fn from(paging: Paging) -> Self {
        Self {
            offset: paging.offset.map_or(0, |BoundedInt(offset)| offset),
            limit: paging.limit.map_or(Self::FIRST.limit, |BoundedInt(limit)| limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[derive(Debug, Deserialize)]
    struct Asked {
        #[expect(dead_code, reason = "only parsed")]
        limit: Option<BoundedInt<1, 100>>,
        #[expect(dead_code, reason = "only parsed")]
        follow: Option<bool>,
        #[expect(dead_code, reason = "only parsed")]
        deployment: Option<domain::DeploymentId>,
        #[expect(dead_code, reason = "only parsed")]
        status: Option<domain::Strategy>,
    }

    async fn refusal(query: &str) -> String {
        let request = Request::builder().uri(format!("/x?{query}")).body(()).expect("it is sound");
        let (mut parts, ()) = request.into_parts();
        let answer = Query::<Asked>::from_request_parts(&mut parts, &()).await;
        let answer = answer.expect_err("it is refused");
        assert_eq!(answer.status(), 400);
        answer.body.message
    }

    // DK-158, S66: nothing is silently cut or taken for the default.
    #[tokio::test]
    async fn a_wrong_parameter_is_named_with_what_it_may_be() {
        for wrong in ["0", "101", "abc", "-1", "%2B5", "1e9", "1.5", "", "99999999999999999999"] {
            let said = refusal(&format!("limit={wrong}")).await;
            assert_eq!(said, "limit must be a whole number from 1 to 100", "{wrong}");
        }
        assert_eq!(refusal("follow=maybe").await, "follow must be true or false");
        assert_eq!(refusal("deployment=x").await, "deployment must be an id");
        assert_eq!(refusal("limit=1&limit=2").await, "limit must be given only once");
        assert_eq!(
            refusal("status=hunter2").await,
            "status must be one of `automatic`, `start_first`, `stop_first`"
        );
    }
}
