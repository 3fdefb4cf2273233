//! Between revisions and their rows.

use crate::{
    error::failed,
    keyring::Cell,
    row::{signed, text, unsigned},
    store::Inner,
    table::revision,
    transaction::Transaction,
};
use domain::{
    EnvironmentId, Error, Message, Resource, Result, RevisionNumber, Timestamp, UserId,
    access::Mutation, apply::ApplyPlan, change::StagedChange, changes::Revision,
};
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

fn revision_cell(row: &str) -> Cell<'_> {
    Cell { table: "revision", row, column: "body" }
}

/// Writes what an apply has changed.
pub(crate) async fn write(
    tx: &Transaction,
    by: &Mutation,
    environment: EnvironmentId,
    plan: &ApplyPlan,
    message: Message,
) -> Result<Revision> {
    let number = plan.spec.revision;
    let body = serde_json::to_vec(&plan.changes).map_err(Error::internal("write a revision"))?;
    let key = format!("{environment}/{number}");
    let row = revision::Model {
        environment_id: environment.as_uuid(),
        number: signed(number.0),
        author: by.actor.user.as_uuid(),
        message: message.into(),
        at: tx.now.as_millis(),
        changes: i64::try_from(plan.changes.len()).unwrap_or(i64::MAX),
        body: tx.encrypt(revision_cell(&key), &body),
    };
    revision::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("write a revision"))?;
    read(&row)
}

/// The row of one revision.
pub(crate) async fn find(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    number: RevisionNumber,
) -> Result<revision::Model> {
    revision::Entity::find_by_id((environment.as_uuid(), signed(number.0)))
        .one(db)
        .await
        .map_err(failed("find a revision"))?
        .ok_or(Error::NotFound(Resource::Revision))
}

/// A row as a revision.
pub(crate) fn read(row: &revision::Model) -> Result<Revision> {
    Ok(Revision {
        number: RevisionNumber(unsigned(row.number)),
        author: UserId::new(row.author),
        message: text(row.message.clone())?,
        at: Timestamp::from_millis(row.at),
        changes: unsigned(row.changes),
    })
}

/// What a revision changed, with all values.
pub(crate) fn read_changes(inner: &Inner, row: &revision::Model) -> Result<Vec<StagedChange>> {
    let key = format!("{}/{}", row.environment_id, row.number);
    let body = (inner.keyring)
        .decrypt(revision_cell(&key), &row.body)
        .map_err(Error::internal("read a revision"))?;
    serde_json::from_slice(&body).map_err(Error::internal("read a revision"))
}
