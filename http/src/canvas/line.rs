//! The line to one client: nothing goes over it on rights that are in doubt.

use super::close::{Close, end};
use crate::{
    admission::{Admission, Standing},
    authorization::EnvironmentAccess,
    caller::Caller,
    server::Server,
};
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use domain::access::Permission;
use std::{pin::pin, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How long a frame may take to be written (DK-120); a long one has more.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes a millisecond that a client takes at least, beyond that.
const MIN_BYTES_PER_MILLISECOND: usize = 50;
/// How long a frame that is half written has, once nothing more may be sent: a close can stand only
/// behind a whole one.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the last news of a deleted project may take to come.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// A client that has been let in.
pub(super) struct Line {
    raw: WebSocket,
    admission: Admission,
    pub(super) caller: Caller,
    pub(super) place: EnvironmentAccess,
    /// When it closes, because the project is gone. Until then its last news are told.
    farewell: Option<Instant>,
}

impl Line {
    pub(super) fn new(
        server: &Server,
        (caller, place): (Caller, EnvironmentAccess),
        raw: WebSocket,
    ) -> Self {
        let who = (caller.user.id, caller.credential);
        let admission = Admission::new(server, who, &place, Permission::Read);
        Self { raw, admission, caller, place, farewell: None }
    }

    /// The next frame. Nothing is lost when it is given up.
    pub(super) async fn next(&mut self) -> Result<Message, Close> {
        loop {
            let farewell = self.farewell;
            tokio::select! {
                biased;
                () = self.admission.in_doubt(), if farewell.is_none() => self.check().await?,
                message = self.raw.recv() => return match message {
                    Some(Ok(message)) => Ok(message),
                    Some(Err(error)) => Err(broken(&error)),
                    None => Err(Close::Gone),
                },
                () = sleep_until(farewell.unwrap_or_else(Instant::now)), if farewell.is_some() => {
                    return Err(Close::NotFound);
                }
            }
        }
    }

    pub(super) async fn send(&mut self, text: Utf8Bytes) -> Result<(), Close> {
        self.write(Message::Text(text)).await
    }

    /// Writes a frame, as soon as it is certain that it may be.
    pub(super) async fn write(&mut self, message: Message) -> Result<(), Close> {
        if self.farewell.is_none() && self.admission.is_in_doubt() {
            self.check().await?;
        }
        let size = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Close(_) => 0,
        };
        let more = u64::try_from(size / MIN_BYTES_PER_MILLISECOND).unwrap_or(u64::MAX);
        let mut patience = Instant::now() + WRITE_TIMEOUT + Duration::from_millis(more);
        let Self { raw, admission, caller, place, farewell } = self;
        let mut sending = pin!(raw.send(message));
        let mut close = None;
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return match (sent, close) {
                    (Err(_), _) => Err(Close::Gone),
                    (Ok(()), Some(close)) => Err(close),
                    (Ok(()), None) => Ok(()),
                },
                () = admission.in_doubt(), if close.is_none() && farewell.is_none() => {
                    let standing = admission.check().await;
                    close = judge(standing, caller, place, farewell).err();
                    if close.is_some() {
                        patience = patience.min(Instant::now() + LAST_WRITE_TIMEOUT);
                    }
                }
                // It does not take what it is sent, or only what it may not have any more.
                () = sleep_until(patience) => return Err(Close::Gone),
            }
        }
    }

    /// Whether the client may still be here, as what it was let in.
    async fn check(&mut self) -> Result<(), Close> {
        let standing = self.admission.check().await;
        judge(standing, &mut self.caller, &self.place, &mut self.farewell)
    }

    /// Closes it with a reason.
    pub(super) async fn close(self, close: Close) {
        end(self.raw, close).await;
    }
}

/// What a look at somebody's rights means for their line.
fn judge(
    standing: Standing,
    caller: &mut Caller,
    place: &EnvironmentAccess,
    farewell: &mut Option<Instant>,
) -> Result<(), Close> {
    match standing {
        Standing::Allowed(now, there) if there.role == place.role => {
            *caller = *now;
            Ok(())
        }
        // The greeting said another role: a fresh one says the new one.
        Standing::Allowed(..) => Err(Close::Restart),
        Standing::Deleted => {
            *farewell = Some(Instant::now() + FAREWELL_TIMEOUT);
            Ok(())
        }
        Standing::Refused(answer) => Err(answer.into()),
    }
}

/// Why nothing more can be read.
fn broken(error: &axum::Error) -> Close {
    let error = error.to_string();
    let is_too_long = error.contains("too long") || error.contains("too big");
    if is_too_long { Close::Violation("a frame may be at most 64 KiB long") } else { Close::Gone }
}
