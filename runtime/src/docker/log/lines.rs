//! From the engine's chunks to lines.
//!
//! The engine gives each line a time, and hands lines longer than 16 KiB over in chunks that all
//! carry the time of the first. Only the last of them ends with a line end; how long the others are
//! says nothing, because the engine's `json-file` driver writes the three bytes of U+FFFD for each
//! byte of a character that it has cut through.

use bollard::container::LogOutput;
use domain::{
    Timestamp,
    runtime::{LogLine, LogStream, MAX_LOG_LINE},
};
use std::time::{SystemTime, UNIX_EPOCH};

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

    /// By this machine's clock, which the engine's lines have their times from.
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
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
    /// From when on what comes is news; `None` where a history alone is read.
    followed: Option<LogTime>,
    /// The time of the last chunk, for the engine's own remarks, which have none.
    last: LogTime,
    stdout: Reading,
    stderr: Reading,
}

/// Where one stream has got to.
#[derive(Default)]
struct Reading {
    /// A line whose end has not come yet.
    partial: Option<PartialLine>,
    /// The time of the newest line that was handed on.
    newest: Option<LogTime>,
}

struct PartialLine {
    time: LogTime,
    /// Whether the time is its own, and not lent to a remark of the engine.
    timed: bool,
    bytes: Vec<u8>,
    cut: bool,
}

impl LineReader {
    /// Leaves out lines before `first`.
    pub(super) fn new(first: LogTime) -> Self {
        Self {
            first,
            followed: None,
            last: LogTime::START,
            stdout: Reading::default(),
            stderr: Reading::default(),
        }
    }

    /// The same for a log that is followed from `since` on: then the engine hands lines over once
    /// more whenever it rotates the log's files, and what comes again is left out.
    pub(super) fn following(first: LogTime, since: LogTime) -> Self {
        Self { followed: Some(since), ..Self::new(first) }
    }

    /// The lines that this chunk brings to an end, `now`.
    pub(super) fn push(&mut self, chunk: &LogOutput, now: LogTime) -> Vec<LogLine> {
        let (stream, message) = match chunk {
            LogOutput::StdErr { message } => (LogStream::Stderr, message),
            // A terminal has but one stream.
            LogOutput::StdOut { message } | LogOutput::Console { message } => {
                (LogStream::Stdout, message)
            }
            LogOutput::StdIn { .. } => return Vec::new(),
        };
        let (time, text) =
            timed(message).map_or((None, &message[..]), |(at, text)| (Some(at), text));
        let timed = time.is_some();
        let time = time.unwrap_or(self.last);
        self.last = time;
        let (text, has_end) = match text {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => (text, true),
            text => (text, false),
        };

        let pending = &mut self.reading(stream).partial;
        let mut done = Vec::new();
        // What the process wrote last before it ended may have had no line end; the next run's
        // first line is another line, and another time.
        if let Some(unfinished) = pending.take_if(|unfinished| unfinished.time != time) {
            done.push((stream, unfinished));
        }
        let line = pending.get_or_insert_with(|| PartialLine {
            time,
            timed,
            bytes: Vec::new(),
            cut: false,
        });
        line.add(text);
        // The engine hands over half a line only when more of it comes, or nothing ever will.
        if has_end && let Some(line) = pending.take() {
            done.push((stream, line));
        }
        self.kept(done, now)
    }

    /// What is left when nothing more comes.
    pub(super) fn finish(&mut self, now: LogTime) -> Vec<LogLine> {
        let left = [LogStream::Stdout, LogStream::Stderr]
            .into_iter()
            .filter_map(|stream| Some((stream, self.reading(stream).partial.take()?)))
            .collect();
        self.kept(left, now)
    }

    fn kept(&mut self, lines: Vec<(LogStream, PartialLine)>, now: LogTime) -> Vec<LogLine> {
        lines
            .into_iter()
            .filter(|(stream, line)| self.is_new(*stream, line, now))
            .map(|(stream, line)| line.finish(stream))
            .collect()
    }

    /// Whether a line is asked for and has not been handed on. A stream's lines come in the order of
    /// their times, unless the clock was set back: then the newest one lies in the future, and what
    /// comes is news again.
    fn is_new(&mut self, stream: LogStream, line: &PartialLine, now: LogTime) -> bool {
        if line.time < self.first || !line.timed {
            return line.time >= self.first;
        }
        let followed = self.followed;
        let newest = &mut self.reading(stream).newest;
        let came_again = newest.is_some_and(|newest| {
            followed.is_some_and(|since| newest >= since) && line.time <= newest && newest <= now
        });
        if !came_again {
            *newest = Some(line.time);
        }
        !came_again
    }

    const fn reading(&mut self, stream: LogStream) -> &mut Reading {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }
}

impl PartialLine {
    fn add(&mut self, text: &[u8]) {
        let room = MAX_LOG_LINE - self.bytes.len();
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
        let is_long = line.len() > MAX_LOG_LINE;
        line.truncate(line.floor_char_boundary(MAX_LOG_LINE));
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
