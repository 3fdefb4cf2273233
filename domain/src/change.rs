//! Staged edits, the changes that people see in them, and how changes are applied.

use crate::{
    Address, ChangeId, Content, EnvironmentSpec, Map, RevisionNumber, Set, Timestamp, UserId,
    check::{Problem, Problems},
    conflict::{Conflict, Conflicts},
    variable::Variable,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One edit that waits to be applied: a stored row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedEdit {
    /// Its id; also the id of the staged change while it is the latest at its address.
    pub id: ChangeId,
    /// Counts up within the environment, and is never used again.
    pub seq: u64,
    /// Where.
    pub address: Address,
    /// What shall stand there; `None`: nothing.
    pub content: Option<Content>,
    /// In which revision the address last changed when this was staged.
    pub base: RevisionNumber,
    /// Who.
    pub author: UserId,
    /// When.
    pub at: Timestamp,
}

/// What people see: all edits at one address as one step from the old value to the new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StagedChange {
    /// The id of the latest edit in it: another edit at the address makes another change of it.
    pub id: ChangeId,
    /// The number of the latest edit in it.
    pub seq: u64,
    /// Where.
    pub address: Address,
    /// What stands there without it.
    pub old: Option<Content>,
    /// What will stand there.
    pub new: Option<Content>,
    /// In which revision the address last changed when it was staged.
    pub base: RevisionNumber,
    /// Everyone who had a part in it, first to last, and when they last did.
    pub contributors: Vec<Contribution>,
}

/// That somebody had a part in a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Who.
    pub author: UserId,
    /// When they last did.
    pub at: Timestamp,
}

/// Why changes could not be applied. Nothing has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// Addresses have moved.
    Conflicts(Conflicts),
    /// The result would not be sound.
    Problems(Problems),
}

impl From<ApplyError> for crate::Error {
    fn from(refusal: ApplyError) -> Self {
        match refusal {
            ApplyError::Conflicts(conflicts) => Self::Conflict(Box::new(conflicts)),
            ApplyError::Problems(problems) => Self::Blocked(Box::new(problems)),
        }
    }
}

impl StagedEdit {
    /// The same, without the values of variables: as it may leave the server.
    #[must_use]
    pub fn hidden(&self) -> Self {
        Self { content: self.content.as_ref().map(Content::hidden), ..self.clone() }
    }
}

impl StagedChange {
    /// The same, without the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Self {
        Self {
            old: self.old.as_ref().map(Content::hidden),
            new: self.new.as_ref().map(Content::hidden),
            ..self.clone()
        }
    }

    /// Whether it destroys data that nothing else holds.
    #[must_use]
    pub fn destroys_data(&self) -> bool {
        matches!(self.address, Address::Volume(_)) && self.new.is_none()
    }

    pub(crate) fn creates(&self) -> bool {
        self.address.is_entity() && self.old.is_none()
    }

    pub(crate) fn deletes(&self) -> bool {
        self.address.is_entity() && self.new.is_none()
    }
}

/// What people see of these edits: one change an address, in the order of the latest edits.
///
/// An edit back to the old value vanishes, also create then delete. What lies within something
/// whose deletion is staged is part of that deletion.
#[must_use]
pub fn compact<'a>(
    base: &EnvironmentSpec,
    edits: impl IntoIterator<Item = &'a StagedEdit>,
) -> Vec<StagedChange> {
    let mut by_address: Map<&Address, Vec<&StagedEdit>> = Map::new();
    for edit in edits {
        by_address.entry(&edit.address).or_default().push(edit);
    }

    let mut changes: Vec<StagedChange> = by_address
        .iter()
        .filter_map(|(address, edits)| {
            let parent = address.parent().and_then(|parent| by_address.get(&parent));
            let old = match parent.and_then(|edits| edits.last()) {
                // Its parent's end is staged, or nothing is left of its parent's making.
                Some(StagedEdit { content: None, .. }) => return None,
                // Its parent is staged: what stands there without this change is in that.
                Some(StagedEdit { content: Some(created), .. }) => created.part(address),
                None => base.get(address),
            };
            merge(address, edits, old)
        })
        .collect();
    changes.sort_by_key(|change| change.seq);
    changes
}

/// All edits at one address as one change; `None` when they come to nothing.
fn merge(address: &Address, edits: &[&StagedEdit], old: Option<Content>) -> Option<StagedChange> {
    let last = edits.last()?;
    let nothing_new = match (&old, &last.content) {
        (None, None) => true,
        (Some(old), Some(new)) => old.same_as(new),
        _ => false,
    };
    if nothing_new {
        return None;
    }
    let mut contributors: Vec<Contribution> = Vec::new();
    for edit in edits {
        match contributors.iter_mut().find(|one| one.author == edit.author) {
            Some(known) => known.at = edit.at,
            None => contributors.push(Contribution { author: edit.author, at: edit.at }),
        }
    }
    Some(StagedChange {
        id: last.id,
        seq: last.seq,
        address: address.clone(),
        old,
        new: last.content.clone(),
        base: last.base,
        contributors,
    })
}

impl EnvironmentSpec {
    /// The spec with these changes applied: all of them, or none.
    ///
    /// # Errors
    /// When an address has moved since its change was staged, or the result would not be sound
    /// (problems that were there before do not count).
    pub fn apply(&self, changes: &[StagedChange]) -> Result<Self, ApplyError> {
        let created: Set<&Address> = changes
            .iter()
            .filter(|change| change.creates())
            .map(|change| &change.address)
            .collect();
        let conflicts: Vec<Conflict> = changes
            .iter()
            .filter(|change| self.has_moved(change, &created))
            .map(|change| Conflict {
                change: change.id,
                address: change.address.clone(),
                title: self.describe(&change.address),
                mine: change.new.clone(),
                theirs: self.get(&change.address),
            })
            .collect();
        if !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(Conflicts(conflicts)));
        }

        let mut applied = self.overlay(changes);
        let problems = applied.new_problems(self);
        if !problems.is_empty() {
            return Err(ApplyError::Problems(Problems(problems)));
        }
        if !changes.is_empty() {
            applied.revision = self.revision.next();
            applied.record_versions(changes);
        }
        Ok(applied)
    }

    /// The spec after changes that the server has applied as this revision. What a client does
    /// with the news; it does not judge.
    #[must_use]
    pub fn advanced(&self, changes: &[StagedChange], revision: RevisionNumber) -> Self {
        let mut spec = self.clone();
        spec.advance(changes, revision);
        spec
    }

    /// The same in place, for whoever holds it and keeps it in step.
    pub fn advance(&mut self, changes: &[StagedChange], revision: RevisionNumber) {
        self.lay(changes);
        self.revision = revision;
        self.record_versions(changes);
    }

    /// The spec as it would look with these changes, whether or not they can be applied. What a
    /// canvas draws.
    #[must_use]
    pub fn overlay(&self, changes: &[StagedChange]) -> Self {
        let mut spec = self.clone();
        spec.lay(changes);
        spec
    }

    fn lay(&mut self, changes: &[StagedChange]) {
        let mut ordered: Vec<&StagedChange> = changes.iter().collect();
        // What others lie in is made first and removed last.
        ordered.sort_by_key(|change| {
            let rank = match (change.address.is_entity(), &change.new) {
                (true, Some(_)) => 0,
                (false, _) => 1,
                (true, None) => 2,
            };
            (rank, change.seq)
        });
        for change in ordered {
            // A change whose parent has gone is a conflict, which `apply` reports.
            let _ = self.put(&change.address, change.new.clone());
        }
        self.relink();
    }

    /// The problems that this has and `before` had not.
    #[must_use]
    pub fn new_problems(&self, before: &Self) -> Vec<Problem> {
        let mut problems = self.check();
        if !problems.is_empty() {
            let known = before.check();
            problems.retain(|problem| !known.contains(problem));
        }
        problems
    }

    /// Whether somebody else has changed the address since.
    fn has_moved(&self, change: &StagedChange, created: &Set<&Address>) -> bool {
        let address = &change.address;
        if let Some(parent) = address.parent()
            && !self.has(&parent)
        {
            return !created.contains(&parent);
        }
        if change.creates() {
            return self.has(address);
        }
        self.version_of(address) != change.base
    }

    fn record_versions(&mut self, changes: &[StagedChange]) {
        let gone: Set<&Address> = changes
            .iter()
            .filter(|change| change.deletes())
            .map(|change| &change.address)
            .collect();
        if !gone.is_empty() {
            let remains =
                |address: &Address| !address.parent().is_some_and(|it| gone.contains(&it));
            Arc::make_mut(&mut self.versions).retain(|address, _| remains(address));
        }
        let versions = Arc::make_mut(&mut self.versions);
        for change in changes {
            versions.insert(change.address.clone(), self.revision);
        }
    }

    /// Ties references to services that did not exist when the references were written.
    pub(crate) fn relink(&mut self) {
        let relinked: Vec<(Address, Variable)> = self
            .referring_variables()
            .filter(|(_, variable)| variable.is_loose())
            .map(|(address, variable)| (address, variable.relinked(|name| self.find_service(name))))
            .collect();
        for (address, variable) in relinked {
            // The address was read from this very spec, so it can be written.
            let _ = self.put(&address, Some(Content::Variable(variable)));
        }
    }
}
