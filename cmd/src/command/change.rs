//! Staged changes: list, discard, restore.

use super::{context::ProjectContext, describe, lookup, project::confirm};
use crate::{
    args::{ChangeAction, Side},
    exit::Failure,
};
use anyhow::Result;
use domain::{
    ChangeId, EnvironmentSpec,
    canvas::Snapshot,
    change::{ApplyError, StagedChange},
    changes::Keep,
    consequence::effect_of,
    dependency::dependents,
};
use serde_json::{Value, json};

pub(super) async fn changes(
    context: &ProjectContext,
    action: Option<ChangeAction>,
    details: bool,
) -> Result<()> {
    let console = context.console();
    match action.unwrap_or(ChangeAction::List) {
        ChangeAction::List => {
            let snapshot = context.snapshot().await?;
            let changes = snapshot.changes();
            if console.json {
                let all: Vec<Value> = changes
                    .iter()
                    .map(|change| whole(&snapshot, &changes, change))
                    .collect::<Result<_>>()?;
                console.value(&json!({ "data": all, "revision": snapshot.spec.revision }));
            } else if changes.is_empty() {
                console.line("Nothing is staged.");
            } else {
                table(context, &snapshot, &changes, details);
                for line in conflicts(&snapshot, &changes) {
                    console.line(line);
                }
            }
        }
        ChangeAction::Discard { changes: wanted, all, yes } => {
            let snapshot = context.snapshot().await?;
            let staged = snapshot.changes();
            let chosen: Vec<ChangeId> = if all {
                staged.iter().map(|change| change.id).collect()
            } else {
                lookup::changes(&staged, &wanted)?
            };
            if chosen.is_empty() {
                console.note("Nothing is staged.");
                if console.json {
                    console.value(&json!({ "edits": [] }));
                }
                return Ok(());
            }
            let whole = dependents(&snapshot.spec, &staged, &chosen);
            if whole.len() > chosen.len() || all {
                let going: Vec<StagedChange> =
                    staged.iter().filter(|change| whole.contains(&change.id)).cloned().collect();
                if !console.json {
                    table(context, &snapshot, &going, details);
                }
                confirm(yes, &format!("Discard {}?", count(going.len())))?;
            }
            let gone = whole.len();
            let discarded = context.client().discard(&context.place, chosen, whole).await?;
            if console.json {
                console.value(&discarded);
            } else {
                let ids: Vec<String> = discarded.edits.iter().map(ToString::to_string).collect();
                console.line(format!("Discarded {}. To undo:", count(gone)));
                console.line(format!("  easel changes restore {}", ids.join(" ")));
            }
        }
        ChangeAction::Settle { change, keep } => {
            let snapshot = context.snapshot().await?;
            let id = lookup::changes(&snapshot.changes(), &[change])?[0];
            let (keep, end) = match keep {
                Side::Mine => (Keep::Mine, "Yours is staged upon what was applied meanwhile."),
                Side::Theirs => (Keep::Theirs, "What was applied meanwhile stays."),
            };
            context.client().settle(&context.place, id, keep).await?;
            if console.json {
                console.value(&json!({ "settled": id }));
            } else {
                console.line(end);
            }
        }
        ChangeAction::Restore { edits } => {
            let edits: Vec<ChangeId> = edits
                .iter()
                .map(|id| {
                    id.parse().map_err(|_| {
                        Failure::usage(format!("`{id}` is not an id as `discard` prints them"))
                    })
                })
                .collect::<Result<_, _>>()?;
            let staging = context.client().restore(&context.place, edits).await?;
            if console.json {
                console.value(&staging);
            } else {
                console.line(format!("Restored {}.", count(staging.addresses.len())));
            }
        }
    }
    Ok(())
}

pub(super) fn count(changes: usize) -> String {
    format!("{changes} change{}", if changes == 1 { "" } else { "s" })
}

/// Changes in rows: id, place, old → new; with details also who, when and what follows.
pub(super) fn table(
    context: &ProjectContext,
    snapshot: &Snapshot,
    changes: &[StagedChange],
    details: bool,
) {
    let all = snapshot.changes();
    let view = snapshot.spec.overlay(&all);
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            let mut row = vec![
                change.id.short(),
                place(snapshot, &view, change),
                describe::step(&view, change),
                describe::authors(snapshot, change),
            ];
            if details {
                let last = change.contributors.iter().map(|one| one.at).max();
                row.push(last.map(describe::moment).unwrap_or_default());
                let effect = effect_of(&snapshot.spec, &all, change);
                row.push(describe::effect(effect).to_owned());
            }
            row
        })
        .collect();
    let head: &[&str] = if details {
        &["Id", "Where", "Change", "By", "When", "Effect"]
    } else {
        &["Id", "Where", "Change", "By"]
    };
    context.console().table(head, &rows);
}

/// What stands in the way because somebody else has applied something meanwhile, and how to go on.
pub(super) fn conflicts(snapshot: &Snapshot, changes: &[StagedChange]) -> Vec<String> {
    let Err(ApplyError::Conflicts(conflicts)) = snapshot.spec.apply(changes) else {
        return Vec::new();
    };
    let view = snapshot.spec.overlay(changes);
    conflicts
        .0
        .iter()
        .map(|conflict| {
            let id = conflict.change.short();
            format!(
                "Conflict: {} is {} by now, and {} is staged. Settle it with\n  \
                 easel changes settle {id} --keep mine|theirs",
                describe::address(&view, &conflict.address),
                describe::value(&view, conflict.theirs.as_ref()),
                describe::value(&view, conflict.mine.as_ref()),
            )
        })
        .collect()
}

/// Where a change is. What is being deleted has its name only where it still is.
pub(super) fn place(snapshot: &Snapshot, view: &EnvironmentSpec, change: &StagedChange) -> String {
    let spec = if change.new.is_none() { &snapshot.spec } else { view };
    describe::address(spec, &change.address)
}

fn whole(snapshot: &Snapshot, all: &[StagedChange], change: &StagedChange) -> Result<Value> {
    let mut value = serde_json::to_value(change.hidden())?;
    value["effect"] = serde_json::to_value(effect_of(&snapshot.spec, all, change))?;
    value["destroys_data"] = json!(change.destroys_data());
    for contributor in value["contributors"].as_array_mut().into_iter().flatten() {
        let id = contributor["author"].as_str().and_then(|id| id.parse().ok());
        contributor["name"] = json!(id.map(|id| describe::person(snapshot, id)));
    }
    Ok(value)
}
