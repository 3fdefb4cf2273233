//! The line to the server: when to connect, what to send again, and when to give up. It knows no
//! sockets and no clocks: it hears news and says what to do.

use std::collections::VecDeque;

use domain::{
    api::canvas::{ClientMessage, PLACES_PER_FRAME, PROTOCOL, ServerMessage},
    layout::{Node, Position},
};

/// The first wait after a loss, in milliseconds; each further one is twice as long.
const MIN_BACKOFF: u32 = 500;
const MAX_BACKOFF: u32 = 15_000;
/// After so many failures in a row the page asks whether there is still something to connect to.
const ASK_EVERY: u32 = 3;

/// How the line is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Connecting,
    Live,
    /// Another try follows, the n-th.
    Waiting(u32),
    /// The browser says that it has no network.
    Offline,
    Over(End),
}

/// Why the line is not opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Sign in again.
    SignedOut,
    /// There is no such project, or not for this person, or not any more.
    Gone,
    /// Page and server do not understand each other.
    Outdated,
}

/// What happens to the line.
#[derive(Clone, Debug)]
pub enum ConnectionEvent {
    Opened,
    Said(Box<ServerMessage>),
    /// A frame that could not be read.
    Garbled,
    Closed(u16),
    /// The wait is over.
    Timer,
    Online,
    Offline,
    /// A person wants it now.
    Retry,
    /// The server says by another way that there is nothing to connect to.
    Gone,
    /// An event is missing: everything is needed anew.
    Gap,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Connect,
    Disconnect,
    Say(Box<ClientMessage>),
    /// Ring in so many milliseconds.
    Wait(u32),
    /// Ask whether one is still signed in and the project still there.
    CheckAccess,
    /// A place could not be stored: this is why.
    Report(String),
}

/// The line.
#[derive(Debug, Default)]
pub struct ServerConnection {
    phase: Phase,
    tries: u32,
    /// The log that the event numbers belong to.
    epoch: Option<String>,
    must_start_over: bool,
    ops: VecDeque<(u64, Vec<(Node, Position)>)>,
    next_op: u64,
    /// The server's web app, when it is not this one.
    newer_app: Option<String>,
    own_app: Option<String>,
    /// Which socket this is among all.
    participant: u64,
    chance: u32,
}

impl ServerConnection {
    /// A line of the app with this hash. `seed` spreads waits among clients.
    #[must_use]
    pub fn new(own_app: Option<String>, seed: u32) -> Self {
        Self { own_app, chance: seed | 1, next_op: 1, ..Self::default() }
    }

    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether the server has another web app than this one.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.newer_app.is_some()
    }

    /// Which socket this is among all: what the server tells of it came from here.
    #[must_use]
    pub fn participant(&self) -> u64 {
        self.participant
    }

    /// Places that the server has not stored yet, oldest first.
    pub fn unstored(&self) -> impl Iterator<Item = &(Node, Position)> {
        self.ops.iter().flat_map(|(_, places)| places)
    }

    /// How many writes wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.ops.len()
    }

    /// Hears news; `after` is the last event that the page has.
    pub fn on_event(&mut self, event: &ConnectionEvent, after: Option<u64>) -> Vec<Command> {
        if let Phase::Over(_) = self.phase {
            return Vec::new();
        }
        match *event {
            ConnectionEvent::Opened => {
                let known = if self.must_start_over { None } else { after };
                let epoch = self.epoch.clone().filter(|_| known.is_some());
                vec![Command::Say(Box::new(ClientMessage::Open {
                    after: known.filter(|_| epoch.is_some()),
                    epoch,
                }))]
            }
            ConnectionEvent::Said(ref message) => self.told(message),
            ConnectionEvent::Garbled => self.end(End::Outdated),
            ConnectionEvent::Closed(4001) => self.end(End::SignedOut),
            ConnectionEvent::Closed(4004) | ConnectionEvent::Gone => self.end(End::Gone),
            ConnectionEvent::Closed(_) if self.phase == Phase::Offline => vec![Command::Disconnect],
            ConnectionEvent::Closed(code) => {
                // One that was told to come back at once does so, but not with everybody else.
                let wait =
                    if code == 1012 && self.tries == 0 { self.draw(600) } else { self.wait() };
                let mut commands = vec![Command::Disconnect, Command::Wait(wait)];
                self.tries += 1;
                self.phase = Phase::Waiting(self.tries);
                if self.tries % ASK_EVERY == 2 {
                    commands.push(Command::CheckAccess);
                }
                commands
            }
            ConnectionEvent::Timer if matches!(self.phase, Phase::Waiting(_)) => {
                vec![Command::Connect]
            }
            ConnectionEvent::Timer => Vec::new(),
            ConnectionEvent::Online | ConnectionEvent::Retry if self.phase != Phase::Live => {
                self.phase = Phase::Connecting;
                vec![Command::Disconnect, Command::Connect]
            }
            ConnectionEvent::Online | ConnectionEvent::Retry => Vec::new(),
            ConnectionEvent::Offline => {
                self.phase = Phase::Offline;
                vec![Command::Disconnect]
            }
            ConnectionEvent::Gap => {
                self.must_start_over = true;
                self.phase = Phase::Connecting;
                vec![Command::Disconnect, Command::Connect]
            }
        }
    }

    fn told(&mut self, message: &ServerMessage) -> Vec<Command> {
        match message {
            ServerMessage::Welcome { protocol, .. } if *protocol != PROTOCOL => {
                self.end(End::Outdated)
            }
            ServerMessage::Welcome { epoch, app, participant, .. } => {
                self.participant = *participant;
                // Only somebody who was let in has ended the row of failures.
                self.tries = 0;
                self.phase = Phase::Live;
                self.epoch = Some(epoch.clone());
                let is_other =
                    self.own_app.as_ref().is_some_and(|own| !app.is_empty() && own != app);
                self.newer_app = is_other.then(|| app.clone());
                self.ops.iter().map(|(op, places)| place(*op, places)).collect()
            }
            ServerMessage::Snapshot { snapshot } => {
                self.epoch = Some(snapshot.epoch.clone());
                self.must_start_over = false;
                Vec::new()
            }
            ServerMessage::Done { op, .. } => {
                self.ops.retain(|(other, _)| other != op);
                Vec::new()
            }
            ServerMessage::Refused { op: Some(op), message, .. } => {
                self.ops.retain(|(other, _)| other != op);
                let mut commands = vec![Command::Report(message.clone())];
                commands.extend(self.on_event(&ConnectionEvent::Gap, None));
                commands
            }
            ServerMessage::Refused { op: None, .. }
            | ServerMessage::Events { .. }
            | ServerMessage::Drags { .. } => Vec::new(),
        }
    }

    /// Moves nodes for good, in as many frames as it takes. Sent again until it is acknowledged: twice
    /// is as good as once.
    pub fn place(&mut self, places: Vec<(Node, Position)>) -> Vec<Command> {
        let mut commands = Vec::new();
        for places in places.chunks(PLACES_PER_FRAME) {
            let op = self.next_op;
            self.next_op += 1;
            if self.phase == Phase::Live {
                commands.push(place(op, places));
            }
            self.ops.push_back((op, places.to_vec()));
        }
        commands
    }

    fn end(&mut self, end: End) -> Vec<Command> {
        self.phase = Phase::Over(end);
        vec![Command::Disconnect]
    }

    /// Between half and the whole of what the row of failures calls for.
    fn wait(&mut self) -> u32 {
        let whole = MIN_BACKOFF.saturating_mul(1 << self.tries.min(6)).min(MAX_BACKOFF);
        whole / 2 + self.draw(whole / 2)
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        self.chance % below.max(1)
    }
}

fn place(op: u64, places: &[(Node, Position)]) -> Command {
    Command::Say(Box::new(ClientMessage::Place { op, places: places.to_vec() }))
}

#[cfg(test)]
mod tests;
