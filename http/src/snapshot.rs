//! Snapshots of open canvases, kept in step by their events and serialised once for all who come in.
//!
//! One serves everybody: values are hidden from all alike, and what roles differ in is what may be done,
//! which the greeting says. Should some see what others may not, each kind of sight needs one of its own.

use crate::{app::App, blocking::run_blocking, people::names, room::people};
use axum::{body::Bytes, extract::ws::Utf8Bytes};
use domain::{
    EnvironmentId, Error, Result,
    canvas::Snapshot,
    event::{LoggedEvent, Replay},
};
use flate2::{Compression, write::GzEncoder};
use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Arc, Mutex as SyncMutex, PoisonError, Weak},
};
use tokio::sync::Mutex;

/// Events that are read at once.
const BATCH: u64 = 500;
/// After so many folded events a snapshot is read anew: by then that is less work.
const MAX_FOLDED: usize = 2_000;

/// What stands before a snapshot in its frame, and after it.
const FRAME_START: &str = r#"{"type":"snapshot","snapshot":"#;
const FRAME_END: &str = "}";

/// The snapshots of all open canvases.
pub(crate) struct SharedSnapshots {
    app: App,
    open: SyncMutex<HashMap<EnvironmentId, Weak<SharedSnapshot>>>,
}

/// The snapshot of one canvas, for as long as somebody holds it.
pub(crate) struct SharedSnapshot {
    app: App,
    environment: EnvironmentId,
    held: Mutex<Option<Held>>,
}

/// A snapshot, and what was made of it since it last moved on.
struct Held {
    snapshot: Box<Snapshot>,
    frame: Option<Utf8Bytes>,
    packed: Option<Bytes>,
    folded: usize,
}

/// A snapshot as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotFrame {
    /// The last event that is in it.
    pub(crate) number: u64,
    pub(crate) text: Utf8Bytes,
}

/// The snapshot alone, in the very same memory as its frame.
fn body(text: &Utf8Bytes) -> Bytes {
    let bytes = Bytes::from(text.clone());
    bytes.slice(FRAME_START.len()..bytes.len() - FRAME_END.len())
}

impl SharedSnapshots {
    pub(crate) fn new(app: App) -> Self {
        Self { app, open: SyncMutex::default() }
    }

    /// The one of this canvas. It is read when it is first asked for something.
    pub(crate) fn of(&self, environment: EnvironmentId) -> Arc<SharedSnapshot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = open.get(&environment).and_then(Weak::upgrade) {
            return shared;
        }
        open.retain(|_, shared| shared.strong_count() > 0);
        let (app, held) = (self.app.clone(), Mutex::default());
        let shared = Arc::new(SharedSnapshot { app, environment, held });
        open.insert(environment, Arc::downgrade(&shared));
        shared
    }
}

impl SharedSnapshot {
    /// Everything that has happened up to now. Who asks at the same time waits for the same work.
    pub(crate) async fn frame(&self) -> Result<SnapshotFrame> {
        let mut place = self.held.lock().await;
        let (held, text) = serialise(self.bring_up_to_date(place.take()).await?).await;
        let number = held.snapshot.number;
        *place = Some(held);
        Ok(SnapshotFrame { number, text })
    }

    /// The same as a body of its own.
    pub(crate) async fn body(&self) -> Result<Bytes> {
        Ok(body(&self.frame().await?.text))
    }

    /// The same packed by gzip, once for all.
    pub(crate) async fn packed(&self) -> Result<Bytes> {
        let mut place = self.held.lock().await;
        let (mut held, text) = serialise(self.bring_up_to_date(place.take()).await?).await;
        let packed = match held.packed.clone() {
            Some(packed) => packed,
            None => {
                let packing = move || pack(&body(&text));
                let packed = run_blocking(weight(&held.snapshot), packing).await;
                packed.map_err(Error::internal("pack a snapshot"))?
            }
        };
        held.packed = Some(packed.clone());
        *place = Some(held);
        Ok(packed)
    }

    async fn bring_up_to_date(&self, held: Option<Held>) -> Result<Held> {
        let held = match held {
            Some(held) => self.follow(held).await?,
            None => None,
        };
        match held {
            Some(held) => Ok(held),
            None => self.read().await,
        }
    }

    async fn read(&self) -> Result<Held> {
        let snapshot = self.app.snapshots.snapshot(self.environment).await?;
        Ok(Held { snapshot: Box::new(snapshot), frame: None, packed: None, folded: 0 })
    }

    /// The same after what has happened since; `None` when the log cannot tell, or has too much to.
    async fn follow(&self, mut held: Held) -> Result<Option<Held>> {
        loop {
            let after = held.snapshot.number;
            let events = match self.app.events.after(self.environment, after, BATCH).await? {
                Replay::Events(events) => events,
                Replay::Gone => return Ok(None),
            };
            if events.is_empty() {
                return Ok(Some(held));
            }
            held.folded += events.len();
            if held.folded > MAX_FOLDED {
                return Ok(None);
            }
            held = self.fold(held, events).await;
        }
    }

    async fn fold(&self, mut held: Held, events: Vec<LoggedEvent>) -> Held {
        let mut people = people(&events);
        people.retain(|person| !held.snapshot.people.contains_key(person));
        held.snapshot.people.extend(names(&self.app, people).await.unwrap_or_default());
        (held.frame, held.packed) = (None, None);
        run_blocking(weight(&held.snapshot), move || {
            events.into_iter().for_each(|event| held.snapshot.fold(event));
            held
        })
        .await
    }
}

async fn serialise(mut held: Held) -> (Held, Utf8Bytes) {
    if let Some(text) = held.frame.clone() {
        return (held, text);
    }
    run_blocking(weight(&held.snapshot), move || {
        let text = frame_of(&held.snapshot);
        held.frame = Some(text.clone());
        (held, text)
    })
    .await
}

/// The frame that `ServerMessage::Snapshot` makes.
fn frame_of(snapshot: &Snapshot) -> Utf8Bytes {
    // None of its types has a key that is no text, which is all that can fail.
    let body = serde_json::to_string(snapshot).unwrap_or_default();
    [FRAME_START, &body, FRAME_END].concat().into()
}

/// A thousand services say much, and nearly the same.
fn pack(body: &[u8]) -> io::Result<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(body)?;
    Ok(packer.finish()?.into())
}

/// About how much there is to do.
fn weight(snapshot: &Snapshot) -> usize {
    snapshot.spec.services.len() + snapshot.edits.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        EnvironmentSpec, Ids, Map, ProjectId, Timestamp,
        api::canvas::ServerMessage,
        project::{Environment, Project},
        testing::SeededIds,
    };

    #[test]
    fn a_frame_is_the_message_that_clients_know_and_its_body_the_snapshot_alone() {
        let (ids, at) = (SeededIds::default(), Timestamp::from_millis(0));
        let project = ProjectId::new(ids.mint());
        let name: domain::Name = "Shop".parse().expect("a name");
        let slug: domain::Slug = "shop".parse().expect("a slug");
        let snapshot = Snapshot {
            epoch: "e".to_owned(),
            number: 3,
            project: Project {
                id: project,
                name: name.clone(),
                slug: slug.clone(),
                created_at: at,
                updated_at: at,
            },
            environment: Environment {
                id: EnvironmentId::new(ids.mint()),
                project,
                name: name.clone(),
                slug,
                created_at: at,
            },
            spec: EnvironmentSpec::empty(name),
            edits: Vec::new(),
            states: Map::new(),
            layout: Map::new(),
            people: Map::new(),
            deleted: false,
        };

        let text = frame_of(&snapshot);
        let body = body(&text);

        let message = ServerMessage::Snapshot { snapshot: Box::new(snapshot.clone()) };
        assert_eq!(serde_json::to_string(&message).expect("it can be"), text.as_str());
        assert_eq!(serde_json::from_slice::<Snapshot>(&body).expect("it can be"), snapshot);
    }
}
