//! Names of people, for lists that speak of them by id.

use crate::{app::App, error::Result};
use domain::{Error, Name, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// The names of these people; who has no account any more is left out.
pub(crate) async fn names(app: &App, ids: BTreeSet<UserId>) -> Result<BTreeMap<UserId, Name>> {
    let mut names = BTreeMap::new();
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
