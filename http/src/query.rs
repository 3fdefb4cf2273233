//! The query: wrong values are said to be wrong.

use crate::error::Problem;
use axum::{
    extract::{FromRequestParts, Query as AxumQuery},
    http::request::Parts,
};
use domain::project::Page;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

/// The query, with rejections turned into [`Problem`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumQuery::from_request_parts(parts, state).await {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.split(": ").skip(1).collect::<Vec<_>>().join(": ");
                Err(Problem::unreadable(format!("the query cannot be read: {text}")))
            }
        }
    }
}

/// Which part of a list (DK-158): `limit` 20 unless given, 100 at most.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many to leave out.
    offset: Option<u64>,
    /// How many at most: 20 unless given, never more than 100.
    limit: Option<u64>,
}

impl From<Paging> for Page {
    fn from(paging: Paging) -> Self {
        // No list is longer than the database can count.
        let offset = paging.offset.unwrap_or(0).min(i64::MAX.unsigned_abs());
        Self::new(offset, paging.limit.unwrap_or(0))
    }
}

/// A page, and what of a list it shows.
pub(crate) fn slice<T>(all: Vec<T>, page: Page) -> domain::project::Paged<T> {
    let total_count = all.len() as u64;
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    domain::project::Paged {
        data: all.into_iter().skip(offset).take(limit).collect(),
        total_count,
        offset: page.offset,
        limit: page.limit,
    }
}
