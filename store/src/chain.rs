//! The audit as a chain: each row carries a hash of itself and of the row before, made with the key that
//! lies beside the database. Whoever changes, removes or adds rows without that key breaks it.

use crate::{
    error::failed,
    keyring::Keyring,
    row::{json, unsigned},
    table::audit,
};
use domain::{Result, audit::AuditCheck};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

/// So many rows are looked at in one go.
const BATCH: u64 = 1_000;

/// Adds a row at the chain's end. Its number and hash are given here.
pub(crate) async fn append(
    db: &impl ConnectionTrait,
    keyring: &Keyring,
    mut row: audit::Model,
) -> Result<()> {
    let last = audit::Entity::find()
        .order_by_desc(audit::Column::Number)
        .one(db)
        .await
        .map_err(failed("read the audit"))?;
    row.number = last.as_ref().map_or(1, |last| last.number + 1);
    let before = last.and_then(|last| last.hash).unwrap_or_default();
    row.hash = Some(keyring.fingerprint(&content(&before, &row)?));
    audit::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await
        .map_err(failed("write the audit"))?;
    Ok(())
}

/// Looks at the whole chain, from its oldest row that is kept.
///
/// Rows from before there was a chain carry no hash, and come first. What came before the oldest row is
/// not known any more, so that one is believed.
pub(crate) async fn verify(db: &impl ConnectionTrait, keyring: &Keyring) -> Result<AuditCheck> {
    let mut check = AuditCheck::default();
    let mut last: Option<(i64, Option<Vec<u8>>)> = None;
    loop {
        let after = last.as_ref().map_or(0, |(number, _)| *number);
        let rows = audit::Entity::find()
            .filter(audit::Column::Number.gt(after))
            .order_by_asc(audit::Column::Number)
            .limit(BATCH)
            .all(db)
            .await
            .map_err(failed("read the audit"))?;
        if rows.is_empty() {
            return Ok(check);
        }
        for row in rows {
            if !is_next(keyring, last.as_ref(), &row)? {
                check.broken_at = Some(unsigned(row.number));
                return Ok(check);
            }
            check.entries += u64::from(row.hash.is_some());
            last = Some((row.number, row.hash));
        }
    }
}

/// Whether a row is what came after the last one.
fn is_next(
    keyring: &Keyring,
    last: Option<&(i64, Option<Vec<u8>>)>,
    row: &audit::Model,
) -> Result<bool> {
    let Some(hash) = &row.hash else {
        return Ok(last.is_none_or(|(_, hash)| hash.is_none()));
    };
    let before = match last {
        None if row.number == 1 => &[][..],
        None => return Ok(true),
        Some((_, before)) => before.as_deref().unwrap_or_default(),
    };
    let is_next_number = last.is_none_or(|(number, _)| *number == row.number - 1);
    Ok(is_next_number && keyring.is_fingerprint(&content(before, row)?, hash))
}

/// What a hash is made of: the hash before, and all that the row says.
fn content(before: &[u8], row: &audit::Model) -> Result<Vec<u8>> {
    let who = (row.actor, &row.via, row.key_id, &row.request, &row.source);
    let what = (&row.action, &row.outcome, row.project_id, &row.target, &row.before, &row.after);
    json(&(before, row.number, row.at, who, what, row.count)).map(String::into_bytes)
}

/// A row that says nothing yet.
pub(crate) fn blank(at: i64) -> audit::Model {
    audit::Model {
        number: 0,
        at,
        actor: None,
        via: String::new(),
        action: String::new(),
        project_id: None,
        target: String::new(),
        request: String::new(),
        source: None,
        key_id: None,
        outcome: String::new(),
        before: None,
        after: None,
        count: 1,
        hash: None,
    }
}
