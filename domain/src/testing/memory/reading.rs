//! Layouts, events, the audit and snapshots in memory.

use super::{Memory, paged};
use crate::{
    Address, EnvironmentId, Map, Name, ProjectId, Result, ServiceId, UserId,
    access::Mutation,
    audit::{Audit, AuditCheck, AuditEntry, AuditOutcome, Refusal},
    canvas::{Snapshot, Snapshots},
    change::StagedEdit,
    event::{EventLog, LoggedEvent, Replay},
    layout::{Layouts, Node, Position},
    page::{Page, Paged},
};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// The epoch: there is only one log.
const LOG: &str = "memory";

#[async_trait]
impl Layouts for Memory {
    async fn place(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        places: &[(Node, Position)],
    ) -> Result<()> {
        self.mutate(by, "layouts.place", environment, |tx| {
            let held = tx.tables.environment(environment)?;
            let project = held.environment.project;
            let staged = held.workspace().staged();
            let places: Vec<(Node, Position)> = (places.iter())
                .filter(|(node, _)| {
                    let address = address_of(*node);
                    staged.get(&address).is_some() || held.spec.get(&address).is_some()
                })
                .copied()
                .collect();
            if places.is_empty() {
                return Ok(());
            }
            tx.place_nodes(environment, &places)?;
            let nodes: Vec<String> = places.iter().map(|(node, _)| node.to_string()).collect();
            tx.audit("layouts.place", Some(project), nodes.join(", "));
            Ok(())
        })
    }
}

fn address_of(node: Node) -> Address {
    match node {
        Node::Service(id) => Address::Service(id),
        Node::Group(id) => Address::Group(id),
        Node::Volume(id) => Address::Volume(id),
    }
}

#[async_trait]
impl EventLog for Memory {
    async fn after(&self, environment: EnvironmentId, number: u64, limit: u64) -> Result<Replay> {
        Ok(self.read(|tables, _| {
            let Some(log) = tables.logs.get(&environment) else {
                return if number == 0 { Replay::Events(Vec::new()) } else { Replay::Gone };
            };
            let first = log.events.first().map_or(log.last + 1, |event| event.number);
            if number > log.last || number + 1 < first {
                return Replay::Gone;
            }
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let missed = log.events.iter().filter(|event| event.number > number);
            Replay::Events(missed.take(limit).cloned().collect())
        }))
    }

    async fn history(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        limit: u64,
    ) -> Result<Vec<LoggedEvent>> {
        Ok(self.read(|tables, _| {
            let events = tables.logs.get(&environment).map_or(&[][..], |log| &log.events[..]);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let of_service =
                events.iter().rev().filter(|event| event.event.service() == Some(service));
            of_service.take(limit).cloned().collect()
        }))
    }

    async fn epoch(&self) -> Result<String> {
        Ok(LOG.to_owned())
    }
}

#[async_trait]
impl Audit for Memory {
    async fn entries(&self, project: Option<ProjectId>, page: Page) -> Result<Paged<AuditEntry>> {
        Ok(self.read(|tables, _| {
            let found: Vec<AuditEntry> = (tables.audit.iter())
                .filter(|entry| project.is_none() || entry.project == project)
                .cloned()
                .collect();
            paged(&found, page)
        }))
    }

    async fn record_refused(&self, refusal: &Refusal) -> Result<()> {
        self.transact(None, |tx| {
            let refusal = refusal.clone();
            let number = tx.tables.audit.len() as u64 + 1;
            tx.tables.audit.push(AuditEntry {
                number,
                at: tx.now,
                actor: refusal.actor,
                via: refusal.via,
                key: refusal.key,
                action: refusal.action,
                outcome: AuditOutcome::Refused,
                project: refusal.project,
                target: refusal.target,
                before: None,
                after: None,
                count: refusal.count,
                request: refusal.request,
                source: refusal.source,
            });
            Ok(())
        })
    }

    async fn verify(&self) -> Result<AuditCheck> {
        let entries = self.read(|tables, _| tables.audit.len() as u64);
        Ok(AuditCheck { entries, broken_at: None })
    }
}

#[async_trait]
impl Snapshots for Memory {
    async fn snapshot(&self, environment: EnvironmentId) -> Result<Snapshot> {
        self.read(|tables, _| {
            let held = tables.environment(environment)?;
            let states: Map<_, _> = (tables.states(environment)?.into_iter())
                .map(|state| (state.service, state))
                .collect();
            let deployments =
                states.values().flat_map(|state| state.active.iter().chain(&state.newest));
            let people: BTreeSet<UserId> = (held.edits.iter().map(|edit| edit.author))
                .chain(deployments.filter_map(|deployment| deployment.author))
                .collect();
            let names: Map<UserId, Name> = (people.into_iter())
                .filter_map(|id| Some((id, tables.user(id).ok()?.name.clone())))
                .collect();
            Ok(Snapshot {
                epoch: LOG.to_owned(),
                number: tables.logs.get(&environment).map_or(0, |log| log.last),
                project: tables.project(held.environment.project)?.project.clone(),
                environment: held.environment.clone(),
                spec: held.spec.hidden(),
                edits: held.edits.iter().map(StagedEdit::hidden).collect(),
                states,
                layout: held.layout.clone(),
                people: names,
                deleted: false,
            })
        })
    }
}
