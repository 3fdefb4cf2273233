//! What discarding means, and how what was discarded comes back: decided here, stored elsewhere.

use crate::{
    Address, ChangeId, Error, Set,
    change::{StagedChange, StagedEdit, compact},
    dependency::dependents_with_shadowed,
    edit::{StagingPlan, validate},
    workspace::Workspace,
};

impl Workspace {
    /// The edits that go when these changes are discarded; all of them when `changes` is empty. An
    /// edit that brought its change to nothing can be named too: it is taken back.
    ///
    /// # Errors
    /// `InvalidState` when one is not staged any more; `Incomplete` when more would go than was `seen`;
    /// `Exists` or `Blocked` when what comes back clashes with something staged since.
    pub fn discarding(
        &self,
        changes: &[ChangeId],
        seen: Option<&[ChangeId]>,
    ) -> Result<Vec<ChangeId>, Error> {
        let all = self.changes();
        if changes.is_empty() {
            let whole: Vec<ChangeId> = all.iter().map(|change| change.id).collect();
            refuse_unseen(whole, seen)?;
            return Ok(self.edits.iter().map(|edit| edit.id).collect());
        }
        let ids: Set<ChangeId> = all.iter().map(|change| change.id).collect();
        let is_change = |id: &ChangeId| ids.contains(id);
        let (chosen, ended): (Vec<ChangeId>, Vec<ChangeId>) =
            changes.iter().copied().partition(is_change);
        if !ended.iter().all(|id| self.ends_a_change(*id)) {
            return Err(not_staged());
        }
        let shadowed = self.shadowed(&all);
        let going = dependents_with_shadowed(&self.spec, &all, &shadowed, &chosen);
        refuse_unseen(going.iter().copied().filter(is_change).collect(), seen)?;
        let going: Set<ChangeId> = going.into_iter().collect();
        let gone: Set<&Address> = (all.iter().chain(&shadowed))
            .filter(|change| going.contains(&change.id))
            .map(|change| &change.address)
            .collect();
        let unmade: Set<&Address> = all
            .iter()
            .filter(|change| going.contains(&change.id) && change.old.is_none())
            .map(|change| &change.address)
            .collect();
        // What was edited within something that is not made any more goes too, visible or not.
        let goes = |edit: &&StagedEdit| {
            ended.contains(&edit.id)
                || gone.contains(&edit.address)
                || edit.address.parent().is_some_and(|parent| unmade.contains(&parent))
        };
        let going: Vec<ChangeId> = self.edits.iter().filter(goes).map(|edit| edit.id).collect();
        if !ended.is_empty() {
            // Something comes back, and may clash with what was staged since.
            let mut after = self.clone();
            after.edits.retain(|edit| !going.contains(&edit.id));
            validate(&self.staged(), &after.staged())?;
        }
        Ok(going)
    }

    /// What lies beneath staged deletions, and is seen again once they are gone.
    fn shadowed(&self, all: &[StagedChange]) -> Vec<StagedChange> {
        let is_end = |edit: &StagedEdit| edit.address.is_entity() && edit.content.is_none();
        if !self.edits.iter().any(is_end) {
            return Vec::new();
        }
        let mut shadowed = compact(&self.spec, self.edits.iter().filter(|edit| !is_end(edit)));
        let seen: Set<ChangeId> = all.iter().map(|change| change.id).collect();
        shadowed.retain(|change| !seen.contains(&change.id));
        shadowed
    }

    /// Whether this is the latest edit at its address and brought the change there to nothing, such
    /// as the end of a service that was only staged.
    fn ends_a_change(&self, id: ChangeId) -> bool {
        let latest =
            |address: &Address| self.edits.iter().rev().find(|edit| edit.address == *address);
        self.edits.iter().find(|edit| edit.id == id).is_some_and(|edit| {
            let parent = edit.address.parent().and_then(|parent| latest(&parent));
            latest(&edit.address) == Some(edit)
                && parent.is_none_or(|parent| parent.content.is_some())
        })
    }

    /// Discarded edits, as the latest of their addresses. They keep their ids, authors and bases.
    ///
    /// # Errors
    /// As [`stage`](crate::edit::stage), when they have come to clash with something since; `InvalidState` when what they are
    /// part of is neither applied nor staged.
    pub fn restoring(
        &self,
        mut discarded: Vec<StagedEdit>,
        next_seq: u64,
    ) -> Result<StagingPlan, Error> {
        self.refuse_too_much(&discarded)?;
        discarded.sort_by_key(|edit| edit.seq);
        for (seq, edit) in (next_seq..).zip(&mut discarded) {
            edit.seq = seq;
        }
        let mut after = self.clone();
        after.edits.extend(discarded.iter().cloned());
        let is_made = |parent: &Address| {
            self.spec.get(parent).is_some()
                || after.edits.iter().any(|edit| edit.address == *parent && edit.content.is_some())
        };
        if discarded.iter().filter_map(|edit| edit.address.parent()).any(|it| !is_made(&it)) {
            return Err(Error::InvalidState(
                "what this was part of is not there any more; bring that back first".to_owned(),
            ));
        }
        let warnings = validate(&self.staged(), &after.staged())?;
        Ok(StagingPlan { edits: discarded, places: Vec::new(), warnings })
    }
}

pub(crate) fn not_staged() -> Error {
    Error::InvalidState(
        "one of these changes is not staged any more, or was edited since you saw it; look at the \
         list again"
            .to_owned(),
    )
}

fn refuse_unseen(going: Vec<ChangeId>, seen: Option<&[ChangeId]>) -> Result<(), Error> {
    let Some(seen) = seen else { return Ok(()) };
    let missing: Vec<ChangeId> = going.iter().filter(|id| !seen.contains(id)).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Incomplete { closure: going, missing }) }
}
