//! How a conflict with what was applied meanwhile ends: decided here, stored elsewhere.

use crate::{
    ChangeId, Error, change::StagedEdit, changes::Keep, discard::not_staged, workspace::Workspace,
};

/// What settling a conflict does to the staged edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Edits that go. Those that are in `staged` too come back at once.
    pub discarded: Vec<ChangeId>,
    /// Edits that stand anew, with their new base.
    pub staged: Vec<StagedEdit>,
}

impl Workspace {
    /// How a conflict ends.
    ///
    /// # Errors
    /// `InvalidState` when the change is not staged any more, or cannot be kept because what it is part
    /// of is gone.
    pub fn settling(&self, change: ChangeId, keep: Keep) -> Result<Settlement, Error> {
        let changes = self.changes();
        let known = changes.iter().find(|known| known.id == change).ok_or_else(not_staged)?;
        let discarded = match keep {
            Keep::Theirs => {
                return Ok(Settlement {
                    discarded: self.discarding(&[change], None)?,
                    staged: Vec::new(),
                });
            }
            Keep::Mine => {
                if let Some(parent) = known.address.parent()
                    && self.staged().get(&parent).is_none()
                {
                    return Err(Error::InvalidState(
                        "what this change is part of has been deleted; discard the change"
                            .to_owned(),
                    ));
                }
                known.address.clone()
            }
        };
        let base = self.spec.version_of(&discarded);
        let staged: Vec<StagedEdit> = (self.edits.iter())
            .filter(|edit| edit.address == discarded)
            .map(|edit| StagedEdit { base, ..edit.clone() })
            .collect();
        Ok(Settlement { discarded: staged.iter().map(|edit| edit.id).collect(), staged })
    }
}
