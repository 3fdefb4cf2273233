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
    let missing: Vec<ChangeId> = whole.iter().filter(|id| !chosen.contains(id)).copied().collect();
    if !missing.is_empty() {
        return Err(Error::Incomplete { closure: whole, missing });
    }
    let changes: Vec<StagedChange> =
        all.into_iter().filter(|change| chosen.contains(&change.id)).collect();

    let spec = workspace.spec.apply(&changes)?;
    let before = &workspace.spec;
    let mut deploy = Vec::new();
    let mut problems = Vec::new();
    for service in spec.deploy_order() {
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

    let (done, rebased) = settle_edits(workspace, &changes, &spec);
    let beyond = |a: &EnvironmentSpec, b: &EnvironmentSpec| -> Vec<ServiceId> {
        a.services.keys().filter(|id| !b.services.contains_key(id)).copied().collect()
    };
    Ok(ApplyPlan {
        created: beyond(&spec, before),
        deleted: beyond(before, &spec),
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
            for id in changes {
                if all.iter().all(|change| change.id != *id) {
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
    changes: &[StagedChange],
    spec: &EnvironmentSpec,
) -> (Vec<ChangeId>, Vec<(ChangeId, RevisionNumber)>) {
    let applied: Set<_> = changes.iter().map(|change| &change.address).collect();
    let visible: Set<_> = workspace.changes().into_iter().map(|change| change.address).collect();
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
        let edges = self.edges();
        let mut order: Vec<ServiceId> = Vec::new();
        let mut placed: Set<ServiceId> = Set::new();
        let mut waiting: Vec<ServiceId> = self.services.keys().copied().collect();
        while !waiting.is_empty() {
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(|id| {
                edges.iter().all(|edge| edge.from != *id || placed.contains(&edge.to))
            });
            // A circle: all of it at once.
            let (ready, rest) = if ready.is_empty() { (rest, Vec::new()) } else { (ready, rest) };
            placed.extend(ready.iter().copied());
            order.extend(ready);
            waiting = rest;
        }
        order
    }
}
