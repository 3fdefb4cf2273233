//! What applying a choice of changes would mean. Decided by the domain's own rules.

use domain::{
    Address, ChangeId, Set,
    change::{ApplyError, StagedChange},
    check::Problem,
    conflict::Conflict,
    consequence::{Consequences, consequences},
    dependency::closure,
    effect::Effect,
};

use crate::{
    live::Model,
    project::labels::{count, subject},
};

/// A choice, and what it would mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Review {
    /// All that would be applied, in order.
    pub applied: Vec<ChangeId>,
    /// Those of them that were not chosen, but are needed.
    pub along: Set<ChangeId>,
    pub consequences: Consequences,
    pub conflicts: Vec<Conflict>,
    pub problems: Vec<Problem>,
}

impl Review {
    /// Everything but what was left out.
    #[must_use]
    pub(super) fn without(model: &Model, left_out: &Set<Address>) -> Self {
        let all = &model.changes;
        let chosen: Vec<ChangeId> = (all.iter())
            .filter(|change| !left_out.contains(&change.address))
            .map(|change| change.id)
            .collect();
        let applied =
            if left_out.is_empty() { chosen.clone() } else { closure(&model.base, all, &chosen) };
        let along = applied.iter().filter(|id| !chosen.contains(id)).copied().collect();
        let changes: Vec<StagedChange> =
            all.iter().filter(|change| applied.contains(&change.id)).cloned().collect();
        let (next, conflicts, problems) = match model.base.apply(&changes) {
            Ok(next) => (Some(next), Vec::new(), Vec::new()),
            Err(ApplyError::Conflicts(conflicts)) => (None, conflicts.0, Vec::new()),
            Err(ApplyError::Problems(problems)) => (None, Vec::new(), problems.0),
        };
        let next = next.unwrap_or_else(|| model.base.overlay(&changes));
        let consequences = consequences(&model.base, &next);
        Self { applied, along, consequences, conflicts, problems }
    }

    #[must_use]
    pub(super) fn can_apply(&self) -> bool {
        !self.applied.is_empty() && self.conflicts.is_empty() && self.problems.is_empty()
    }

    /// "1 service is deployed, 2 redeploy, 1 is deleted".
    #[must_use]
    pub(super) fn summary(&self) -> String {
        let with = |effect| self.consequences.affected.values().filter(|it| **it == effect).count();
        let verb = |number: usize, one: &str, many: &str| {
            format!("{} {}", count(number, "service"), if number == 1 { one } else { many })
        };
        let parts = [
            (
                self.consequences.created.len(),
                verb(self.consequences.created.len(), "is new", "are new"),
            ),
            (with(Effect::Redeploy), verb(with(Effect::Redeploy), "redeploys", "redeploy")),
            (with(Effect::Scale), verb(with(Effect::Scale), "scales", "scale")),
            (
                with(Effect::Update),
                verb(with(Effect::Update), "is updated in place", "are updated in place"),
            ),
            (
                self.consequences.deleted.len(),
                verb(self.consequences.deleted.len(), "is deleted", "are deleted"),
            ),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect();
        if parts.is_empty() { "Nothing that runs is touched".to_owned() } else { parts.join(", ") }
    }

    /// Names of the volumes that Easel would forget.
    #[must_use]
    pub(super) fn destroyed(&self, model: &Model) -> Vec<String> {
        let ids = self.consequences.destroyed.iter();
        ids.map(|id| subject(model, &Address::Volume(*id))).collect()
    }
}

/// The changes by the resource that they belong to, in the order of the first of each.
#[must_use]
pub(super) fn by_subject(model: &Model) -> Vec<(String, Option<Address>, Vec<&StagedChange>)> {
    let mut groups: Vec<(String, Option<Address>, Vec<&StagedChange>)> = Vec::new();
    for change in &model.changes {
        let address = &change.address;
        let owner = if address.is_entity() { Some(address.clone()) } else { address.parent() };
        let is_shared = matches!(address, Address::Variable(_));
        let known = groups.iter_mut().find(|(_, other, changes)| {
            *other == owner
                && (owner.is_some()
                    || changes
                        .iter()
                        .any(|one| matches!(one.address, Address::Variable(_)) == is_shared))
        });
        match known {
            Some((_, _, changes)) => changes.push(change),
            None => groups.push((subject(model, address), owner, vec![change])),
        }
    }
    groups
}
