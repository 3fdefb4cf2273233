//! A look at everything: one read of what should be, one list of what is.

use crate::{
    execute::Trouble,
    worker::{Hint, Tools},
};
use domain::{
    EnvironmentId,
    rollout::{Aim, Desired, Ownership, ServiceKey, Stray, Subject},
    runtime::ObservedReplica,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// What should be, only: somebody has changed something.
    Rows,
    /// And the engine's list.
    List,
    /// And every container, as after a gap in the events.
    Everything,
}

/// What a survey has found.
pub(crate) struct Survey {
    pub(crate) depth: Depth,
    pub(crate) ownership: Ownership,
    /// By service: what should be, and what the list shows (unless only rows were read).
    pub(crate) services: BTreeMap<ServiceKey, (Aim, Vec<ObservedReplica>)>,
    /// Environments of which only the network is left.
    pub(crate) empty: Vec<(Subject, EnvironmentId)>,
    pub(crate) strays: Vec<Stray>,
}

impl Survey {
    pub(crate) fn hint(aim: &Aim, list: &[ObservedReplica]) -> Box<Hint> {
        Box::new(Hint {
            aim: aim.clone(),
            containers: list.iter().map(|replica| replica.container.clone()).collect(),
        })
    }
}

/// Looks at everything.
pub(crate) async fn survey(tools: Arc<Tools>, depth: Depth) -> Result<Survey, Trouble> {
    let list = async {
        match depth {
            Depth::Rows => Ok(Vec::new()),
            Depth::List | Depth::Everything => tools.runtime.replicas().await,
        }
    };
    // What is listed first is older than what is read after it: no row is missed for a container.
    let list = list.await?;
    let desired = tools.rollouts.desired(tools.fence).await?;
    Ok(sort(desired, list, depth))
}

fn sort(desired: Desired, list: Vec<ObservedReplica>, depth: Depth) -> Survey {
    let mut services: BTreeMap<ServiceKey, (Aim, Vec<ObservedReplica>)> = BTreeMap::new();
    let mut pending: BTreeSet<EnvironmentId> = BTreeSet::new();
    for service in desired.services {
        pending.insert(service.environment);
        let key = service.key();
        services.entry(key).or_default().0.service = Some(service);
    }
    let listed: BTreeSet<ServiceKey> = list.iter().map(key).collect();
    let mut empty = Vec::new();
    for tombstone in desired.tombstones {
        match tombstone.subject {
            Subject::Service { environment, service, .. } => {
                let key = ServiceKey { environment, service };
                if tombstone.done_at.is_none() {
                    pending.insert(environment);
                }
                // A done one matters only if something turns up late.
                let matters = tombstone.done_at.is_none()
                    || listed.contains(&key)
                    || services.contains_key(&key);
                if matters {
                    services.entry(key).or_default().0.tombstones.push(tombstone);
                }
            }
            Subject::Environment { environment, .. } if tombstone.done_at.is_none() => {
                empty.push((tombstone.subject, environment));
            }
            Subject::Environment { .. } => (),
        }
    }
    let mut strays = Vec::new();
    for replica in list {
        pending.insert(replica.identity.environment);
        match services.get_mut(&key(&replica)) {
            Some((aim, its)) => {
                if !is_named(aim, &replica) {
                    strays.push(stray(&replica));
                }
                its.push(replica);
            }
            None => strays.push(stray(&replica)),
        }
    }
    for (_, its) in services.values_mut() {
        its.sort_by(|one, other| one.container.cmp(&other.container));
    }
    empty.retain(|(_, environment)| !pending.contains(environment));
    Survey { depth, ownership: desired.ownership, services, empty, strays }
}

fn key(replica: &ObservedReplica) -> ServiceKey {
    let identity = replica.identity;
    ServiceKey { environment: identity.environment, service: identity.service }
}

fn stray(replica: &ObservedReplica) -> Stray {
    Stray { container: replica.container.clone(), identity: replica.identity }
}

/// Whether a row or a tombstone names it.
fn is_named(aim: &Aim, replica: &ObservedReplica) -> bool {
    let identity = replica.identity;
    let by_row = aim.service.as_ref().is_some_and(|service| {
        service.replicas.iter().any(|row| row.id == identity.replica)
            || service.released.contains(&identity.replica)
    });
    let by_tombstone = aim.tombstones.iter().any(|tombstone| {
        matches!(tombstone.subject, Subject::Service { generation, .. }
            if identity.generation <= generation)
    });
    by_row || by_tombstone
}
