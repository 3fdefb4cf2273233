//! Messages as they are sent.

use axum::extract::ws::Utf8Bytes;
use domain::api::canvas::ServerMessage;

/// A message as a frame.
pub(crate) fn frame(message: &ServerMessage) -> Utf8Bytes {
    // None of its types has a key that is no text, which is all that can fail.
    serde_json::to_string(message).unwrap_or_default().into()
}
