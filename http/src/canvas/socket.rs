//! One socket of one open canvas.

use super::{
    allowance::Allowance,
    close::{Close, end},
    frame::{is_known, op_of},
    line::Line,
};
use crate::{
    authorization::{EnvironmentAccess, authorize, find},
    caller::{Caller, by_token},
    error::ErrorResponse,
    layout::MAX_PLACES,
    permit::Permit,
    room::{Participant, Room, RoomMessage, Tick, batch, frame},
    server::Server,
    snapshot::SharedSnapshot,
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
    time::{Instant, interval, timeout},
};

/// How long the first frame may take (DK-119).
const AUTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to say from where it goes on.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an idle client is asked whether it lives (DK-120).
const PING_INTERVAL: Duration = Duration::from_secs(54);
/// After this long without any frame it does not.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2 * 54 + 10);
/// Events that are read at once to catch up.
const BATCH: u64 = 500;
/// A client that missed more gets a snapshot.
const MAX_MISSED: u64 = 5_000;

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
    line: Line,
    participant: Participant,
    _permit: Permit,
    /// The last event that the client has.
    number: u64,
    snapshot: Arc<SharedSnapshot>,
    room: Option<Listening>,
    allowance: Allowance,
}

/// A room, and what is said in it.
struct Listening {
    room: Arc<Room>,
    messages: broadcast::Receiver<RoomMessage>,
    ticks: broadcast::Receiver<Tick>,
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
        let admitted = admitted.and_then(|admitted| {
            let canvases = &server.canvases;
            let permit = canvases.take(admitted.0.user.id);
            permit.map(|permit| (admitted, permit)).ok_or(Close::TooMany(canvases.most()))
        });
        let (admitted, permit) = match admitted {
            Ok(admitted) => admitted,
            Err(close) => return end(raw, close).await,
        };
        let snapshot = server.snapshots.of(admitted.1.environment.id);
        let mut socket = Self {
            upgrade_request,
            line: Line::new(&server, admitted, raw),
            participant: server.rooms.connect(),
            _permit: permit,
            number: 0,
            snapshot,
            room: None,
            allowance: Allowance::new(Instant::now()),
            server,
        };
        let close = tokio::select! {
            close = socket.run() => close.err().unwrap_or(Close::Gone),
            () = stop.cancelled() => Close::Restart,
        };
        socket.line.close(close).await;
    }

    async fn run(&mut self) -> Result<(), Close> {
        let epoch = self.server.app.events.epoch().await?;
        let welcome = ServerMessage::Welcome {
            epoch: epoch.clone(),
            protocol: PROTOCOL,
            app: crate::web::app_hash(&self.server.config.web),
            role: self.line.place.role,
            project: self.line.place.project,
            environment: self.line.place.environment.id,
            participant: self.participant.number,
        };
        self.line.send(frame(&welcome)).await?;
        self.open(&epoch).await?;

        let mut ping = interval(PING_INTERVAL);
        ping.reset();
        let mut heard = Instant::now();
        loop {
            let Some(room) = &mut self.room else { return Err(Close::Failed) };
            tokio::select! {
                biased;
                message = self.line.next() => {
                    heard = Instant::now();
                    self.receive(message?).await?;
                }
                message = room.messages.recv() => self.forward(message).await?,
                tick = room.ticks.recv() => self.show(tick).await?,
                _ = ping.tick() => {
                    if heard.elapsed() > IDLE_TIMEOUT {
                        return Ok(());
                    }
                    self.line.write(Message::Ping(Default::default())).await?;
                }
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
                self.bring_up_to_date().await?;
            }
            None => self.send_snapshot().await?,
        }
        self.join().await
    }

    /// From where the client goes on, if it knows.
    async fn opening(&mut self) -> Result<(Option<String>, Option<u64>), Close> {
        loop {
            let message = self.line.next().await?;
            let Some(text) = self.text_of(message)? else { continue };
            match crate::json::parse(text.as_bytes()) {
                Ok(ClientMessage::Open { epoch, after }) => return Ok((epoch, after)),
                // Known already; the next frame opens.
                Ok(ClientMessage::Auth { .. }) => (),
                Ok(_) | Err(_) => return Err(Close::Violation("the first frame must be `open`")),
            }
        }
    }

    async fn send_snapshot(&mut self) -> Result<(), Close> {
        let snapshot = self.snapshot.frame().await?;
        self.number = snapshot.number;
        self.line.send(snapshot.text).await
    }

    /// Goes into the room of this canvas, and makes up for what happened on the way.
    async fn join(&mut self) -> Result<(), Close> {
        let room = self.server.rooms.join(self.line.place.environment.id, self.number);
        let (messages, ticks) = (room.messages.subscribe(), room.drags.subscribe());
        let position = room.position();
        self.room = Some(Listening { room, messages, ticks });
        if position > self.number { self.bring_up_to_date().await } else { Ok(()) }
    }

    /// Sends what the log holds beyond the client's last event, or a snapshot when it cannot.
    async fn bring_up_to_date(&mut self) -> Result<(), Close> {
        if self.catch_up().await? { Ok(()) } else { self.send_snapshot().await }
    }

    /// Sends what the log holds beyond the client's last event; `false` when that is not kept, or is
    /// more than a snapshot.
    async fn catch_up(&mut self) -> Result<bool, Close> {
        let environment = self.line.place.environment.id;
        let start = self.number;
        loop {
            let events = &self.server.app.events;
            let events = match events.after(environment, self.number, BATCH).await? {
                Replay::Events(events) => events,
                Replay::Gone => return Ok(false),
            };
            let Some(batch) = batch(&self.server.app, events).await else { return Ok(true) };
            if batch.last.saturating_sub(start) > MAX_MISSED {
                return Ok(false);
            }
            self.tell(batch.last, batch.text, batch.is_end).await?;
        }
    }

    /// Sends events, up to this one.
    async fn tell(&mut self, last: u64, text: Utf8Bytes, is_end: bool) -> Result<(), Close> {
        self.number = last;
        self.line.send(text).await?;
        if is_end { Err(Close::NotFound) } else { Ok(()) }
    }

    /// Passes on what has happened. Who has fallen behind is told what they missed.
    async fn forward(&mut self, message: Result<RoomMessage, RecvError>) -> Result<(), Close> {
        match message {
            Ok(RoomMessage::Events(batch)) if batch.last <= self.number => Ok(()),
            Ok(RoomMessage::Events(batch)) if batch.first == self.number + 1 => {
                self.tell(batch.last, batch.text, batch.is_end).await
            }
            // It fits not onto what the client has: the log knows better.
            Ok(RoomMessage::Events(_)) | Err(RecvError::Lagged(_)) => self.bring_up_to_date().await,
            Ok(RoomMessage::Lost) | Err(RecvError::Closed) => {
                self.room = None;
                self.send_snapshot().await?;
                self.join().await
            }
        }
    }

    /// Shows what moves. Who has fallen behind misses it.
    async fn show(&mut self, tick: Result<Tick, RecvError>) -> Result<(), Close> {
        match tick {
            Ok(tick) if tick.only == Some(self.participant.number) => Ok(()),
            Ok(tick) => self.line.send(tick.text).await,
            Err(RecvError::Lagged(_)) => Ok(()),
            Err(RecvError::Closed) => Err(Close::Failed),
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
        if !self.allowance.take(Instant::now()) {
            return Err(Close::Violation("too many frames"));
        }
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Close(_) => Err(Close::Gone),
            Message::Binary(_) => Err(Close::Violation("frames are JSON text")),
        }
    }

    async fn handle(&mut self, message: ClientMessage) -> Result<(), Close> {
        match message {
            ClientMessage::Auth { .. } | ClientMessage::Open { .. } => Ok(()),
            ClientMessage::Drag { places } => {
                if let Some(listening) = &self.room
                    && !places.is_empty()
                    && self.may_stage().is_ok()
                {
                    let (number, user) = (self.participant.number, self.line.caller.user.id);
                    listening.room.drags.put(number, user, places);
                }
                Ok(())
            }
            ClientMessage::Place { op, places } => {
                let placed = match self.may_stage() {
                    Ok(()) if places.len() > MAX_PLACES => {
                        Err(Error::field("places", "must be at most 10000").into())
                    }
                    Ok(()) => {
                        let environment = self.line.place.environment.id;
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
            actor: self.line.caller.actor.clone(),
            idempotency: None,
            request: format!("{}-{op}", self.upgrade_request.request),
            source: self.upgrade_request.source.clone(),
        }
    }

    fn may_stage(&self) -> Result<(), ErrorResponse> {
        let (project, role) = (self.line.place.project, Some(self.line.place.role));
        match self.line.caller.actor.may(Permission::Stage, project, role) {
            Decision::Allowed => Ok(()),
            Decision::Hidden | Decision::Forbidden => {
                Err(Error::Forbidden("you may look at this canvas, and not change it").into())
            }
        }
    }

    /// Acknowledges an operation, after the events that it made.
    async fn done(&mut self, op: u64) -> Result<(), Close> {
        self.bring_up_to_date().await?;
        let number = self.number;
        self.line.send(frame(&ServerMessage::Done { op, number })).await
    }

    async fn refuse(&mut self, op: Option<u64>, answer: &ErrorResponse) -> Result<(), Close> {
        let (error, message) = (answer.body.error, answer.body.message.clone());
        self.line.send(frame(&ServerMessage::Refused { op, error, message })).await
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
