//! Everybody who has the same canvas open, and one reader of its event log for all of them.

mod drags;
mod frame;

use crate::{app::App, people::names};
use axum::extract::ws::Utf8Bytes;
use domain::{
    EnvironmentId, UserId,
    api::canvas::ServerMessage,
    event::{Event, LoggedEvent, Replay},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use drags::{Drags, Tick};
pub(crate) use frame::frame;

/// Events that wait for a slow guest; one that falls further behind reads the log.
const QUEUE: usize = 64;
/// Events that are read at once.
const BATCH: u64 = 200;

/// What has happened, to be told to everybody in a room.
#[derive(Clone, Debug)]
pub(crate) enum RoomMessage {
    /// Events, serialised once for all.
    Events(Batch),
    /// The log does not go on: take a fresh snapshot.
    Lost,
}

/// Events in a row, as a frame.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) text: Utf8Bytes,
    /// Whether the project is gone with the last of them.
    pub(crate) is_end: bool,
}

/// One open canvas. What has happened and what merely moves go by ways of their own: neither waits
/// for the other.
pub(crate) struct Room {
    pub(crate) messages: broadcast::Sender<RoomMessage>,
    pub(crate) drags: Arc<Drags>,
    position: Arc<AtomicU64>,
    reader: AbortOnDropHandle<()>,
    _teller: AbortOnDropHandle<()>,
}

impl Room {
    /// The last event that has been told.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }
}

/// All open canvases.
pub(crate) struct Rooms {
    app: App,
    rooms: Mutex<HashMap<EnvironmentId, Weak<Room>>>,
    participants: Arc<AtomicU64>,
    next: AtomicU64,
}

/// Somebody who is counted while they are in.
pub(crate) struct Participant {
    pub(crate) number: u64,
    participants: Arc<AtomicU64>,
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.participants.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rooms {
    pub(crate) fn new(app: App) -> Self {
        Self { app, rooms: Mutex::default(), participants: Arc::default(), next: AtomicU64::new(1) }
    }

    /// How many canvases are open.
    pub(crate) fn participants(&self) -> u64 {
        self.participants.load(Ordering::Relaxed)
    }

    /// Somebody comes in.
    pub(crate) fn connect(&self) -> Participant {
        self.participants.fetch_add(1, Ordering::Relaxed);
        Participant {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            participants: Arc::clone(&self.participants),
        }
    }

    /// The room of an environment; a new one begins to read after `position`.
    pub(crate) fn join(&self, environment: EnvironmentId, position: u64) -> Arc<Room> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, room| room.strong_count() > 0);
        let open = rooms.get(&environment).and_then(Weak::upgrade);
        // A reader that has ended told everybody that the log does not go on.
        if let Some(room) = open.filter(|room| !room.reader.is_finished()) {
            return room;
        }
        let (messages, _) = broadcast::channel(QUEUE);
        let position = Arc::new(AtomicU64::new(position));
        let reader = tokio::spawn(read(
            self.app.clone(),
            environment,
            Arc::clone(&position),
            messages.clone(),
        ));
        let drags = Arc::new(Drags::default());
        let teller = tokio::spawn({
            let drags = Arc::clone(&drags);
            async move { drags.run().await }
        });
        let room = Arc::new(Room {
            messages,
            drags,
            position,
            reader: AbortOnDropHandle::new(reader),
            _teller: AbortOnDropHandle::new(teller),
        });
        rooms.insert(environment, Arc::downgrade(&room));
        room
    }
}

/// Reads the log of an environment and tells what is new, until the room is empty.
async fn read(
    app: App,
    environment: EnvironmentId,
    position: Arc<AtomicU64>,
    messages: broadcast::Sender<RoomMessage>,
) {
    loop {
        let after = position.load(Ordering::Acquire);
        app.announcements.changed(environment, after).await;
        match app.events.after(environment, after, BATCH).await {
            Ok(Replay::Events(events)) => {
                let Some(batch) = batch(&app, events).await else {
                    // Announced, yet not to be seen: give the commit a moment.
                    app.clock.sleep(Duration::from_millis(50)).await;
                    continue;
                };
                position.store(batch.last, Ordering::Release);
                // Nobody listening is fine: they will catch up from the log.
                let _ = messages.send(RoomMessage::Events(batch));
            }
            Ok(Replay::Gone) => {
                let _ = messages.send(RoomMessage::Lost);
                return;
            }
            Err(error) => {
                tracing::warn!(environment.id = %environment, "could not read events: {error}");
                app.clock.sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Events as a frame, with the names of the people that they speak of; `None` when there are none.
pub(crate) async fn batch(app: &App, events: Vec<LoggedEvent>) -> Option<Batch> {
    let (first, last) = (events.first()?.number, events.last()?.number);
    let is_end = events.iter().any(|event| matches!(event.event, Event::Deleted { .. }));
    let people = names(app, people(&events)).await.unwrap_or_default();
    let text = frame(&ServerMessage::Events { events, people });
    Some(Batch { first, last, text, is_end })
}

/// Of whom events speak.
pub(crate) fn people(events: &[LoggedEvent]) -> BTreeSet<UserId> {
    events.iter().flat_map(|event| people_of(&event.event)).collect()
}

fn people_of(event: &Event) -> Vec<UserId> {
    match event {
        Event::Staged { by, edits, .. } => {
            edits.iter().map(|edit| edit.author).chain([*by]).collect()
        }
        Event::Discarded { by, .. } | Event::Placed { by, .. } | Event::Deleted { by } => {
            vec![*by]
        }
        Event::Applied { revision, changes, .. } => (changes.iter())
            .flat_map(|change| change.contributors.iter().map(|one| one.author))
            .chain([revision.author])
            .collect(),
        Event::Moved { deployment, .. } => deployment.author.into_iter().collect(),
        Event::Condition { .. }
        | Event::Incident { .. }
        | Event::Container { .. }
        | Event::Attempted { .. } => Vec::new(),
    }
}
