//! What a stream of logs tells, each as one server-sent event.

use super::ErrorBody;
use crate::{DeploymentId, ReplicaId, runtime::LogLine};
use serde::{Deserialize, Serialize};

/// A line, and whose it is: several replicas write into one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field names its type")]
pub struct LogEntry {
    #[serde(flatten)]
    pub from: LogOrigin,
    #[serde(flatten)]
    pub line: LogLine,
}

/// Whose output it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "each field says what it is")]
pub struct LogOrigin {
    pub replica: ReplicaId,
    /// The engine's name for its container, in short.
    pub container_id: String,
    pub index: u16,
    pub deployment: DeploymentId,
}

/// What a stream of logs tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// Something was written.
    Line(LogEntry),
    /// A container has ended; what comes next is another's, or its own after a new start.
    Exited(LogOrigin),
    /// That was all, for now.
    End,
    /// The stream breaks off, and why.
    Failed(ErrorBody),
}

impl LogEvent {
    /// The names of all events.
    pub const NAMES: [&str; 4] = ["message", "container_exited", "end", "error"];

    /// The event's name. `message` is that of an event without one.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        let [line, exited, end, failed] = Self::NAMES;
        match self {
            Self::Line(_) => line,
            Self::Exited(_) => exited,
            Self::End => end,
            Self::Failed(_) => failed,
        }
    }

    /// What the event carries, as JSON.
    #[must_use]
    pub fn data(&self) -> String {
        let data = match self {
            Self::Line(entry) => serde_json::to_string(entry),
            Self::Exited(origin) => serde_json::to_string(origin),
            Self::End => Ok("{}".to_owned()),
            Self::Failed(error) => serde_json::to_string(error),
        };
        // None of these types has a key that is no text, which is all that can fail.
        data.unwrap_or_default()
    }

    /// What an event of this name says; `None` for what this version does not understand.
    #[must_use]
    pub fn read(name: &str, data: &str) -> Option<Self> {
        let [line, exited, end, failed] = Self::NAMES;
        match name {
            name if name == line || name.is_empty() => {
                serde_json::from_str(data).ok().map(Self::Line)
            }
            name if name == exited => serde_json::from_str(data).ok().map(Self::Exited),
            name if name == end => Some(Self::End),
            name if name == failed => serde_json::from_str(data).ok().map(Self::Failed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, api::ErrorCode, runtime::LogStream};

    #[test]
    fn what_a_stream_tells_is_read_as_it_was_meant() {
        let from = LogOrigin {
            replica: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            container_id: "aaaaaaaaaaaa".to_owned(),
            index: 0,
            deployment: "00000000-0000-0000-0000-000000000002".parse().unwrap(),
        };
        let at = Timestamp::from_millis(5);
        let line = |cut| LogLine {
            at,
            nanos: 0,
            stream: LogStream::Stderr,
            line: "no such table".to_owned(),
            cut,
        };

        for event in [
            LogEvent::Line(LogEntry { from: from.clone(), line: line(false) }),
            LogEvent::Line(LogEntry { from: from.clone(), line: line(true) }),
            LogEvent::Exited(from),
            LogEvent::End,
            LogEvent::Failed(ErrorBody::new(ErrorCode::Forbidden, "you may not")),
        ] {
            let (name, data) = (event.name(), event.data());
            assert_eq!(LogEvent::read(name, &data), Some(event), "{name} {data}");
        }
        assert_eq!(LogEvent::read("another", "{}"), None);
    }
}
