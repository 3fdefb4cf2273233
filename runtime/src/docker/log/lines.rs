//! From the engine's chunks to lines.
//!
//! The engine gives each line a time, and hands lines longer than 16 KiB over in chunks that all
//! carry the time of the first.

use bollard::container::LogOutput;
use domain::{
    Timestamp,
    runtime::{LogLine, LogStream},
};

/// The most of a line that is kept, and the engine's own chunk.
const MAX_LINE: usize = 16 * 1024;

/// A point in time, to the nanosecond: what orders lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogTime(i64);

impl LogTime {
    /// Before any line.
    pub(super) const START: Self = Self(0);

    /// `nanos` after `at`.
    pub(super) fn new(at: Timestamp, nanos: u32) -> Self {
        Self(at.as_millis().saturating_mul(1_000_000).saturating_add(nanos.into()))
    }

    /// The one after.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Seconds since the Unix epoch, downwards: as exactly as the engine can be asked.
    pub(super) fn whole_seconds(self) -> i32 {
        i32::try_from(self.0.div_euclid(1_000_000_000)).unwrap_or(i32::MAX)
    }

    fn at(self) -> Timestamp {
        Timestamp::from_millis(self.0.div_euclid(1_000_000))
    }

    fn nanos(self) -> u32 {
        u32::try_from(self.0.rem_euclid(1_000_000)).unwrap_or_default()
    }
}

/// Puts lines together, per stream.
pub(super) struct LineReader {
    first: LogTime,
    /// The time of the last chunk, for the engine's own remarks, which have none.
    last: LogTime,
    stdout: Option<PartialLine>,
    stderr: Option<PartialLine>,
}

/// A line whose end has not come yet.
struct PartialLine {
    time: LogTime,
    bytes: Vec<u8>,
    cut: bool,
}

impl LineReader {
    /// Leaves out lines before `first`.
    pub(super) const fn new(first: LogTime) -> Self {
        Self { first, last: LogTime::START, stdout: None, stderr: None }
    }

    /// The lines that this chunk brings to an end.
    pub(super) fn push(&mut self, chunk: &LogOutput) -> Vec<LogLine> {
        let (stream, message) = match chunk {
            LogOutput::StdErr { message } => (LogStream::Stderr, message),
            // A terminal has but one stream.
            LogOutput::StdOut { message } | LogOutput::Console { message } => {
                (LogStream::Stdout, message)
            }
            LogOutput::StdIn { .. } => return Vec::new(),
        };
        let (time, text) = timed(message).unwrap_or((self.last, message));
        self.last = time;
        let (text, has_end) = match text {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => (text, true),
            text => (text, false),
        };

        let pending = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let mut done = Vec::new();
        // What the process wrote last before it ended may have had no line end; the next run's
        // first line is another line, and another time.
        if let Some(unfinished) = pending.take_if(|unfinished| unfinished.time != time) {
            done.push((stream, unfinished));
        }
        let line =
            pending.get_or_insert_with(|| PartialLine { time, bytes: Vec::new(), cut: false });
        line.add(text);
        let goes_on = !has_end && !text.is_empty() && text.len().is_multiple_of(MAX_LINE);
        if !goes_on && let Some(line) = pending.take() {
            done.push((stream, line));
        }
        self.kept(done)
    }

    /// What is left when nothing more comes.
    pub(super) fn finish(&mut self) -> Vec<LogLine> {
        let left =
            [(LogStream::Stdout, self.stdout.take()), (LogStream::Stderr, self.stderr.take())];
        let left = left.into_iter().filter_map(|(stream, line)| Some((stream, line?))).collect();
        self.kept(left)
    }

    fn kept(&self, lines: Vec<(LogStream, PartialLine)>) -> Vec<LogLine> {
        lines
            .into_iter()
            .filter(|(_, line)| line.time >= self.first)
            .map(|(stream, line)| line.finish(stream))
            .collect()
    }
}

impl PartialLine {
    fn add(&mut self, text: &[u8]) {
        let room = MAX_LINE - self.bytes.len();
        self.cut |= text.len() > room;
        self.bytes.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn finish(self, stream: LogStream) -> LogLine {
        let mut bytes = self.bytes.as_slice();
        if self.cut
            && let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_none()
        {
            // Cut in the middle of a character.
            bytes = &bytes[..error.valid_up_to()];
        }
        let mut line = String::from_utf8_lossy(bytes).into_owned();
        let is_long = line.len() > MAX_LINE;
        line.truncate(line.floor_char_boundary(MAX_LINE));
        LogLine {
            at: self.time.at(),
            nanos: self.time.nanos(),
            stream,
            line,
            cut: self.cut || is_long,
        }
    }
}

/// Splits `2026-11-21T07:30:00.123456789Z text` at the blank.
fn timed(message: &[u8]) -> Option<(LogTime, &[u8])> {
    let blank = message.iter().take(40).position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(&message[..blank]).ok()?;
    let time = chrono::DateTime::parse_from_rfc3339(time).ok()?;
    Some((LogTime(time.timestamp_nanos_opt()?), &message[blank + 1..]))
}

#[cfg(test)]
mod tests;
