//! A look at everything: one list of what is, and one read of what should be if it has changed.

use crate::{tools::Tools, trouble::Trouble, worker::Hint};
use domain::{
    EnvironmentId,
    rollout::{Aim, Desired, Ownership, ServiceKey, Stray, Subject, Version},
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

/// What should be, as it was read last.
///
/// Kept between surveys, so that rows that nobody has written are not read, decrypted and compared
/// again. Whoever else keeps an aim shares it with this.
pub(crate) struct Rows {
    version: Version,
    ownership: Ownership,
    aims: BTreeMap<ServiceKey, Arc<Aim>>,
    /// Deleted environments that may still have a place in the engine.
    deleted: Vec<(Subject, EnvironmentId)>,
}

/// What a survey has found.
pub(crate) struct Survey {
    pub(crate) depth: Depth,
    pub(crate) rows: Arc<Rows>,
    /// By service: what should be, and what the list shows (unless only rows were read).
    pub(crate) services: BTreeMap<ServiceKey, (Arc<Aim>, Vec<ObservedReplica>)>,
    /// Deleted environments of which nothing runs any more.
    pub(crate) empty: Vec<(Subject, EnvironmentId)>,
    pub(crate) strays: Vec<Stray>,
}

impl Survey {
    pub(crate) fn ownership(&self) -> &Ownership {
        &self.rows.ownership
    }

    pub(crate) fn hint(aim: &Arc<Aim>, list: &[ObservedReplica]) -> Box<Hint> {
        Box::new(Hint {
            aim: Arc::clone(aim),
            containers: list.iter().map(|replica| replica.container.clone()).collect(),
        })
    }
}

/// Looks at everything; `last` is what was read before.
pub(crate) async fn survey(
    tools: Arc<Tools>,
    depth: Depth,
    last: Option<Arc<Rows>>,
) -> Result<Survey, Trouble> {
    let list = async {
        match depth {
            Depth::Rows => Ok(Vec::new()),
            Depth::List | Depth::Everything => tools.runtime.replicas().await,
        }
    };
    // What is listed first is older than what is read after it: no row is missed for a container.
    let list = list.await?;
    // And the version is older than the rows: whatever is written in between is read next time.
    let version = tools.rollouts.version().await?;
    let rows = match last.filter(|rows| rows.version == version) {
        Some(rows) => rows,
        None => Arc::new(Rows::new(version, tools.rollouts.desired(tools.fence).await?)),
    };
    Ok(sort(rows, list, depth))
}

impl Rows {
    fn new(version: Version, desired: Desired) -> Self {
        let mut aims: BTreeMap<ServiceKey, Aim> = BTreeMap::new();
        for service in desired.services {
            let key = service.key();
            aims.entry(key).or_default().service = Some(service);
        }
        let mut deleted = Vec::new();
        for tombstone in desired.tombstones {
            match tombstone.subject {
                Subject::Service { environment, service, .. } => {
                    let key = ServiceKey { environment, service };
                    aims.entry(key).or_default().tombstones.push(tombstone);
                }
                Subject::Environment { environment, .. } if tombstone.done_at.is_none() => {
                    deleted.push((tombstone.subject, environment));
                }
                Subject::Environment { .. } => (),
            }
        }
        let aims = aims.into_iter().map(|(key, aim)| (key, Arc::new(aim))).collect();
        Self { version, ownership: desired.ownership, aims, deleted }
    }

    /// Whether the environment is deleted, and may still have a place in the engine.
    pub(crate) fn is_deleted(&self, environment: EnvironmentId) -> bool {
        self.deleted.iter().any(|(_, deleted)| *deleted == environment)
    }
}

fn sort(rows: Arc<Rows>, list: Vec<ObservedReplica>, depth: Depth) -> Survey {
    let mut pending: BTreeSet<EnvironmentId> = BTreeSet::new();
    let mut listed: BTreeMap<ServiceKey, Vec<ObservedReplica>> = BTreeMap::new();
    for replica in list {
        pending.insert(replica.identity.environment);
        listed.entry(key(&replica)).or_default().push(replica);
    }
    let mut services = BTreeMap::new();
    let mut strays = Vec::new();
    for (&key, aim) in &rows.aims {
        let mut its = listed.remove(&key).unwrap_or_default();
        if is_due(aim) {
            pending.insert(key.environment);
        } else if its.is_empty() {
            // What is done matters only if something turns up late.
            continue;
        }
        strays.extend(its.iter().filter(|replica| !is_named(aim, replica)).map(stray));
        its.sort_by(|one, other| one.container.cmp(&other.container));
        services.insert(key, (Arc::clone(aim), its));
    }
    strays.extend(listed.values().flatten().map(stray));
    let is_empty = |(_, environment): &&(Subject, EnvironmentId)| !pending.contains(environment);
    let empty = rows.deleted.iter().filter(is_empty).copied().collect();
    Survey { depth, rows, services, empty, strays }
}

/// Whether a service should be there, or something of it should go.
fn is_due(aim: &Aim) -> bool {
    aim.service.is_some() || aim.tombstones.iter().any(|tombstone| tombstone.done_at.is_none())
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
