//! A full resync: one list of what is, and one read of what should be if it has changed.

use crate::{context::Context, error::ReconcileError, worker::Hint};
use domain::{
    EnvironmentId,
    rollout::{Desired, DesiredService, Orphan, Ownership, ServiceKey, Subject, Version},
    runtime::ObservedReplica,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a resync reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResyncScope {
    /// What should be, only: somebody has changed something.
    Rows,
    /// And the engine's list.
    List,
    /// And every container, as after a gap in the events.
    Everything,
}

/// What should be, as it was read last.
///
/// Kept between resyncs, so that rows that nobody has written are not read, decrypted and compared
/// again. Whoever else keeps an aim shares it with this.
pub(crate) struct DesiredState {
    version: Version,
    ownership: Ownership,
    desired_services: BTreeMap<ServiceKey, Arc<DesiredService>>,
    /// Deleted environments that may still have a place in the engine.
    deleted: Vec<(Subject, EnvironmentId)>,
}

/// What a resync has found.
pub(crate) struct Resync {
    pub(crate) scope: ResyncScope,
    pub(crate) rows: Arc<DesiredState>,
    /// By service: what should be, and what the list shows (unless only rows were read).
    pub(crate) services: BTreeMap<ServiceKey, (Arc<DesiredService>, Vec<ObservedReplica>)>,
    /// Deleted environments of which nothing runs any more.
    pub(crate) empty: Vec<(Subject, EnvironmentId)>,
    pub(crate) orphans: Vec<Orphan>,
}

impl Resync {
    pub(crate) fn ownership(&self) -> &Ownership {
        &self.rows.ownership
    }

    pub(crate) fn hint(desired: &Arc<DesiredService>, list: &[ObservedReplica]) -> Box<Hint> {
        Box::new(Hint {
            desired: Arc::clone(desired),
            containers: list.iter().map(|replica| replica.container.clone()).collect(),
        })
    }
}

/// Looks at everything; `last` is what was read before.
pub(crate) async fn resync(
    context: Arc<Context>,
    scope: ResyncScope,
    last: Option<Arc<DesiredState>>,
) -> Result<Resync, ReconcileError> {
    let list = async {
        match scope {
            ResyncScope::Rows => Ok(Vec::new()),
            ResyncScope::List | ResyncScope::Everything => context.runtime.replicas().await,
        }
    };
    // What is listed first is older than what is read after it: no row is missed for a container.
    let list = list.await?;
    // And the version is older than the rows: whatever is written in between is read next time.
    let version = context.rollouts.version().await?;
    let rows = match last.filter(|rows| rows.version == version) {
        Some(rows) => rows,
        None => {
            Arc::new(DesiredState::new(version, context.rollouts.desired(context.fence).await?))
        }
    };
    Ok(group_by_service(rows, list, scope))
}

impl DesiredState {
    fn new(version: Version, desired: Desired) -> Self {
        let mut desired_services: BTreeMap<ServiceKey, DesiredService> = BTreeMap::new();
        for service in desired.services {
            let key = service.key();
            desired_services.entry(key).or_default().service = Some(service);
        }
        let mut deleted = Vec::new();
        for tombstone in desired.tombstones {
            match tombstone.subject {
                Subject::Service { environment, service, .. } => {
                    let key = ServiceKey { environment, service };
                    desired_services.entry(key).or_default().tombstones.push(tombstone);
                }
                Subject::Environment { environment, .. } if tombstone.done_at.is_none() => {
                    deleted.push((tombstone.subject, environment));
                }
                Subject::Environment { .. } => (),
            }
        }
        let desired_services =
            desired_services.into_iter().map(|(key, desired)| (key, Arc::new(desired))).collect();
        Self { version, ownership: desired.ownership, desired_services, deleted }
    }

    /// Whether the environment is deleted, and may still have a place in the engine.
    pub(crate) fn is_deleted(&self, environment: EnvironmentId) -> bool {
        self.deleted.iter().any(|(_, deleted)| *deleted == environment)
    }
}

fn group_by_service(
    rows: Arc<DesiredState>,
    list: Vec<ObservedReplica>,
    scope: ResyncScope,
) -> Resync {
    let mut pending: BTreeSet<EnvironmentId> = BTreeSet::new();
    let mut listed: BTreeMap<ServiceKey, Vec<ObservedReplica>> = BTreeMap::new();
    for replica in list {
        pending.insert(replica.identity.environment);
        listed.entry(key(&replica)).or_default().push(replica);
    }
    let mut services = BTreeMap::new();
    let mut orphans = Vec::new();
    for (&key, desired) in &rows.desired_services {
        let mut its = listed.remove(&key).unwrap_or_default();
        if is_due(desired) {
            pending.insert(key.environment);
        } else if its.is_empty() {
            // What is done matters only if something turns up late.
            continue;
        }
        orphans.extend(its.iter().filter(|replica| !is_named(desired, replica)).map(orphan));
        its.sort_by(|one, other| one.container.cmp(&other.container));
        services.insert(key, (Arc::clone(desired), its));
    }
    orphans.extend(listed.values().flatten().map(orphan));
    let is_empty = |(_, environment): &&(Subject, EnvironmentId)| !pending.contains(environment);
    let empty = rows.deleted.iter().filter(is_empty).copied().collect();
    Resync { scope, rows, services, empty, orphans }
}

/// Whether a service should be there, or something of it should go.
fn is_due(desired: &DesiredService) -> bool {
    desired.service.is_some()
        || desired.tombstones.iter().any(|tombstone| tombstone.done_at.is_none())
}

fn key(replica: &ObservedReplica) -> ServiceKey {
    let identity = replica.identity;
    ServiceKey { environment: identity.environment, service: identity.service }
}

fn orphan(replica: &ObservedReplica) -> Orphan {
    Orphan { container: replica.container.clone(), identity: replica.identity }
}

/// Whether a row or a tombstone names it.
fn is_named(desired: &DesiredService, replica: &ObservedReplica) -> bool {
    let identity = replica.identity;
    let by_row = desired.service.as_ref().is_some_and(|service| {
        service.replicas.iter().any(|row| row.id == identity.replica)
            || service.released.contains(&identity.replica)
    });
    let by_tombstone = desired.tombstones.iter().any(|tombstone| {
        matches!(tombstone.subject, Subject::Service { generation, .. }
            if identity.generation <= generation)
    });
    by_row || by_tombstone
}
