//! Staged edits, the changes that people see in them, and how changes are applied.

use crate::{
    Address, ChangeId, Content, EnvironmentSpec, Map, RevisionNumber, Set, Timestamp, UserId,
    check::{Problem, Problems, names},
    template::Reference,
    variable::Variable,
};
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// An address that has moved since a change to it was staged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// Which change.
    pub change: ChangeId,
    /// Where.
    pub address: Address,
    /// The same, in names that people know.
    #[serde(default)]
    pub title: String,
    /// What the change would put there.
    pub mine: Option<Content>,
    /// What has been put there meanwhile.
    pub theirs: Option<Content>,
}

/// Conflicts, together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflicts(pub Vec<Conflict>);

impl Conflicts {
    /// The same, without the values of variables.
    #[must_use]
    pub fn hidden(&self) -> Vec<Conflict> {
        let hide = |content: &Option<Content>| content.as_ref().map(Content::hidden);
        let all = self.0.iter().cloned();
        all.map(|one| Conflict { mine: hide(&one.mine), theirs: hide(&one.theirs), ..one })
            .collect()
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<&str> = self.0.iter().map(|conflict| conflict.title.as_str()).collect();
        write!(
            out,
            "somebody else has changed this meanwhile: {}; keep yours or take theirs, then apply again",
            places.join(", ")
        )
    }
}

/// Why changes could not be applied. Nothing has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Addresses have moved.
    Conflicts(Conflicts),
    /// The result would not be sound.
    Problems(Problems),
}

impl From<Refusal> for crate::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflicts(conflicts) => Self::Conflict(Box::new(conflicts)),
            Refusal::Problems(problems) => Self::Blocked(Box::new(problems)),
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

    fn creates(&self) -> bool {
        self.address.is_whole() && self.old.is_none()
    }

    fn deletes(&self) -> bool {
        self.address.is_whole() && self.new.is_none()
    }
}

/// What people see of these edits: one change an address, in the order of the latest edits.
///
/// An edit back to the old value vanishes, also create then delete. What lies within something
/// whose deletion is staged is part of that deletion.
#[must_use]
pub fn compact(base: &EnvironmentSpec, edits: &[StagedEdit]) -> Vec<StagedChange> {
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
    pub fn apply(&self, changes: &[StagedChange]) -> Result<Self, Refusal> {
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
            return Err(Refusal::Conflicts(Conflicts(conflicts)));
        }

        let mut applied = self.overlay(changes);
        let problems = applied.problems_beyond(self);
        if !problems.is_empty() {
            return Err(Refusal::Problems(Problems(problems)));
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
        let mut spec = self.overlay(changes);
        spec.revision = revision;
        spec.record_versions(changes);
        spec
    }

    /// The spec as it would look with these changes, whether or not they can be applied. What a
    /// canvas draws.
    #[must_use]
    pub fn overlay(&self, changes: &[StagedChange]) -> Self {
        let mut spec = self.clone();
        let mut ordered: Vec<&StagedChange> = changes.iter().collect();
        // What others lie in is made first and removed last.
        ordered.sort_by_key(|change| {
            let rank = match (change.address.is_whole(), &change.new) {
                (true, Some(_)) => 0,
                (false, _) => 1,
                (true, None) => 2,
            };
            (rank, change.seq)
        });
        for change in ordered {
            // A change whose parent has gone is a conflict, which `apply` reports.
            let _ = spec.put(&change.address, change.new.clone());
        }
        spec.relink();
        spec
    }

    /// The problems that this has and `before` had not.
    #[must_use]
    pub fn problems_beyond(&self, before: &Self) -> Vec<Problem> {
        let known = before.check();
        self.check().into_iter().filter(|problem| !known.contains(problem)).collect()
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
            self.versions.retain(|address, _| remains(address));
        }
        for change in changes {
            self.versions.insert(change.address.clone(), self.revision);
        }
    }

    /// Ties references to services that did not exist when the references were written.
    pub(crate) fn relink(&mut self) {
        let loose = |variable: &Variable| {
            (variable.references().into_iter())
                .any(|reference| matches!(reference, Reference::Unknown { .. }))
        };
        let relinked: Vec<(Address, Variable)> = self
            .all_variables()
            .filter(|(_, variable)| loose(variable))
            .map(|(address, variable)| (address, variable.relinked(|name| self.find_service(name))))
            .collect();
        for (address, variable) in relinked {
            // The address was read from this very spec, so it can be written.
            let _ = self.put(&address, Some(Content::Variable(variable)));
        }
    }
}

/// All changes that must be applied together with the chosen ones, themselves included, in their
/// order. What is not in `all` is ignored.
#[must_use]
pub fn closure(base: &EnvironmentSpec, all: &[StagedChange], chosen: &[ChangeId]) -> Vec<ChangeId> {
    let mut taken: Set<ChangeId> = chosen.iter().copied().collect();
    let whole = base.overlay(all);
    loop {
        let (some, rest): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|change| taken.contains(&change.id));
        let part = base.overlay(&some);
        let problems = part.problems_beyond(base);
        // A name must mean the same service that it means on the canvas.
        let unsettled: Vec<&str> = some
            .iter()
            .flat_map(unknown_names)
            .filter(|name| part.find_service(name) != whole.find_service(name))
            .collect();
        let needed: Vec<ChangeId> = rest
            .iter()
            .filter(|candidate| {
                problems.iter().any(|problem| problem.kind.concerns(candidate))
                    || unsettled.iter().any(|name| names(candidate, name))
                    || some
                        .iter()
                        .any(|change| change.address.parent().as_ref() == Some(&candidate.address))
            })
            .map(|change| change.id)
            .collect();
        if needed.is_empty() {
            return some.iter().map(|change| change.id).collect();
        }
        taken.extend(needed);
    }
}

/// The names in new values that no service had when they were written.
fn unknown_names(change: &StagedChange) -> Vec<&str> {
    let variables: Vec<&Variable> = match &change.new {
        Some(Content::Variable(variable)) => vec![variable],
        Some(Content::Group(group)) => group.variables.values().collect(),
        Some(Content::Service(service)) => service.variables.values().collect(),
        _ => Vec::new(),
    };
    (variables.into_iter().flat_map(Variable::references))
        .filter_map(|reference| match reference {
            Reference::Unknown { namespace, .. } => Some(namespace.as_str()),
            Reference::Service { .. } | Reference::Shared { .. } | Reference::Own { .. } => None,
        })
        .collect()
}

/// All changes that go when the chosen ones are discarded, themselves included, in their order:
/// what is left must be as sound as the whole was.
#[must_use]
pub fn dependents(
    base: &EnvironmentSpec,
    all: &[StagedChange],
    chosen: &[ChangeId],
) -> Vec<ChangeId> {
    dependents_beside(base, all, &[], chosen)
}

/// The same, where changes lie beneath deletions and come back with what they are part of. Some of
/// them may have to go as well.
pub(crate) fn dependents_beside(
    base: &EnvironmentSpec,
    all: &[StagedChange],
    beneath: &[StagedChange],
    chosen: &[ChangeId],
) -> Vec<ChangeId> {
    let whole = base.overlay(all);
    let mut gone: Set<ChangeId> = chosen.iter().copied().collect();
    loop {
        let (discarded, left): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|change| gone.contains(&change.id));
        let parted = |change: &StagedChange, of: fn(&StagedChange) -> bool| {
            change.address.parent().is_some_and(|parent| {
                discarded.iter().any(|other| other.address == parent && of(other))
            })
        };
        let back: Vec<StagedChange> = (beneath.iter())
            .filter(|change| !gone.contains(&change.id) && parted(change, StagedChange::deletes))
            .cloned()
            .collect();
        let together: Vec<StagedChange> = left.iter().chain(&back).cloned().collect();
        let mut problems = base.overlay(&together).problems_beyond(&whole);
        // What comes back with a warning had that warning before.
        problems.retain(|problem| {
            problem.kind.refused_when_staged()
                || !back.iter().any(|change| problem.kind.concerns(change))
        });
        let concerned =
            |change: &StagedChange| problems.iter().any(|problem| problem.kind.concerns(change));
        let mut more: Vec<ChangeId> =
            back.iter().filter(|change| concerned(change)).map(|change| change.id).collect();
        if more.is_empty() {
            more = (left.iter())
                .filter(|change| parted(change, StagedChange::creates) || concerned(change))
                .map(|change| change.id)
                .collect();
        }
        if more.is_empty() {
            let beneath = beneath.iter().filter(|change| gone.contains(&change.id));
            return discarded.iter().chain(beneath).map(|change| change.id).collect();
        }
        gone.extend(more);
    }
}
