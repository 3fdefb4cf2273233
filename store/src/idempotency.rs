//! The same request twice is one mutation: its second answer is made of the first one's ids.

use crate::{
    error::failed,
    row::{json, parse},
    table::idempotency,
    transaction::{IdempotentRequest, Transaction},
};
use domain::{Error, Result, access::Mutation};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// How long a request is recognised.
pub(crate) const ANSWER_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

impl Transaction {
    /// What the same request was answered before: ids, from which the answer is read anew.
    ///
    /// `Invalid` when the key was used for something else.
    pub(crate) async fn find_answer<T: DeserializeOwned>(
        &mut self,
        by: &Mutation,
        action: &str,
        content: &(impl Serialize + Sync),
    ) -> Result<Option<T>> {
        let Some(key) = &by.idempotency else { return Ok(None) };
        let content = json(&(action, content))?;
        let fingerprint = self.inner.keyring.fingerprint(content.as_bytes());
        let row =
            idempotency::Entity::find_by_id((by.actor.user.as_uuid(), key.as_str().to_owned()))
                .one(&self.db)
                .await
                .map_err(failed("look for a repeated request"))?;
        match row {
            Some(row) if row.at + lifetime() <= self.now.as_millis() => {
                idempotency::Entity::delete_by_id((row.account_id, row.key))
                    .exec(&self.db)
                    .await
                    .map_err(failed("forget an old request"))?;
            }
            Some(row) if row.fingerprint == fingerprint => return parse(&row.answer).map(Some),
            Some(_) => {
                return Err(Error::field(
                    "Idempotency-Key",
                    "was used for another request; use a new one",
                ));
            }
            None => (),
        }
        self.idempotent_request = Some(IdempotentRequest { key: key.clone(), fingerprint });
        Ok(None)
    }

    /// Keeps the ids that the answer is made of. Never a value, never a body.
    pub(crate) async fn store_answer(
        &mut self,
        by: &Mutation,
        answer: &(impl Serialize + Sync),
    ) -> Result<()> {
        let Some(IdempotentRequest { key, fingerprint }) = self.idempotent_request.take() else {
            return Ok(());
        };
        let row = idempotency::Model {
            account_id: by.actor.user.as_uuid(),
            key: key.into(),
            fingerprint,
            answer: json(answer)?,
            at: self.now.as_millis(),
        };
        idempotency::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.db)
            .await
            .map_err(failed("remember a request"))?;
        Ok(())
    }
}

fn lifetime() -> i64 {
    i64::try_from(ANSWER_RETENTION.as_millis()).unwrap_or(i64::MAX)
}
