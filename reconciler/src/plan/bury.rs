//! Tombstones: what was deleted is removed, and nothing else.

use super::draft::Draft;
use crate::{action::Action, situation::Seen};
use domain::{
    rollout::{Step, Subject, Tombstone},
    runtime::ContainerState,
};

impl Draft<'_> {
    /// Removes what tombstones name. A container that a row names is never meant.
    pub(super) fn bury(&mut self) {
        for tombstone in &self.situation.aim.tombstones {
            let doomed: Vec<_> =
                self.situation.seen.iter().filter(|seen| self.is_named(tombstone, seen)).collect();
            if doomed.is_empty() {
                if tombstone.done_at.is_none() {
                    self.facts.push(Step::TombstoneDone { subject: tombstone.subject });
                }
                continue;
            }
            for seen in doomed {
                self.work
                    .push(crate::action::Chain { on_behalf: None, actions: self.removal(seen) });
            }
            self.wake(self.now.plus(self.rules.in_flight));
        }
    }

    fn is_named(&self, tombstone: &Tombstone, seen: &Seen) -> bool {
        let Subject::Service { environment, service, generation, .. } = tombstone.subject else {
            return false;
        };
        let identity = seen.inspection.identity;
        let rows = self.situation.aim.service.as_ref().map_or(&[][..], |it| &it.replicas);
        identity.environment == environment
            && identity.service == service
            && identity.generation <= generation
            && !rows.iter().any(|row| row.id == identity.replica)
    }

    /// Stops it if it runs, then removes it.
    pub(super) fn removal(&self, seen: &Seen) -> Vec<Action> {
        let container = seen.container.clone();
        let grace = seen.inspection.stop_grace;
        match seen.inspection.state {
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
