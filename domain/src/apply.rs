//! From a selection of staged changes to all that applying it means.

use crate::{
    ChangeId, EnvironmentSpec, Error, Map, RevisionNumber, ServiceId, Set,
    change::{StagedChange, StagedEdit},
    changes::Selection,
    check::Problems,
    dependency::closure,
    deployment::RunConfig,
    resolve::EnvironmentRef,
    workspace::Workspace,
};
use std::mem;

/// What an apply does: decided here, carried out by the store in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyPlan {
    /// The spec afterwards.
    pub spec: EnvironmentSpec,
    /// What is applied, in order.
    pub changes: Vec<StagedChange>,
    /// The staged edits that are thereby done.
    pub done: Vec<ChangeId>,
    /// Staged edits that stay and stand on the new revision from now on.
    pub rebased: Vec<(ChangeId, RevisionNumber)>,
    /// Services to deploy, in the order of their references, with what they run.
    pub deploy: Vec<(ServiceId, RunConfig)>,
    /// Services that are made.
    pub created: Vec<ServiceId>,
    /// Services that go: their containers are named by tombstones.
    pub deleted: Vec<ServiceId>,
    /// Services that stay and are configured otherwise, whether or not that deploys them.
    pub changed: Vec<ServiceId>,
}

impl ApplyPlan {
    /// Does to the list of staged edits what applying means for it.
    pub fn settle(&self, edits: &mut Vec<StagedEdit>) {
        let done: Set<&ChangeId> = self.done.iter().collect();
        let rebased: Map<&ChangeId, RevisionNumber> =
            self.rebased.iter().map(|(id, base)| (id, *base)).collect();
        edits.retain(|edit| !done.contains(&edit.id));
        for edit in edits {
            if let Some(base) = rebased.get(&edit.id) {
                edit.base = *base;
            }
        }
    }
}

/// What applying the selection means. Exactly the services whose resolved configuration differs
/// are deployed; limits and replicas alone deploy nothing.
///
/// # Errors
/// `Incomplete`, `Conflict` or `Blocked`, as [`Changes::apply`](crate::changes::Changes::apply) says.
pub fn plan(
    place: EnvironmentRef,
    workspace: &Workspace,
    selection: &Selection,
) -> Result<ApplyPlan, Error> {
    let all = workspace.changes();
    let chosen = choose(workspace, &all, selection)?;
    let whole = closure(&workspace.spec, &all, &chosen);
    let named: Set<&ChangeId> = chosen.iter().collect();
    let missing: Vec<ChangeId> = whole.iter().filter(|id| !named.contains(id)).copied().collect();
    if !missing.is_empty() {
        return Err(Error::Incomplete { closure: whole, missing });
    }
    let chosen: Set<ChangeId> = chosen.into_iter().collect();
    let changes: Vec<StagedChange> =
        all.iter().filter(|change| chosen.contains(&change.id)).cloned().collect();

    let spec = workspace.spec.apply(&changes)?;
    let before = &workspace.spec;
    let mut deploy = Vec::new();
    let mut problems = Vec::new();
    let touched = spec.touched_since(before);
    for service in spec.deploy_order().into_iter().filter(|service| touched.contains(service)) {
        let new = match spec.resolve(place, service) {
            Ok(Some(config)) => config,
            Ok(None) => continue,
            Err(Problems(more)) => {
                problems.extend(more);
                continue;
            }
        };
        // A configuration that could not be resolved before differs from any that can.
        let old = before.resolve(place, service).ok().flatten();
        if old.is_none_or(|old| old.redeploys(&new)) {
            deploy.push((service, new));
        }
    }
    if !problems.is_empty() && !changes.is_empty() {
        problems.dedup();
        return Err(Error::Blocked(Box::new(Problems(problems))));
    }

    let (done, rebased) = settle_edits(workspace, &all, &changes, &spec);
    let beyond = |a: &EnvironmentSpec, b: &EnvironmentSpec| -> Vec<ServiceId> {
        a.services.keys().filter(|id| !b.services.contains_key(id)).copied().collect()
    };
    Ok(ApplyPlan {
        created: beyond(&spec, before),
        deleted: beyond(before, &spec),
        changed: (spec.services.iter())
            .filter(|(id, service)| {
                before.services.get(id).is_some_and(|old| !old.is_same(service) && old != *service)
            })
            .map(|(id, _)| *id)
            .collect(),
        spec,
        changes,
        done,
        rebased,
        deploy,
    })
}

fn choose(
    workspace: &Workspace,
    all: &[StagedChange],
    selection: &Selection,
) -> Result<Vec<ChangeId>, Error> {
    match selection {
        Selection::Changes { changes } => {
            let known: Set<ChangeId> = all.iter().map(|change| change.id).collect();
            for id in changes {
                if !known.contains(id) {
                    return Err(Error::InvalidState(
                        "one of these changes is not staged any more, or was edited since you \
                         saw it; look at the list again"
                            .to_owned(),
                    ));
                }
            }
            Ok(changes.clone())
        }
        Selection::UpTo { up_to } => {
            let seen: Set<_> = (workspace.edits.iter())
                .filter(|edit| edit.seq <= *up_to)
                .map(|edit| &edit.address)
                .collect();
            if all.iter().any(|change| change.seq > *up_to && seen.contains(&change.address)) {
                return Err(Error::InvalidState(
                    "one of these changes was edited since you saw it; look at the list again"
                        .to_owned(),
                ));
            }
            Ok(all.iter().filter(|change| change.seq <= *up_to).map(|change| change.id).collect())
        }
    }
}

/// Which edits are done, and which stand on the new revision from now on.
fn settle_edits(
    workspace: &Workspace,
    all: &[StagedChange],
    changes: &[StagedChange],
    spec: &EnvironmentSpec,
) -> (Vec<ChangeId>, Vec<(ChangeId, RevisionNumber)>) {
    let applied: Set<_> = changes.iter().map(|change| &change.address).collect();
    let visible: Set<_> = all.iter().map(|change| &change.address).collect();
    let mut done = Vec::new();
    let mut rebased = Vec::new();
    for edit in &workspace.edits {
        let parent_applied = edit
            .address
            .parent()
            .is_some_and(|parent| applied.contains(&parent) && !visible.contains(&edit.address));
        // Edits that came to nothing go with the next apply that touches their place.
        if applied.contains(&edit.address) || parent_applied {
            done.push(edit.id);
        } else if edit.base != spec.version_of(&edit.address)
            && edit.base == workspace.spec.version_of(&edit.address)
        {
            rebased.push((edit.id, spec.version_of(&edit.address)));
        }
    }
    (done, rebased)
}

impl EnvironmentSpec {
    /// All services, each after those that its variables refer to, as far as there is no circle.
    #[must_use]
    pub fn deploy_order(&self) -> Vec<ServiceId> {
        let mut waits_for: Map<ServiceId, usize> = Map::new();
        let mut waiting: Map<ServiceId, Vec<ServiceId>> = Map::new();
        for edge in self.edges() {
            *waits_for.entry(edge.from).or_default() += 1;
            waiting.entry(edge.to).or_default().push(edge.from);
        }
        let mut order: Vec<ServiceId> = Vec::with_capacity(self.services.len());
        let mut ready: Vec<ServiceId> =
            self.services.keys().filter(|id| !waits_for.contains_key(id)).copied().collect();
        while !ready.is_empty() {
            let mut next = Vec::new();
            for placed in &ready {
                for id in waiting.get(placed).into_iter().flatten() {
                    let Some(left) = waits_for.get_mut(id) else { continue };
                    *left -= 1;
                    if *left == 0 {
                        waits_for.remove(id);
                        next.push(*id);
                    }
                }
            }
            next.sort();
            order.extend(mem::replace(&mut ready, next));
        }
        // What is left goes in a circle, or waits for one: all of it at once.
        order.extend(waits_for.into_keys());
        order
    }
}
