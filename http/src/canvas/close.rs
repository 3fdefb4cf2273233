//! Why sockets close, and how.

use crate::error::ErrorResponse;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use domain::Error;
use std::time::Duration;
use tokio::time::timeout;

/// Why a socket closes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Close {
    /// The client went, or does not take what it is sent.
    Gone,
    /// Sign in (again).
    Unauthorized,
    /// There is no such project, or not any more, for this person.
    NotFound,
    /// This person has so many canvases open already.
    TooMany(usize),
    /// Come back at once: rights have changed, or the server ends.
    Restart,
    /// The client does not keep to the protocol.
    Violation(&'static str),
    /// The server could not go on.
    Failed,
}

impl Close {
    pub(super) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::TooMany(most) => {
                let reason = format!("you have {most} canvases open, which is the most: close one");
                return Some(CloseFrame { code: 1013, reason: reason.into() });
            }
            Self::Unauthorized => (4001, "sign in"),
            Self::NotFound => (4004, "there is no such project"),
            Self::Restart => (1012, "come back"),
            Self::Violation(why) => (1008, why),
            Self::Failed => (1011, "something went wrong"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

impl From<ErrorResponse> for Close {
    fn from(answer: ErrorResponse) -> Self {
        match answer.status().as_u16() {
            401 => Self::Unauthorized,
            403 | 404 => Self::NotFound,
            _ => Self::Failed,
        }
    }
}

impl From<Error> for Close {
    fn from(error: Error) -> Self {
        ErrorResponse::from(error).into()
    }
}

/// Closes with a reason, and gives the client a moment to take note.
pub(super) async fn end(mut raw: WebSocket, close: Close) {
    let Some(reason) = close.frame() else { return };
    let close_frame = async {
        if raw.send(Message::Close(Some(reason))).await.is_ok() {
            while let Some(Ok(_)) = raw.recv().await {}
        }
    };
    // A client that does not answer is left.
    let _ = timeout(Duration::from_secs(2), close_frame).await;
}
