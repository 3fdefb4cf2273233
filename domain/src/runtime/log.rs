//! Output of containers.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Where to begin in a container's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogsFrom {
    /// With this many last lines.
    Tail(u32),
    /// With lines at or after this time.
    Since(Timestamp),
    /// With the first line after the one of this time: where a reader goes on that lost its
    /// connection, without loss or repetition.
    After {
        /// That line's [`LogLine::at`].
        at: Timestamp,
        /// That line's [`LogLine::nanos`].
        nanos: u32,
    },
}

/// Whether to wait for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// End with what there is.
    No,
    /// Go on until the container ends.
    Yes,
}

/// The most of a line that is kept, in bytes: far more than anybody reads, and a bound.
pub const MAX_LOG_LINE: usize = 64 * 1024;

/// One line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When the engine received it.
    pub at: Timestamp,
    /// Nanoseconds within that millisecond: together they order lines. Over the wire they go in the
    /// event's id, which says where a reader goes on.
    #[serde(skip)]
    pub nanos: u32,
    /// Where it was written.
    pub stream: LogStream,
    /// The text, without its line end; at most [`MAX_LOG_LINE`].
    pub line: String,
    /// Whether the line was longer and has been cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Where a container wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the streams' own names")]
pub enum LogStream {
    Stdout,
    Stderr,
}
