//! What an open canvas holds: a snapshot, kept in step by events.

use crate::{
    ChangeId, EnvironmentId, EnvironmentSpec, Map, Name, Result, ServiceId, Set, UserId,
    change::{StagedChange, StagedEdit, compact},
    deployments::ServiceState,
    event::{Event, LoggedEvent},
    layout::Layout,
    project::{Environment, Project},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An environment as a canvas shows it. Values are hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The log that its number belongs to.
    pub epoch: String,
    /// The number of the last event that is in it.
    pub number: u64,
    /// Whose.
    pub project: Project,
    /// Which.
    pub environment: Environment,
    /// What is applied.
    pub spec: EnvironmentSpec,
    /// What waits, raw.
    pub edits: Vec<StagedEdit>,
    /// How services are doing.
    pub states: Map<ServiceId, ServiceState>,
    /// Where everything lies.
    pub layout: Layout,
    /// Names of all people that the above speaks of.
    pub people: Map<UserId, Name>,
    /// Whether the project is gone.
    #[serde(default)]
    pub deleted: bool,
}

impl Snapshot {
    /// What people see of the staged edits.
    #[must_use]
    pub fn changes(&self) -> Vec<StagedChange> {
        compact(&self.spec, &self.edits)
    }

    /// This, after one more event. Events that are in it already change nothing.
    ///
    /// Folding all events into an old snapshot gives what a fresh one holds, names of people apart.
    pub fn fold(&mut self, numbered: LoggedEvent) {
        if numbered.number <= self.number {
            return;
        }
        self.number = numbered.number;
        match numbered.event {
            Event::Staged { edits, superseded, .. } => {
                self.edits.extend(edits);
                self.edits.sort_by_key(|edit| edit.seq);
                self.remove_edits(&superseded);
            }
            Event::Discarded { edits, .. } => self.remove_edits(&edits),
            Event::Applied { revision, changes, edits, rebased } => {
                self.spec.advance(&changes, revision.number);
                if self.project.name != self.spec.project_name {
                    self.project.name = self.spec.project_name.clone();
                    self.project.updated_at = numbered.at;
                }
                self.remove_edits(&edits);
                let rebased: Map<_, _> = rebased.into_iter().collect();
                for edit in &mut self.edits {
                    if let Some(base) = rebased.get(&edit.id) {
                        edit.base = *base;
                    }
                }
                let spec = &self.spec;
                self.states.retain(|service, _| spec.services.contains_key(service));
                for service in spec.services.keys().copied().collect::<Vec<_>>() {
                    self.state_of(service);
                }
            }
            Event::Moved { deployment, active } => {
                let state = self.state_of(deployment.service);
                if active {
                    state.active = Some((*deployment).clone());
                } else if state.active.as_ref().is_some_and(|old| old.id == deployment.id) {
                    state.active = None;
                }
                let is_newest = (state.newest.as_ref())
                    .is_none_or(|newest| newest.generation <= deployment.generation);
                if is_newest {
                    state.newest = Some(*deployment);
                }
            }
            Event::Condition { service, condition, why } => {
                let at = numbered.at;
                let state = self.state_of(service);
                if state.condition != Some(condition) {
                    state.since = Some(at);
                }
                state.condition = Some(condition);
                state.why = why;
            }
            Event::Placed { places, .. } => self.layout.extend(places),
            Event::Deleted { .. } => self.deleted = true,
            Event::Incident { .. } | Event::Container { .. } | Event::Attempted { .. } => (),
        }
    }

    fn state_of(&mut self, service: ServiceId) -> &mut ServiceState {
        self.states.entry(service).or_insert_with(|| ServiceState::unknown(service))
    }

    fn remove_edits(&mut self, gone: &[ChangeId]) {
        let gone: Set<_> = gone.iter().collect();
        self.edits.retain(|edit| !gone.contains(&edit.id));
    }
}

/// Reads snapshots.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Everything that a canvas shows, in one read.
    async fn snapshot(&self, environment: EnvironmentId) -> Result<Snapshot>;
}
