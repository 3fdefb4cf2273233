//! Names of people, for lists that speak of them by id.

use crate::{app::App, error::Result};
use domain::{Error, Map, Name, UserId};
use std::collections::BTreeSet;

/// The names of these people; who has no account any more is left out.
pub(crate) async fn names(app: &App, ids: BTreeSet<UserId>) -> Result<Map<UserId, Name>> {
    let mut names = Map::new();
    for id in ids {
        match app.accounts.user(id).await {
            Ok(user) => {
                names.insert(id, user.name);
            }
            Err(Error::NotFound(_)) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}
