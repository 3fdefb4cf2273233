//! An open canvas: a line to the server, what is known, and everybody who wants to hear of changes.

pub mod connection;
pub mod model;
pub mod state;
pub mod watch;

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use domain::{
    ChangeId, ProjectId,
    api::canvas::{ClientMessage, PLACES_PER_FRAME, ServerMessage},
    canvas::Snapshot,
    changes::{Discarded, Staging},
    edit::Edit,
    layout::{Node, Position},
};
use gloo::{
    render::{AnimationFrame, request_animation_frame},
    timers::callback::Timeout,
};
use yew::Callback;

use self::{
    connection::{Command, ConnectionEvent, ServerConnection},
    state::Outcome,
};
pub use self::{
    connection::{End, Phase},
    model::{CanvasModel, Model},
    state::CanvasState,
};
use crate::{
    api::{Api, ApiError, EnvironmentPath},
    view::{
        page, random,
        socket::{Heard, Socket},
    },
};

/// When watchers look although no frame is drawn, in milliseconds.
const LATEST_LOOK: u32 = 250;

/// What came of staging.
#[derive(Clone, Debug, PartialEq)]
pub enum StageOutcome {
    Stored(Staging),
    /// There is no network: it is kept here, and staged when there is one again.
    Queued,
}

/// Something that others do with the map, to be shown at once.
pub type RemoteMove = Callback<Vec<(Node, Position)>>;

/// An open canvas. Cheap to clone; compared by pointer; ends with the last one.
#[derive(Clone)]
pub struct LiveCanvas(Rc<Inner>);

struct Inner {
    project: ProjectId,
    api: Api,
    canvas: RefCell<CanvasState>,
    connection: RefCell<ServerConnection>,
    socket: RefCell<Option<Socket>>,
    timer: RefCell<Option<Timeout>>,
    watchers: RefCell<Vec<(u64, Callback<()>)>>,
    /// The frame in which the watchers are called, once anything has changed.
    frame: RefCell<Option<(AnimationFrame, Timeout)>>,
    next_watcher: Cell<u64>,
    queued: RefCell<Vec<Vec<Edit>>>,
    is_sending: Cell<bool>,
    on_remote_move: RefCell<RemoteMove>,
    on_error: RefCell<Callback<String>>,
}

impl PartialEq for LiveCanvas {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Hears of changes for as long as it lives.
pub struct Watch {
    live: std::rc::Weak<Inner>,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(live) = self.live.upgrade() {
            live.watchers.borrow_mut().retain(|(number, _)| *number != self.number);
        }
    }
}

impl LiveCanvas {
    #[must_use]
    pub fn new(project: ProjectId, api: Api) -> Self {
        let seed = u32::from_str_radix(&random::hex(4), 16).unwrap_or(1);
        Self(Rc::new(Inner {
            project,
            api,
            canvas: RefCell::default(),
            connection: RefCell::new(ServerConnection::new(page::app_hash(), seed)),
            socket: RefCell::default(),
            timer: RefCell::default(),
            watchers: RefCell::default(),
            frame: RefCell::default(),
            next_watcher: Cell::default(),
            queued: RefCell::default(),
            is_sending: Cell::default(),
            on_remote_move: RefCell::default(),
            on_error: RefCell::default(),
        }))
    }

    /// Opens the line to the project of this name. Everything else follows from it.
    pub fn open(&self, named: &str) {
        if !Api::has_early_canvas(named) {
            return self.execute(vec![Command::Connect]);
        }
        // What lies on the canvas is on its way already: the line only brings what came after.
        let (live, api, named) = (Rc::downgrade(&self.0), self.0.api.clone(), named.to_owned());
        wasm_bindgen_futures::spawn_local(async move {
            let first = api.early_canvas(&named).await;
            let Some(live) = live.upgrade().map(Self) else { return };
            if let Ok(snapshot) = first {
                let snapshot = Box::new(snapshot);
                live.on_event(ConnectionEvent::Said(Box::new(ServerMessage::Snapshot {
                    snapshot,
                })));
            }
            live.execute(vec![Command::Connect]);
        });
    }

    /// Closes the line for good.
    pub fn close(&self) {
        self.0.socket.replace(None);
        self.0.timer.replace(None);
        self.0.frame.replace(None);
        self.0.watchers.borrow_mut().clear();
    }

    #[must_use]
    pub fn canvas(&self) -> Ref<'_, CanvasState> {
        self.0.canvas.borrow()
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.connection.borrow().phase().clone()
    }

    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.0.connection.borrow().is_outdated()
    }

    /// How many of one's own writes the server does not have yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.queued.borrow().iter().map(Vec::len).sum::<usize>()
            + self.0.connection.borrow().waiting()
    }

    #[must_use]
    pub fn api(&self) -> &Api {
        &self.0.api
    }

    /// The environment that is open, once it is known.
    #[must_use]
    pub fn place(&self) -> Option<EnvironmentPath> {
        self.canvas().snapshot().map(EnvironmentPath::of)
    }

    /// What is known, to keep.
    #[must_use]
    pub fn snapshot(&self) -> Option<Rc<Snapshot>> {
        self.canvas().shared()
    }

    /// Calls back after a change: once a frame, however much has changed.
    #[must_use]
    pub fn watch(&self, watcher: Callback<()>) -> Watch {
        let number = self.0.next_watcher.get();
        self.0.next_watcher.set(number + 1);
        self.0.watchers.borrow_mut().push((number, watcher));
        Watch { live: Rc::downgrade(&self.0), number }
    }

    /// Where to show what others carry, and what could not be stored.
    pub fn report(&self, on_remote_move: RemoteMove, on_error: Callback<String>) {
        self.0.on_remote_move.replace(on_remote_move);
        self.0.on_error.replace(on_error);
    }

    /// The browser has a network again, or has lost it.
    pub fn set_online(&self, is_online: bool) {
        self.on_event(if is_online { ConnectionEvent::Online } else { ConnectionEvent::Offline });
    }

    /// A person wants the line now.
    pub fn retry(&self) {
        self.on_event(ConnectionEvent::Retry);
    }

    /// Moves nodes for good: one write, whatever the number.
    pub fn put(&self, places: Vec<(Node, Position)>) {
        self.0.canvas.borrow_mut().place(&places);
        let commands = self.0.connection.borrow_mut().place(places);
        self.execute(commands);
        self.notify();
    }

    /// Shows others a drag while it lasts.
    pub fn drag(&self, mut places: Vec<(Node, Position)>) {
        if self.phase() == Phase::Live {
            // The others see where the rest lies at the end of it.
            places.truncate(PLACES_PER_FRAME);
            self.send(&ClientMessage::Drag { places });
        }
    }

    /// Stages edits, all or none; without a network they are kept and staged later. An answer
    /// that gets lost is asked for again under the same key, so nothing is staged twice.
    pub async fn stage(&self, edits: Vec<Edit>) -> Result<StageOutcome, ApiError> {
        let Some(place) = self.place() else { return Err(ApiError::Offline) };
        if !self.0.queued.borrow().is_empty() {
            self.queue(edits);
            return Ok(StageOutcome::Queued);
        }
        match self.0.api.stage(place, edits.clone()).await {
            Ok(staging) => Ok(StageOutcome::Stored(staging)),
            Err(ApiError::Offline) => {
                self.queue(edits);
                Ok(StageOutcome::Queued)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes staged changes back.
    pub async fn discard(&self, changes: Vec<ChangeId>) -> Result<Discarded, ApiError> {
        let Some(place) = self.place() else { return Err(ApiError::Offline) };
        self.0.api.discard(place, changes, None).await
    }

    fn queue(&self, edits: Vec<Edit>) {
        self.0.queued.borrow_mut().push(edits);
        self.notify();
    }

    /// Sends what was kept, in order.
    fn send_queued(&self) {
        if self.0.queued.borrow().is_empty() || self.0.is_sending.replace(true) {
            return;
        }
        let live = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            loop {
                let next = live.0.queued.borrow().first().cloned();
                let (Some(edits), Some(place)) = (next, live.place()) else { break };
                match live.0.api.stage(place, edits).await {
                    Err(ApiError::Offline) => break,
                    Ok(_) => (),
                    Err(error) => live.0.on_error.borrow().emit(format!(
                        "An edit that you made offline could not be staged. {error}"
                    )),
                }
                live.0.queued.borrow_mut().remove(0);
                live.notify();
            }
            live.0.is_sending.set(false);
        });
    }

    fn on_event(&self, event: ConnectionEvent) {
        let after = self.canvas().number();
        let was_live = self.phase() == Phase::Live;
        let mut commands = self.0.connection.borrow_mut().on_event(&event, after);
        if let ConnectionEvent::Said(message) = event {
            let outcome = {
                let connection = self.0.connection.borrow();
                self.0.canvas.borrow_mut().on_event(*message, connection.unstored())
            };
            match outcome {
                Outcome::Understood => (),
                Outcome::RemotelyMoved(moved) => {
                    let own = self.0.connection.borrow().participant();
                    let others = moved.into_iter().filter(|(participant, _)| *participant != own);
                    let places: Vec<_> = others.flat_map(|(_, places)| places).collect();
                    let on_remote_move = self.0.on_remote_move.borrow().clone();
                    if !places.is_empty() {
                        on_remote_move.emit(places);
                    }
                    return;
                }
                Outcome::Placed(_) => (),
                Outcome::Gap => commands
                    .extend(self.0.connection.borrow_mut().on_event(&ConnectionEvent::Gap, after)),
            }
        }
        self.execute(commands);
        if !was_live && self.phase() == Phase::Live {
            self.send_queued();
        }
        self.notify();
    }

    fn execute(&self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Connect => self.connect(),
                Command::Disconnect => {
                    self.0.timer.replace(None);
                    self.0.socket.replace(None);
                }
                Command::Say(message) => self.send(&message),
                Command::Wait(milliseconds) => {
                    let live = Rc::downgrade(&self.0);
                    let timer = Timeout::new(milliseconds, move || {
                        if let Some(live) = live.upgrade() {
                            Self(live).on_event(ConnectionEvent::Timer);
                        }
                    });
                    self.0.timer.replace(Some(timer));
                }
                Command::CheckAccess => self.check_access(),
                Command::Report(why) => self.0.on_error.borrow().emit(why),
            }
        }
    }

    fn connect(&self) {
        let live = Rc::downgrade(&self.0);
        let path = format!("/api/projects/{}/canvas/ws", self.0.project);
        let socket = Socket::open(
            &path,
            Callback::from(move |heard| {
                let Some(live) = live.upgrade() else { return };
                // The socket may be closed by what it has said: never within its own call.
                wasm_bindgen_futures::spawn_local(async move {
                    Self(live).on_event(match heard {
                        Heard::Opened => ConnectionEvent::Opened,
                        Heard::Closed(code) => ConnectionEvent::Closed(code),
                        Heard::Text(text) => match serde_json::from_str(&text) {
                            Ok(message) => ConnectionEvent::Said(message),
                            Err(_) => ConnectionEvent::Garbled,
                        },
                    });
                });
            }),
        );
        self.0.socket.replace(socket);
    }

    fn send(&self, message: &ClientMessage) {
        let text = serde_json::to_string(message).expect("what is sent is plain data");
        if let Some(socket) = &*self.0.socket.borrow() {
            socket.send(&text);
        }
    }

    /// Whether there is still something to connect to: a socket that is refused says nothing.
    fn check_access(&self) {
        let live = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(ApiError::NotFound(_) | ApiError::Forbidden(_)) =
                live.0.api.canvas(live.0.project).await
            {
                live.on_event(ConnectionEvent::Gone);
            }
        });
    }

    /// Lets the watchers look in the next frame.
    fn notify(&self) {
        let mut frame = self.0.frame.borrow_mut();
        if frame.is_some() {
            return;
        }
        let look = |live: &std::rc::Weak<Inner>| {
            let live = live.clone();
            move || {
                if let Some(live) = live.upgrade() {
                    Self(live).call_watchers();
                }
            }
        };
        let live = Rc::downgrade(&self.0);
        let (drawn, late) = (look(&live), look(&live));
        // A page in the background draws no frames.
        let late = Timeout::new(LATEST_LOOK, late);
        *frame = Some((request_animation_frame(move |_| drawn()), late));
    }

    fn call_watchers(&self) {
        self.0.frame.replace(None);
        let watchers: Vec<Callback<()>> =
            self.0.watchers.borrow().iter().map(|(_, watcher)| watcher.clone()).collect();
        for watcher in watchers {
            watcher.emit(());
        }
    }
}
