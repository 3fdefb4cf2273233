//! A canvas's socket: the same one that browsers follow.

use super::{Client, api::EnvironmentPath, json};
use crate::exit::{Exit, Failure};
use anyhow::{Result, anyhow};
use domain::{
    api::{
        ErrorCode,
        canvas::{ClientMessage, PROTOCOL, ServerMessage},
    },
    canvas::Snapshot,
    event::LoggedEvent,
};
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message},
};

/// How long the server may be silent: it says at least that it is there.
const SILENCE: Duration = Duration::from_secs(90);

/// How long to wait between two tries to come back, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A canvas that stays in step with the server, also across lost connections.
pub(crate) struct LiveCanvas<'a> {
    client: &'a Client,
    place: EnvironmentPath,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    epoch: Option<String>,
    snapshot: Option<Box<Snapshot>>,
    failures: u32,
}

/// What the server tells.
pub(crate) enum LiveUpdate {
    /// Everything anew.
    Fresh,
    /// This has happened; it is in the snapshot already.
    Happened(Vec<LoggedEvent>),
    /// The connection is gone; it is being made again.
    Lost(String),
    /// It has been made again.
    Back,
}

impl<'a> LiveCanvas<'a> {
    /// A canvas to follow. Nothing is asked yet.
    pub(crate) fn new(client: &'a Client, place: EnvironmentPath) -> Self {
        Self { client, place, socket: None, epoch: None, snapshot: None, failures: 0 }
    }

    /// The canvas as far as it is known.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// What comes next. Fails when the server does not let us in.
    pub(crate) async fn next(&mut self) -> Result<LiveUpdate> {
        loop {
            if self.socket.is_none() {
                if self.failures > 0 {
                    let pause = Duration::from_millis(250) * 2_u32.pow(self.failures.min(6));
                    tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                }
                match self.connect().await {
                    Ok(()) => (),
                    Err(error) if self.snapshot.is_some() && is_passing(&error) => {
                        self.failures += 1;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            match self.receive().await {
                Ok(message) => {
                    if let Some(update) = self.take(message)? {
                        self.failures = 0;
                        return Ok(update);
                    }
                }
                Err(why) => {
                    self.socket = None;
                    self.failures += 1;
                    if self.snapshot.is_some() {
                        return Ok(LiveUpdate::Lost(why));
                    }
                    if self.failures > 3 {
                        return Err(Failure::new(
                            Exit::Unreachable,
                            format!("the live connection to {} ends: {why}", self.client.url()),
                        )
                        .into());
                    }
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<()> {
        let token = self.client.token().await?;
        let url = self.client.socket(&self.place)?;
        crate::tls::ready();
        let connecting = tokio_tungstenite::connect_async(url.as_str());
        let (mut socket, _) = tokio::time::timeout(super::PATIENCE, connecting)
            .await
            .map_err(|_| unreachable(self.client, "it does not answer"))?
            .map_err(|error| refused(self.client, error))?;
        if let Some(token) = token {
            say(&mut socket, &ClientMessage::Auth { token }).await?;
        }
        let after = self.snapshot.as_ref().map(|snapshot| snapshot.number);
        say(&mut socket, &ClientMessage::Open { epoch: self.epoch.clone(), after }).await?;
        self.socket = Some(socket);
        Ok(())
    }

    /// The next message, or why there is none.
    async fn receive(&mut self) -> Result<ServerMessage, String> {
        let Some(socket) = &mut self.socket else { return Err("not connected".to_owned()) };
        loop {
            let frame = tokio::time::timeout(SILENCE, socket.next())
                .await
                .map_err(|_| "the server is silent".to_owned())?;
            match frame {
                Some(Ok(Message::Text(text))) => {
                    // Messages of a later server that this one does not know are left out.
                    if let Ok(message) = serde_json::from_str(&text) {
                        return Ok(message);
                    }
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err(if close.reason.is_empty() {
                        format!("closed with {}", close.code)
                    } else {
                        close.reason.to_string()
                    });
                }
                Some(Ok(Message::Close(None))) | None => {
                    return Err("the server closed it".to_owned());
                }
                Some(Ok(_)) => (),
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    }

    fn take(&mut self, message: ServerMessage) -> Result<Option<LiveUpdate>> {
        match message {
            ServerMessage::Welcome { epoch, protocol, .. } => {
                if protocol != PROTOCOL {
                    return Err(Failure::failed(format!(
                        "{} speaks another version of the live protocol ({protocol}); use the \
                         `easel` that belongs to it",
                        self.client.url()
                    ))
                    .into());
                }
                self.epoch = Some(epoch);
                Ok(self.snapshot.is_some().then_some(LiveUpdate::Back))
            }
            ServerMessage::Snapshot { snapshot } => {
                self.snapshot = Some(snapshot);
                Ok(Some(LiveUpdate::Fresh))
            }
            ServerMessage::Events { events, people } => {
                let Some(snapshot) = &mut self.snapshot else { return Ok(None) };
                snapshot.people.extend(people);
                for event in &events {
                    snapshot.fold(event.clone());
                }
                Ok((!events.is_empty()).then_some(LiveUpdate::Happened(events)))
            }
            ServerMessage::Refused { op: None, error, message } => {
                let exit = match error {
                    ErrorCode::NotFound => Exit::NotFound,
                    ErrorCode::Unauthorized | ErrorCode::Forbidden => Exit::Forbidden,
                    _ => Exit::Failed,
                };
                Err(Failure::new(exit, message).into())
            }
            ServerMessage::Done { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Drags { .. } => Ok(None),
        }
    }
}

async fn say(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    message: &ClientMessage,
) -> Result<()> {
    let text = json(message)?.to_string();
    socket.send(Message::text(text)).await.map_err(|error| anyhow!("speak to the server: {error}"))
}

fn unreachable(client: &Client, why: &str) -> anyhow::Error {
    Failure::new(Exit::Unreachable, format!("no live connection to {}: {why}", client.url())).into()
}

fn refused(client: &Client, error: tungstenite::Error) -> anyhow::Error {
    match error {
        tungstenite::Error::Http(answer) => {
            let exit = match answer.status().as_u16() {
                401 | 403 => Exit::Forbidden,
                404 => Exit::NotFound,
                _ => Exit::Failed,
            };
            let status = answer.status();
            let why = format!("no live connection to {}: it answered {status}", client.url());
            Failure::new(exit, why).into()
        }
        error => unreachable(client, &error.to_string()),
    }
}

fn is_passing(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Failure>()
        .is_some_and(|failure| matches!(failure.exit, Exit::Unreachable | Exit::Failed))
}
