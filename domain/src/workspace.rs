//! What discarding, restoring, settling, writing and revealing mean: decided here, stored elsewhere.

use crate::{
    Address, ChangeId, Content, EnvironmentSpec, Error, Ids, Resource, Secret, ServiceId, Set,
    apply::{Plan, plan},
    change::{StagedChange, StagedEdit, compact},
    changes::{Keep, Revealed, Selection, Workspace},
    check::ProblemKind,
    dependency::dependents_beside,
    edit::{Edit, Rows, Stager, judge, stage},
    resolve::Place,
    variable::{Value, Variable},
};

/// What settling a conflict does to the staged edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Edits that go. Those that are in `staged` too come back at once.
    pub discarded: Vec<ChangeId>,
    /// Edits that stand anew, with their new base.
    pub staged: Vec<StagedEdit>,
}

/// What a direct write does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The edits, which are never staged, and where new things lie.
    pub rows: Rows,
    /// What applying them means. Nothing that others have staged is part of it.
    pub plan: Plan,
    /// Whether the service that was asked for is deployed only because it was asked for.
    pub repeated: Option<ServiceId>,
}

impl Workspace {
    /// The edits that go when these changes are discarded; all of them when `changes` is empty. An
    /// edit that brought its change to nothing can be named too: it is taken back.
    ///
    /// # Errors
    /// `NotNow` when one is not staged any more; `Incomplete` when more would go than was `seen`;
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
        let is_change = |id: &ChangeId| all.iter().any(|change| change.id == *id);
        let (chosen, ended): (Vec<ChangeId>, Vec<ChangeId>) =
            changes.iter().copied().partition(is_change);
        if !ended.iter().all(|id| self.ends_a_change(*id)) {
            return Err(not_staged());
        }
        let beneath = self.beneath(&all);
        let going = dependents_beside(&self.spec, &all, &beneath, &chosen);
        refuse_unseen(going.iter().copied().filter(is_change).collect(), seen)?;
        let gone: Set<&Address> = (all.iter().chain(&beneath))
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
            judge(&self.staged(), &after.staged())?;
        }
        Ok(going)
    }

    /// What lies beneath staged deletions, and is seen again once they are gone.
    fn beneath(&self, all: &[StagedChange]) -> Vec<StagedChange> {
        let is_end = |edit: &StagedEdit| edit.address.is_whole() && edit.content.is_none();
        let edits: Vec<StagedEdit> =
            self.edits.iter().filter(|edit| !is_end(edit)).cloned().collect();
        let mut beneath = compact(&self.spec, &edits);
        beneath.retain(|change| all.iter().all(|seen| seen.id != change.id));
        beneath
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
    /// As [`stage`], when they have come to clash with something since; `NotNow` when what they are
    /// part of is neither applied nor staged.
    pub fn restoring(&self, mut discarded: Vec<StagedEdit>, next_seq: u64) -> Result<Rows, Error> {
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
            return Err(Error::NotNow(
                "what this was part of is not there any more; bring that back first".to_owned(),
            ));
        }
        let warnings = judge(&self.staged(), &after.staged())?;
        Ok(Rows { edits: discarded, places: Vec::new(), warnings })
    }

    /// How a conflict ends.
    ///
    /// # Errors
    /// `NotNow` when the change is not staged any more, or cannot be kept because what it is part
    /// of is gone.
    pub fn settling(&self, change: ChangeId, keep: Keep) -> Result<Settled, Error> {
        let changes = self.changes();
        let known = changes.iter().find(|known| known.id == change).ok_or_else(not_staged)?;
        let discarded = match keep {
            Keep::Theirs => {
                return Ok(Settled {
                    discarded: self.discarding(&[change], None)?,
                    staged: Vec::new(),
                });
            }
            Keep::Mine => {
                if let Some(parent) = known.address.parent()
                    && self.staged().get(&parent).is_none()
                {
                    return Err(Error::NotNow(
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
        Ok(Settled { discarded: staged.iter().map(|edit| edit.id).collect(), staged })
    }

    /// What a direct write means: these edits upon what is applied, whatever others have staged.
    ///
    /// With a service named in `redeploy`, that one is deployed even when nothing in it changes.
    ///
    /// # Errors
    /// As [`stage`] and [`plan`]; `Exists` also when a name or slug is taken by something staged;
    /// `NotNow` when the service to redeploy has nothing to run.
    pub fn writing(
        &self,
        place: Place,
        edits: Vec<Edit>,
        stager: Stager,
        ids: &dyn Ids,
        redeploy: Option<ServiceId>,
    ) -> Result<Writing, Error> {
        let mut alone = Self { spec: self.spec.clone(), edits: Vec::new() };
        let rows = stage(&alone, edits, stager, ids)?;
        let mut together = self.clone();
        together.edits.extend(rows.edits.iter().cloned());
        let taken = together.staged().problems_beyond(&self.staged()).into_iter().find(|problem| {
            matches!(problem.kind, ProblemKind::NameTaken { .. } | ProblemKind::SlugTaken { .. })
        });
        if let Some(problem) = taken {
            return Err(Error::Exists(problem.message));
        }

        alone.edits = rows.edits.clone();
        let mut plan = plan(place, &alone, &Selection::UpTo { up_to: u64::MAX })?;
        let repeated = redeploy.filter(|id| plan.deploy.iter().all(|(planned, _)| planned != id));
        if let Some(service) = repeated {
            plan.deploy.push((service, plan.spec.runnable(place, service)?));
        }
        // These edits were never on the list, and what is on it is left as it is.
        plan.done.clear();
        plan.rebased.clear();
        Ok(Writing { rows, plan, repeated })
    }

    /// The values of one variable, applied and staged.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Forbidden` when every one of them is sealed.
    pub fn revealing(&self, address: &Address) -> Result<Revealed, Error> {
        let variable = |spec: &EnvironmentSpec| match spec.get(address) {
            Some(Content::Variable(variable)) => Some(variable),
            _ => None,
        };
        let staged_spec = self.staged();
        let applied = variable(&self.spec);
        let staged = variable(&staged_spec).filter(|staged| {
            self.changes().iter().any(|change| {
                change.address == *address || Some(&change.address) == address.parent().as_ref()
            }) && applied.as_ref() != Some(staged)
        });
        if applied.is_none() && staged.is_none() {
            return Err(Error::NotFound(Resource::Variable));
        }
        if applied.iter().chain(&staged).all(|variable| variable.sealed) {
            return Err(Error::Forbidden("this value is sealed: nobody can read it any more"));
        }
        let text = |spec: &EnvironmentSpec, variable: &Variable| match &variable.value {
            Value::Shown(template) if !variable.sealed => {
                let name = |id| spec.services.get(&id).map(|service| service.name.to_string());
                Some(Secret::new(template.render(name)))
            }
            Value::Shown(_) | Value::Hidden { .. } => None,
        };
        let resolved = if staged.is_some() { &staged_spec } else { &self.spec };
        Ok(Revealed {
            applied: applied.as_ref().and_then(|variable| text(&self.spec, variable)),
            staged: staged.as_ref().and_then(|variable| text(&staged_spec, variable)),
            resolved: resolved.resolved_value(address),
        })
    }
}

fn not_staged() -> Error {
    Error::NotNow(
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
