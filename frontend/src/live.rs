//! An open canvas: a line to the server, what is known, and everybody who wants to hear of changes.

pub mod desk;
pub mod link;
pub mod picture;
pub mod watch;

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use domain::{
    ChangeId, ProjectId,
    api::canvas::{ClientMessage, ServerMessage},
    canvas::Snapshot,
    changes::{Discarded, Staging},
    edit::Edit,
    layout::{Node, Position},
};
use gloo::timers::callback::Timeout;
use yew::Callback;

pub use self::{
    desk::Desk,
    link::{End, Phase},
    picture::{Drawn, Picture},
};
use self::{
    desk::Outcome,
    link::{Deed, Link, News},
};
use crate::{
    api::{Api, ApiError, EnvironmentPath},
    view::{
        page, random,
        socket::{Heard, Socket},
    },
};

/// What came of staging.
#[derive(Clone, Debug, PartialEq)]
pub enum StageOutcome {
    Stored(Staging),
    /// There is no network: it is kept here, and staged when there is one again.
    Held,
}

/// Something that others do with the map, to be shown at once.
pub type Carry = Callback<Vec<(Node, Position)>>;

/// An open canvas. Cheap to clone; compared by pointer; ends with the last one.
#[derive(Clone)]
pub struct Live(Rc<Inner>);

struct Inner {
    project: ProjectId,
    api: Api,
    desk: RefCell<Desk>,
    link: RefCell<Link>,
    socket: RefCell<Option<Socket>>,
    alarm: RefCell<Option<Timeout>>,
    watchers: RefCell<Vec<(u64, Callback<()>)>>,
    next_watcher: Cell<u64>,
    held: RefCell<Vec<Vec<Edit>>>,
    is_sending: Cell<bool>,
    on_carried: RefCell<Carry>,
    on_complaint: RefCell<Callback<String>>,
}

impl PartialEq for Live {
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

impl Live {
    #[must_use]
    pub fn new(project: ProjectId, api: Api) -> Self {
        let seed = u32::from_str_radix(&random::hex(4), 16).unwrap_or(1);
        Self(Rc::new(Inner {
            project,
            api,
            desk: RefCell::default(),
            link: RefCell::new(Link::new(page::app_hash(), seed)),
            socket: RefCell::default(),
            alarm: RefCell::default(),
            watchers: RefCell::default(),
            next_watcher: Cell::default(),
            held: RefCell::default(),
            is_sending: Cell::default(),
            on_carried: RefCell::default(),
            on_complaint: RefCell::default(),
        }))
    }

    /// Opens the line to the project of this name. Everything else follows from it.
    pub fn open(&self, named: &str) {
        if !Api::has_early_canvas(named) {
            return self.carry_out(vec![Deed::Connect]);
        }
        // What lies on the canvas is on its way already: the line only brings what came after.
        let (live, api, named) = (Rc::downgrade(&self.0), self.0.api.clone(), named.to_owned());
        wasm_bindgen_futures::spawn_local(async move {
            let first = api.early_canvas(&named).await;
            let Some(live) = live.upgrade().map(Self) else { return };
            if let Ok(snapshot) = first {
                let snapshot = Box::new(snapshot);
                live.hear(News::Said(Box::new(ServerMessage::Snapshot { snapshot })));
            }
            live.carry_out(vec![Deed::Connect]);
        });
    }

    /// Closes the line for good.
    pub fn close(&self) {
        self.0.socket.replace(None);
        self.0.alarm.replace(None);
        self.0.watchers.borrow_mut().clear();
    }

    #[must_use]
    pub fn desk(&self) -> Ref<'_, Desk> {
        self.0.desk.borrow()
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.link.borrow().phase().clone()
    }

    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.0.link.borrow().is_outdated()
    }

    /// How many of one's own writes the server does not have yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.held.borrow().iter().map(Vec::len).sum::<usize>() + self.0.link.borrow().waiting()
    }

    #[must_use]
    pub fn api(&self) -> &Api {
        &self.0.api
    }

    /// The environment that is open, once it is known.
    #[must_use]
    pub fn place(&self) -> Option<EnvironmentPath> {
        self.desk().snapshot().map(EnvironmentPath::of)
    }

    /// What is known, to keep.
    #[must_use]
    pub fn snapshot(&self) -> Option<Rc<Snapshot>> {
        self.desk().shared()
    }

    /// Calls back after every change.
    #[must_use]
    pub fn watch(&self, watcher: Callback<()>) -> Watch {
        let number = self.0.next_watcher.get();
        self.0.next_watcher.set(number + 1);
        self.0.watchers.borrow_mut().push((number, watcher));
        Watch { live: Rc::downgrade(&self.0), number }
    }

    /// Where to show what others carry, and what could not be stored.
    pub fn report(&self, on_carried: Carry, on_complaint: Callback<String>) {
        self.0.on_carried.replace(on_carried);
        self.0.on_complaint.replace(on_complaint);
    }

    /// The browser has a network again, or has lost it.
    pub fn set_online(&self, is_online: bool) {
        self.hear(if is_online { News::Online } else { News::Offline });
    }

    /// A person wants the line now.
    pub fn retry(&self) {
        self.hear(News::Retry);
    }

    /// Moves nodes for good: one write, whatever the number.
    pub fn put(&self, places: Vec<(Node, Position)>) {
        self.0.desk.borrow_mut().place(&places);
        let deeds = self.0.link.borrow_mut().place(places);
        self.carry_out(deeds);
        self.tell();
    }

    /// Shows others a drag while it lasts.
    pub fn drag(&self, places: Vec<(Node, Position)>) {
        if self.phase() == Phase::Live {
            self.say(&ClientMessage::Drag { places });
        }
    }

    /// Stages edits, all or none; without a network they are kept and staged later. An answer
    /// that gets lost is asked for again under the same key, so nothing is staged twice.
    pub async fn stage(&self, edits: Vec<Edit>) -> Result<StageOutcome, ApiError> {
        let Some(place) = self.place() else { return Err(ApiError::Offline) };
        if !self.0.held.borrow().is_empty() {
            self.hold(edits);
            return Ok(StageOutcome::Held);
        }
        match self.0.api.stage(place, edits.clone()).await {
            Ok(staging) => Ok(StageOutcome::Stored(staging)),
            Err(ApiError::Offline) => {
                self.hold(edits);
                Ok(StageOutcome::Held)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes staged changes back.
    pub async fn discard(&self, changes: Vec<ChangeId>) -> Result<Discarded, ApiError> {
        let Some(place) = self.place() else { return Err(ApiError::Offline) };
        self.0.api.discard(place, changes, None).await
    }

    fn hold(&self, edits: Vec<Edit>) {
        self.0.held.borrow_mut().push(edits);
        self.tell();
    }

    /// Sends what was kept, in order.
    fn send_held(&self) {
        if self.0.held.borrow().is_empty() || self.0.is_sending.replace(true) {
            return;
        }
        let live = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            loop {
                let next = live.0.held.borrow().first().cloned();
                let (Some(edits), Some(place)) = (next, live.place()) else { break };
                match live.0.api.stage(place, edits).await {
                    Err(ApiError::Offline) => break,
                    Ok(_) => (),
                    Err(error) => live.0.on_complaint.borrow().emit(format!(
                        "An edit that you made offline could not be staged. {error}"
                    )),
                }
                live.0.held.borrow_mut().remove(0);
                live.tell();
            }
            live.0.is_sending.set(false);
        });
    }

    fn hear(&self, news: News) {
        let after = self.desk().number();
        let was_live = self.phase() == Phase::Live;
        let mut deeds = self.0.link.borrow_mut().hear(&news, after);
        if let News::Said(message) = news {
            let outcome = {
                let link = self.0.link.borrow();
                self.0.desk.borrow_mut().hear(*message, link.unstored())
            };
            match outcome {
                Outcome::Understood => (),
                Outcome::Carried(places) => {
                    let on_carried = self.0.on_carried.borrow().clone();
                    on_carried.emit(places);
                    return;
                }
                Outcome::Placed(_) => (),
                Outcome::Gap => deeds.extend(self.0.link.borrow_mut().hear(&News::Gap, after)),
            }
        }
        self.carry_out(deeds);
        if !was_live && self.phase() == Phase::Live {
            self.send_held();
        }
        self.tell();
    }

    fn carry_out(&self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Connect => self.connect(),
                Deed::Disconnect => {
                    self.0.alarm.replace(None);
                    self.0.socket.replace(None);
                }
                Deed::Say(message) => self.say(&message),
                Deed::Wait(milliseconds) => {
                    let live = Rc::downgrade(&self.0);
                    let alarm = Timeout::new(milliseconds, move || {
                        if let Some(live) = live.upgrade() {
                            Self(live).hear(News::Alarm);
                        }
                    });
                    self.0.alarm.replace(Some(alarm));
                }
                Deed::Ask => self.ask(),
                Deed::Complain(why) => self.0.on_complaint.borrow().emit(why),
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
                    Self(live).hear(match heard {
                        Heard::Opened => News::Opened,
                        Heard::Closed(code) => News::Closed(code),
                        Heard::Text(text) => match serde_json::from_str(&text) {
                            Ok(message) => News::Said(message),
                            Err(_) => News::Garbled,
                        },
                    });
                });
            }),
        );
        self.0.socket.replace(socket);
    }

    fn say(&self, message: &ClientMessage) {
        let text = serde_json::to_string(message).expect("what is sent is plain data");
        if let Some(socket) = &*self.0.socket.borrow() {
            socket.say(&text);
        }
    }

    /// Whether there is still something to connect to: a socket that is refused says nothing.
    fn ask(&self) {
        let live = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(ApiError::NotFound(_) | ApiError::Forbidden(_)) =
                live.0.api.canvas(live.0.project).await
            {
                live.hear(News::Gone);
            }
        });
    }

    fn tell(&self) {
        let watchers: Vec<Callback<()>> =
            self.0.watchers.borrow().iter().map(|(_, watcher)| watcher.clone()).collect();
        for watcher in watchers {
            watcher.emit(());
        }
    }
}
