//! Staged changes: staged, looked at, discarded, applied.

use crate::{
    Address, ChangeId, Error, Map, Message, Name, Result, UserId,
    change::{ApplyError, StagedChange},
    changes::{Keep, Selection, Staging},
    check::Problem,
    conflict::Conflict,
    consequence::{Consequences, consequences, effects},
    dependency::{closure, dependents},
    edit::Edit,
    effect::Effect,
    error::refuse_repeats,
    workspace::Workspace,
};
use serde::{Deserialize, Serialize};

/// Edits, all or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct Edits {
    pub edits: Vec<Edit>,
}

/// What came of staging, with the change that people see now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Staged {
    #[serde(flatten)]
    pub staging: Staging,
    /// The staged change at the first address; absent when the edit put the old value back.
    pub change: Option<StagedChange>,
}

/// A staged change, and what it would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct PendingChange {
    #[serde(flatten)]
    pub change: StagedChange,
    /// Its place, in names that people know.
    pub title: String,
    pub effect: Effect,
    /// Whether it destroys data that nothing else holds.
    pub destroys_data: bool,
}

/// All that is staged, and what applying all of it would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct PendingChanges {
    pub data: Vec<PendingChange>,
    /// How many there are.
    pub total_count: u64,
    /// How many edits they were made of.
    pub raw_count: u64,
    /// Apply with `{"up_to": …}` to apply exactly this list.
    pub up_to: u64,
    pub consequences: Consequences,
    /// Addresses that have moved since: settle them first.
    pub conflicts: Vec<Conflict>,
    /// What keeps all of it from being applied.
    pub problems: Vec<Problem>,
    /// Names of the contributors.
    pub people: Map<UserId, Name>,
}

impl PendingChanges {
    /// All that is staged here, values hidden; who the contributors are is not known yet.
    #[must_use]
    pub fn of(workspace: &Workspace) -> Self {
        let all = workspace.changes();
        let whole = workspace.spec.overlay(&all);
        let (conflicts, problems) = verdict(workspace, &all);
        let data: Vec<PendingChange> = (all.iter().zip(effects(&workspace.spec, &all)))
            .map(|(change, effect)| PendingChange {
                title: match (&change.address, change.new.is_none()) {
                    (address, true) => workspace.spec.describe(address),
                    (address, false) => whole.describe(address),
                },
                effect,
                destroys_data: change.destroys_data(),
                change: change.hidden(),
            })
            .collect();
        Self {
            total_count: data.len() as u64,
            data,
            raw_count: workspace.edits.len() as u64,
            up_to: workspace.edits.iter().map(|edit| edit.seq).max().unwrap_or(0),
            consequences: consequences(&workspace.spec, &whole),
            conflicts,
            problems,
            people: Map::new(),
        }
    }
}

/// Changes to be discarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Discard {
    /// Which.
    pub changes: Vec<ChangeId>,
    /// All that you know will go: if more would, nothing goes, and the answer says what.
    #[serde(default)]
    pub seen: Option<Vec<ChangeId>>,
}

/// Discarded edits to be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Restore {
    /// As the discard answered them.
    pub edits: Vec<ChangeId>,
}

/// How a conflict shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct Settle {
    pub keep: Keep,
}

/// What to apply: exactly these changes, or all up to an edit that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplyRequest {
    /// Ids of changes, as they were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ChangeId>>,
    /// The number of the last edit that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<u64>,
    /// Why, for the history.
    #[serde(default)]
    pub message: Message,
}

impl ApplyRequest {
    /// This selection, and why.
    #[must_use]
    pub fn new(selection: Selection, message: Message) -> Self {
        match selection {
            Selection::Changes { changes } => Self { changes: Some(changes), up_to: None, message },
            Selection::UpTo { up_to } => Self { changes: None, up_to: Some(up_to), message },
        }
    }

    /// What is selected.
    ///
    /// # Errors
    /// `Invalid` unless it is said in exactly one of the two ways.
    pub fn selection(self) -> Result<(Selection, Message)> {
        let selection = match (self.changes, self.up_to) {
            (Some(changes), None) => {
                refuse_repeats("changes", &changes)?;
                Selection::Changes { changes }
            }
            (None, Some(up_to)) => Selection::UpTo { up_to },
            _ => {
                let rule = "or `up_to` is required, and only one of them: say what you have seen";
                return Err(Error::field("changes", rule));
            }
        };
        Ok((selection, self.message))
    }
}

/// What applying a selection would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct Preview {
    /// All that must be applied together.
    pub closure: Vec<ChangeId>,
    /// What of it was not named.
    pub missing: Vec<ChangeId>,
    /// What goes when these are discarded, themselves included.
    pub dependents: Vec<ChangeId>,
    pub consequences: Consequences,
    pub conflicts: Vec<Conflict>,
    pub problems: Vec<Problem>,
}

impl Preview {
    /// What applying a selection of what is staged here would do.
    #[must_use]
    pub fn of(workspace: &Workspace, selection: Selection) -> Self {
        let all = workspace.changes();
        let chosen: Vec<ChangeId> = match selection {
            Selection::Changes { changes } => changes,
            Selection::UpTo { up_to } => {
                all.iter().filter(|change| change.seq <= up_to).map(|change| change.id).collect()
            }
        };
        let closure = closure(&workspace.spec, &all, &chosen);
        let together: Vec<StagedChange> =
            all.iter().filter(|change| closure.contains(&change.id)).cloned().collect();
        let (conflicts, problems) = verdict(workspace, &together);
        let after = workspace.spec.overlay(&together);
        Self {
            missing: closure.iter().filter(|id| !chosen.contains(id)).copied().collect(),
            dependents: dependents(&workspace.spec, &all, &chosen),
            closure,
            consequences: consequences(&workspace.spec, &after),
            conflicts,
            problems,
        }
    }
}

/// What stands in the way of applying these, values hidden.
fn verdict(workspace: &Workspace, changes: &[StagedChange]) -> (Vec<Conflict>, Vec<Problem>) {
    match workspace.spec.apply(changes) {
        Ok(_) => (Vec::new(), Vec::new()),
        Err(ApplyError::Conflicts(conflicts)) => (conflicts.hidden(), Vec::new()),
        Err(ApplyError::Problems(problems)) => (Vec::new(), problems.0),
    }
}

/// Whose values shall be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "there is nothing else in it")]
pub struct RevealQuery {
    pub address: Address,
}
