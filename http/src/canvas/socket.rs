//! One socket of one open canvas.

use super::{
    close::{Close, end},
    frame::{is_known, op_of},
};
use crate::{
    authorization::{EnvironmentAccess, authorize, find},
    caller::{Caller, by_token, verify},
    error::ErrorResponse,
    layout::MAX_PLACES,
    room::{Participant, Room, RoomMessage, frame, serialise},
    server::Server,
};
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use domain::{
    Error,
    access::{Decision, Mutation, Permission},
    api::canvas::{ClientMessage, PROTOCOL, ServerMessage},
    event::Replay,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

/// How long the first frame may take (DK-119).
const AUTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to say from where it goes on.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an idle client is asked whether it lives (DK-120).
const PING_INTERVAL: Duration = Duration::from_secs(54);
/// After this long without any frame it does not.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2 * 54 + 10);
/// How long a frame may take to be written (DK-120).
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often rights are looked at again, beside each change of them.
const RECHECK_INTERVAL: Duration = Duration::from_secs(4);
/// Events that are read at once to catch up.
const BATCH: u64 = 500;
/// A client that missed more gets a snapshot.
const MAX_MISSED: usize = 5_000;
/// Drags that are passed on, at most one in this time.
const DRAG_INTERVAL: Duration = Duration::from_millis(33);
/// Frames that a client may send at once, and in a second after that.
const BURST: f64 = 100.0;
const FRAMES_PER_SECOND: f64 = 50.0;

/// What the request asked for.
pub(super) struct UpgradeRequest {
    pub(super) project: String,
    pub(super) environment: Option<String>,
    pub(super) request: String,
    pub(super) source: Option<String>,
}

/// A socket whose client has been let in.
pub(super) struct Socket {
    server: Server,
    upgrade_request: UpgradeRequest,
    caller: Caller,
    place: EnvironmentAccess,
    raw: WebSocket,
    participant: Participant,
    /// The last event that the client has.
    number: u64,
    room: Option<(Arc<Room>, broadcast::Receiver<RoomMessage>)>,
    last_drag: Option<Instant>,
    allowance: (f64, Instant),
}

impl Socket {
    /// Serves a client until it goes or has to.
    pub(super) async fn serve(
        server: Server,
        upgrade_request: UpgradeRequest,
        participant: Option<(Caller, EnvironmentAccess)>,
        mut raw: WebSocket,
    ) {
        let stop = server.stop.clone();
        let admitted = match participant {
            Some(participant) => Ok(participant),
            None => tokio::select! {
                admitted = authenticate_first_frame(&server, &upgrade_request, &mut raw) => admitted,
                () = stop.cancelled() => Err(Close::Restart),
            },
        };
        let (caller, place) = match admitted {
            Ok(admitted) => admitted,
            Err(close) => return end(raw, close).await,
        };
        let participant = server.rooms.connect();
        let allowance = (BURST, Instant::now());
        let mut socket = Self {
            server,
            upgrade_request,
            caller,
            place,
            raw,
            participant,
            number: 0,
            room: None,
            last_drag: None,
            allowance,
        };
        let close = tokio::select! {
            close = socket.run() => close.err().unwrap_or(Close::Gone),
            () = stop.cancelled() => Close::Restart,
        };
        end(socket.raw, close).await;
    }

    async fn run(&mut self) -> Result<(), Close> {
        let epoch = self.server.app.events.epoch().await?;
        let welcome = ServerMessage::Welcome {
            epoch: epoch.clone(),
            protocol: PROTOCOL,
            app: crate::web::app_hash(&self.server.config.web),
            role: self.place.role,
            project: self.place.project,
            environment: self.place.environment.id,
        };
        self.send(frame(&welcome)).await?;
        self.open(&epoch).await?;

        let mut ping = interval(PING_INTERVAL);
        ping.reset();
        let mut look = interval(RECHECK_INTERVAL);
        look.reset();
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = self.server.rights.watch();
        let mut heard = Instant::now();
        loop {
            let Some((_, messages)) = &mut self.room else { return Err(Close::Failed) };
            tokio::select! {
                message = self.raw.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.receive(message).await?,
                        Some(Err(error)) => return Err(broken(&error)),
                        None => return Ok(()),
                    }
                }
                message = messages.recv() => self.forward(message).await?,
                _ = ping.tick() => {
                    if heard.elapsed() > IDLE_TIMEOUT {
                        return Ok(());
                    }
                    self.write(Message::Ping(Default::default())).await?;
                }
                _ = look.tick() => self.check_rights().await?,
                _ = changes.changed() => self.check_rights().await?,
            }
        }
    }

    /// Waits for the client to say what it has, and brings it up to date.
    async fn open(&mut self, epoch: &str) -> Result<(), Close> {
        let opening = timeout(OPEN_TIMEOUT, self.opening()).await;
        let (known, after) = opening.map_err(|_| Close::Violation("say `open`"))??;
        match after.filter(|_| known.as_deref() == Some(epoch)) {
            Some(after) => {
                self.number = after;
                if !self.catch_up().await? {
                    self.send_snapshot().await?;
                }
            }
            None => self.send_snapshot().await?,
        }
        self.join().await
    }

    /// From where the client goes on, if it knows.
    async fn opening(&mut self) -> Result<(Option<String>, Option<u64>), Close> {
        loop {
            let text = match self.raw.recv().await {
                Some(Ok(message)) => self.text_of(message)?,
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(Close::Gone),
            };
            let Some(text) = text else { continue };
            match crate::json::parse(text.as_bytes()) {
                Ok(ClientMessage::Open { epoch, after }) => return Ok((epoch, after)),
                // Known already; the next frame opens.
                Ok(ClientMessage::Auth { .. }) => (),
                Ok(_) | Err(_) => return Err(Close::Violation("the first frame must be `open`")),
            }
        }
    }

    async fn send_snapshot(&mut self) -> Result<(), Close> {
        let snapshots = &self.server.app.snapshots;
        let snapshot = Box::new(snapshots.snapshot(self.place.environment.id).await?);
        self.number = snapshot.number;
        self.send(frame(&ServerMessage::Snapshot { snapshot })).await
    }

    /// Goes into the room of this canvas, and makes up for what happened on the way.
    async fn join(&mut self) -> Result<(), Close> {
        let room = self.server.rooms.join(self.place.environment.id, self.number);
        let messages = room.messages.subscribe();
        let position = room.position();
        self.room = Some((room, messages));
        if position > self.number && !self.catch_up().await? {
            self.send_snapshot().await?;
        }
        Ok(())
    }

    /// Sends what the log holds beyond the client's last event; `false` when the log cannot.
    async fn catch_up(&mut self) -> Result<bool, Close> {
        let environment = self.place.environment.id;
        let mut missed = 0;
        loop {
            let events = &self.server.app.events;
            let events = match events.after(environment, self.number, BATCH).await? {
                Replay::Events(events) => events,
                Replay::Gone => return Ok(false),
            };
            let Some(last) = events.last() else { return Ok(true) };
            missed += events.len();
            if missed > MAX_MISSED {
                return Ok(false);
            }
            self.number = last.number;
            let text = serialise(&self.server.app, events).await;
            self.send(text).await?;
        }
    }

    /// Passes on what the room tells.
    async fn forward(&mut self, message: Result<RoomMessage, RecvError>) -> Result<(), Close> {
        match message {
            Ok(RoomMessage::Events { last, .. }) if last <= self.number => Ok(()),
            Ok(RoomMessage::Events { first, last, text }) if first == self.number + 1 => {
                self.number = last;
                self.send(text).await
            }
            // It fits not onto what the client has: the log knows better.
            Ok(RoomMessage::Events { .. }) => match self.catch_up().await? {
                true => Ok(()),
                false => self.send_snapshot().await,
            },
            Ok(RoomMessage::Drag { participant, .. }) if participant == self.participant.number => {
                Ok(())
            }
            Ok(RoomMessage::Drag { text, .. }) => self.send(text).await,
            Ok(RoomMessage::Lost) | Err(RecvError::Lagged(_) | RecvError::Closed) => {
                self.room = None;
                self.send_snapshot().await?;
                self.join().await
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Result<(), Close> {
        let Some(text) = self.text_of(message)? else { return Ok(()) };
        match crate::json::parse(text.as_bytes()) {
            Ok(message) => self.handle(message).await,
            Err(_) if !is_known(&text) => Err(Close::Violation("an unknown message")),
            Err(answer) => self.refuse(op_of(&text), &answer).await,
        }
    }

    /// What a frame says; `None`: only that its sender lives. Each takes from the allowance.
    fn text_of(&mut self, message: Message) -> Result<Option<Utf8Bytes>, Close> {
        self.take_allowance()?;
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Close(_) => Err(Close::Gone),
            Message::Binary(_) => Err(Close::Violation("frames are JSON text")),
        }
    }

    /// Takes one frame from the client's allowance.
    fn take_allowance(&mut self) -> Result<(), Close> {
        let (left, since) = self.allowance;
        let left = (left + since.elapsed().as_secs_f64() * FRAMES_PER_SECOND).min(BURST);
        self.allowance = (left - 1.0, Instant::now());
        if left < 1.0 { Err(Close::Violation("too many frames")) } else { Ok(()) }
    }

    async fn handle(&mut self, message: ClientMessage) -> Result<(), Close> {
        let environment = self.place.environment.id;
        match message {
            ClientMessage::Auth { .. } | ClientMessage::Open { .. } => Ok(()),
            ClientMessage::Drag { places } => {
                let is_too_soon = self.last_drag.is_some_and(|last| last.elapsed() < DRAG_INTERVAL);
                if is_too_soon || self.may_stage().is_err() {
                    return Ok(());
                }
                self.last_drag = Some(Instant::now());
                let text = frame(&ServerMessage::Drag { user: self.caller.user.id, places });
                if let Some((room, _)) = &self.room {
                    // Alone in the room: nobody to show it to.
                    let _ = room
                        .messages
                        .send(RoomMessage::Drag { participant: self.participant.number, text });
                }
                Ok(())
            }
            ClientMessage::Place { op, places } => {
                let placed = match self.may_stage() {
                    Ok(()) if places.len() > MAX_PLACES => {
                        Err(Error::field("places", "must be at most 10000").into())
                    }
                    Ok(()) => {
                        let layouts = &self.server.app.layouts;
                        let by = self.mutation(op);
                        layouts.place(&by, environment, &places).await.map_err(ErrorResponse::from)
                    }
                    Err(answer) => Err(answer),
                };
                match placed {
                    Ok(()) => self.done(op).await,
                    Err(answer) => self.refuse(Some(op), &answer).await,
                }
            }
        }
    }

    fn mutation(&self, op: u64) -> Mutation {
        Mutation {
            actor: self.caller.actor.clone(),
            idempotency: None,
            request: format!("{}-{op}", self.upgrade_request.request),
            source: self.upgrade_request.source.clone(),
        }
    }

    fn may_stage(&self) -> Result<(), ErrorResponse> {
        let (project, role) = (self.place.project, Some(self.place.role));
        match self.caller.actor.may(Permission::Stage, project, role) {
            Decision::Allowed => Ok(()),
            Decision::Hidden | Decision::Forbidden => {
                Err(Error::Forbidden("you may look at this canvas, and not change it").into())
            }
        }
    }

    /// Acknowledges an operation, after the events that it made.
    async fn done(&mut self, op: u64) -> Result<(), Close> {
        if !self.catch_up().await? {
            self.send_snapshot().await?;
        }
        let number = self.number;
        self.send(frame(&ServerMessage::Done { op, number })).await
    }

    async fn refuse(&mut self, op: Option<u64>, answer: &ErrorResponse) -> Result<(), Close> {
        let (error, message) = (answer.body.error, answer.body.message.clone());
        self.send(frame(&ServerMessage::Refused { op, error, message })).await
    }

    /// Whether the client may still be here, as what it was let in.
    async fn check_rights(&mut self) -> Result<(), Close> {
        let environment = self.place.environment.id.to_string();
        let again = async {
            let caller = verify(&self.server, self.caller.credential).await?;
            let (actor, may) = (&caller.actor, Permission::Read);
            let project = self.place.project;
            let place = authorize(&self.server, actor, may, project, Some(&environment)).await?;
            Ok::<_, ErrorResponse>((caller, place))
        };
        match again.await {
            Ok((caller, place)) if place.role == self.place.role => {
                self.caller = caller;
                Ok(())
            }
            // The greeting said another role: a fresh one says the new one.
            Ok(_) => Err(Close::Restart),
            // A database that hiccups is no reason to throw anybody out.
            Err(answer) if answer.is_server_error() => Ok(()),
            Err(answer) => {
                // What happened last says why: the project may have been deleted.
                let _ = self.catch_up().await;
                Err(answer.into())
            }
        }
    }

    async fn send(&mut self, text: Utf8Bytes) -> Result<(), Close> {
        self.write(Message::Text(text)).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Close> {
        match timeout(WRITE_TIMEOUT, self.raw.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Gone),
        }
    }
}

/// Waits for the first frame of a client that has shown nothing yet (DK-119).
async fn authenticate_first_frame(
    server: &Server,
    upgrade_request: &UpgradeRequest,
    raw: &mut WebSocket,
) -> Result<(Caller, EnvironmentAccess), Close> {
    let first = timeout(AUTH_TIMEOUT, raw.recv()).await.map_err(|_| Close::Unauthorized)?;
    let Some(Ok(Message::Text(text))) = first else { return Err(Close::Unauthorized) };
    let Ok(ClientMessage::Auth { token }) = crate::json::parse(text.as_bytes()) else {
        return Err(Close::Unauthorized);
    };
    let caller = by_token(server, &token).await?;
    let (actor, may) = (&caller.actor, Permission::Read);
    let project = find(server, actor, &upgrade_request.project).await?;
    let place =
        authorize(server, actor, may, project, upgrade_request.environment.as_deref()).await?;
    Ok((caller, place))
}

/// Why nothing more can be read.
fn broken(error: &axum::Error) -> Close {
    let error = error.to_string();
    let is_too_long = error.contains("too long") || error.contains("too big");
    if is_too_long { Close::Violation("a frame may be at most 64 KiB long") } else { Close::Gone }
}
