//! What is to be written is decided before the database's turn, upon what was read without it. Only
//! if somebody else has written in between is it decided again.

use crate::{
    Store,
    loaded::LoadedWorkspace,
    spec, staging,
    transaction::{Concern, Transaction},
};
use domain::{EnvironmentId, Result, access::Mutation};
use serde::{Serialize, de::DeserializeOwned};

/// So often it is decided without the turn. Where others keep writing, it is decided within it.
const TRIES: usize = 3;

/// A request to decide upon: what it is called, and what makes another one of it.
pub(crate) struct Request<'a, C> {
    pub(crate) by: &'a Mutation,
    pub(crate) environment: EnvironmentId,
    pub(crate) action: &'static str,
    pub(crate) content: C,
    pub(crate) concerns: Concern,
}

/// How it goes on.
pub(crate) enum Decided<T, A> {
    /// The turn, the environment as it is, and what was decided about it.
    Now(Transaction, Box<LoadedWorkspace>, T),
    /// The same request was answered before, from this.
    Before(Transaction, A),
}

impl Store {
    /// Decides about an environment, and takes the turn to write what was decided.
    pub(crate) async fn decide<T, A: DeserializeOwned>(
        &self,
        request: Request<'_, impl Serialize + Sync>,
        decide: impl Fn(&LoadedWorkspace) -> Result<T>,
    ) -> Result<Decided<T, A>> {
        let Request { by, environment, action, content, concerns } = request;
        for _ in 0..TRIES {
            let mut loaded = self.look_at(environment).await?;
            let decided = decide(&loaded);
            // What is refused needs no turn, unless it is what was answered before.
            let decided = match decided {
                Err(refused) if by.idempotency.is_none() => return Err(refused),
                decided => decided,
            };
            let mut tx = self.begin_for(concerns).await?;
            if let Some(answer) = tx.find_answer(by, action, &content).await? {
                return Ok(Decided::Before(tx, answer));
            }
            let (row, project) = spec::find(&tx.db, environment).await?;
            if loaded.base.is_still(&row, &project) {
                loaded.base.environment = row;
                return Ok(Decided::Now(tx, Box::new(loaded), decided?));
            }
        }
        let mut tx = self.begin_for(concerns).await?;
        if let Some(answer) = tx.find_answer(by, action, &content).await? {
            return Ok(Decided::Before(tx, answer));
        }
        let loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let decided = decide(&loaded)?;
        Ok(Decided::Now(tx, Box::new(loaded), decided))
    }
}
