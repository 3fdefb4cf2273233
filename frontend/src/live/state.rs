//! What the page knows of an open canvas, kept in step by the server's messages.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{
    Map, UserId,
    access::ProjectRole,
    api::canvas::ServerMessage,
    canvas::Snapshot,
    deployments::ServiceState,
    event::Event,
    layout::{Node, Position},
};

use super::model::CanvasModel;
use crate::component::Person;

/// What the page knows.
#[derive(Debug, Default)]
pub struct CanvasState {
    /// Copied only while somebody keeps an older state of it.
    snapshot: Option<Rc<Snapshot>>,
    role: Option<ProjectRole>,
    /// Made when somebody draws it: however much is told between two frames, it is made once.
    model: RefCell<Option<CanvasModel>>,
    is_model_outdated: Cell<bool>,
    models: Cell<u64>,
    /// Goes up whenever something lies elsewhere.
    layout: u64,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Understood,
    /// An event is missing.
    Gap,
    /// Others drag: these sockets of them, and where to.
    RemotelyMoved(Vec<(u64, Vec<(Node, Position)>)>),
    /// Others, or the server, have put these somewhere.
    Placed(Vec<(Node, Position)>),
}

impl CanvasState {
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// The same for those who keep one.
    #[must_use]
    pub fn shared(&self) -> Option<Rc<Snapshot>> {
        self.snapshot.clone()
    }

    /// What to draw of it.
    #[must_use]
    pub fn model(&self) -> Option<CanvasModel> {
        let snapshot = self.snapshot.as_ref()?;
        let mut model = self.model.borrow_mut();
        if self.is_model_outdated.replace(false) {
            *model = Some(CanvasModel::of(snapshot, model.as_ref()));
            self.models.set(self.models.get() + 1);
        }
        model.clone()
    }

    /// How many models were made so far: each lays all that is staged upon all that is applied.
    #[must_use]
    pub fn models(&self) -> u64 {
        self.models.get()
    }

    #[must_use]
    pub fn role(&self) -> Option<ProjectRole> {
        self.role
    }

    /// Whether this person may stage and apply.
    #[must_use]
    pub fn may_edit(&self) -> bool {
        self.role.is_some_and(|role| role >= ProjectRole::Editor)
    }

    #[must_use]
    pub fn state(&self, service: domain::ServiceId) -> Option<&ServiceState> {
        self.snapshot.as_ref()?.states.get(&service)
    }

    /// The last event that is known.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.snapshot.as_ref().map(|snapshot| snapshot.number)
    }

    #[must_use]
    pub fn layout(&self) -> u64 {
        self.layout
    }

    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.deleted)
    }

    /// Somebody, as far as known.
    #[must_use]
    pub fn person(&self, id: UserId) -> Person {
        let name = self.snapshot.as_ref().and_then(|snapshot| snapshot.people.get(&id));
        let name = name.map_or_else(|| "Somebody".to_owned(), ToString::to_string);
        Person::new(id.to_string(), name)
    }

    /// Takes a message in. `unstored` are own places that the server does not know yet.
    pub fn on_event<'a>(
        &mut self,
        message: ServerMessage,
        unstored: impl Iterator<Item = &'a (Node, Position)>,
    ) -> Outcome {
        match message {
            ServerMessage::Welcome { role, .. } => {
                self.role = Some(role);
                Outcome::Understood
            }
            ServerMessage::Snapshot { snapshot } => {
                let mut snapshot = *snapshot;
                snapshot.layout.extend(unstored.copied());
                self.snapshot = Some(Rc::new(snapshot));
                // Of what was known before nothing holds.
                self.model.replace(None);
                self.is_model_outdated.set(true);
                self.layout += 1;
                Outcome::Understood
            }
            ServerMessage::Events { events, people } => self.fold(events, people),
            ServerMessage::Drags { drags } => {
                let moved = drags.into_iter().map(|drag| (drag.participant, drag.places));
                Outcome::RemotelyMoved(moved.collect())
            }
            ServerMessage::Done { .. } | ServerMessage::Refused { .. } => Outcome::Understood,
        }
    }

    fn fold(
        &mut self,
        events: Vec<domain::event::LoggedEvent>,
        people: Map<UserId, domain::Name>,
    ) -> Outcome {
        let Some(snapshot) = &mut self.snapshot else { return Outcome::Gap };
        let snapshot = Rc::make_mut(snapshot);
        snapshot.people.extend(people);
        let mut placed = Vec::new();
        for event in events {
            if event.number > snapshot.number + 1 {
                return Outcome::Gap;
            }
            if event.number <= snapshot.number {
                continue;
            }
            match &event.event {
                Event::Staged { .. } | Event::Discarded { .. } | Event::Applied { .. } => {
                    self.is_model_outdated.set(true);
                }
                Event::Placed { places, .. } => placed.extend(places.iter().copied()),
                Event::Moved { .. }
                | Event::Condition { .. }
                | Event::Incident { .. }
                | Event::Container { .. }
                | Event::Attempted { .. }
                | Event::Deleted { .. } => (),
            }
            snapshot.fold(event);
        }
        if placed.is_empty() {
            Outcome::Understood
        } else {
            self.layout += 1;
            Outcome::Placed(placed)
        }
    }

    /// Moves nodes here, before the server has stored it: the last writer wins there too.
    pub fn place(&mut self, places: &[(Node, Position)]) {
        if let Some(snapshot) = &mut self.snapshot {
            Rc::make_mut(snapshot).layout.extend(places.iter().copied());
            self.layout += 1;
        }
    }
}

#[cfg(test)]
mod tests;
