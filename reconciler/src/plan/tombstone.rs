//! Tombstones: what was deleted is removed, and nothing else.

use super::builder::PlanBuilder;
use crate::{action::Action, situation::ObservedContainer};
use domain::{
    rollout::{Step, Subject, Tombstone},
    runtime::ContainerState,
};

impl PlanBuilder<'_> {
    /// Removes what tombstones name. A container that a row names is never meant.
    pub(super) fn remove_tombstoned(&mut self) {
        for tombstone in &self.situation.desired.tombstones {
            let to_remove: Vec<_> = self
                .situation
                .observed
                .iter()
                .filter(|observed| self.is_named(tombstone, observed))
                .collect();
            if to_remove.is_empty() {
                if tombstone.done_at.is_none() {
                    self.facts.push(Step::TombstoneDone { subject: tombstone.subject });
                }
                continue;
            }
            for observed in to_remove {
                self.work.push(crate::action::Chain {
                    on_behalf: None,
                    actions: self.removal(observed),
                });
            }
            self.requeue_at(self.now.plus(self.rules.in_flight));
        }
    }

    fn is_named(&self, tombstone: &Tombstone, observed: &ObservedContainer) -> bool {
        let Subject::Service { environment, service, generation, .. } = tombstone.subject else {
            return false;
        };
        let identity = observed.inspection.identity;
        let rows = self.situation.desired.service.as_ref().map_or(&[][..], |it| &it.replicas);
        identity.environment == environment
            && identity.service == service
            && identity.generation <= generation
            && !rows.iter().any(|row| row.id == identity.replica)
    }

    /// Stops it if it runs, then removes it.
    pub(super) fn removal(&self, observed: &ObservedContainer) -> Vec<Action> {
        let container = observed.container.clone();
        let grace = observed.inspection.stop_grace;
        match observed.inspection.state {
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting => {
                vec![
                    Action::Stop { container: container.clone(), grace },
                    Action::Remove(container),
                ]
            }
            // Somebody is at it already.
            ContainerState::Removing => Vec::new(),
            ContainerState::Created | ContainerState::Exited | ContainerState::Dead => {
                vec![Action::Remove(container)]
            }
        }
    }
}
