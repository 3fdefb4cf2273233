//! What services print.

use super::{context::ProjectContext, describe, lookup};
use crate::{
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::{Context, Result, anyhow};
use domain::{
    ServiceId,
    api::{
        ErrorBody, ErrorCode,
        log::{LogEntry, LogEvent, LogOrigin},
    },
    runtime::LogStream,
};
use futures::StreamExt;
use std::time::Duration;

/// What somebody wants to read.
pub(super) struct LogOptions {
    pub(super) service: String,
    pub(super) follow: bool,
    pub(super) tail: u32,
    pub(super) timestamps: bool,
}

/// The server says at least this often that it is there.
const SILENCE: Duration = Duration::from_secs(60);

/// How long to wait before going on after a lost connection.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn logs(context: &ProjectContext, wanted: &LogOptions) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let id = lookup::service(&snapshot.spec, &wanted.service)?;
    let console = context.console();
    let mut reading = ReadPosition::default();
    loop {
        let error = match read(context, wanted, id, &mut reading).await {
            Ok(End::LogOptions) => return Ok(()),
            Ok(End::NothingRuns) => {
                let slug = &snapshot.spec.services[&id].slug;
                reading.pause(console, format!("nothing of {slug} runs; waiting for it"));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => error,
        };
        if exit(&error) == Some(Exit::NotFound) {
            // Either the service has no container, or it is gone with all of them.
            match context.snapshot().await {
                Ok(now) => lookup::service(&now.spec, &id.to_string()).map(|_| ())?,
                Err(error) if wanted.follow && is_passing(&error) => (),
                Err(error) => return Err(error),
            }
            let slug = &snapshot.spec.services[&id].slug;
            if !wanted.follow {
                let why = format!("{slug} has no container, and hence no logs, at the moment");
                return Err(Failure::new(Exit::NotFound, why).into());
            }
            reading.pause(console, format!("{slug} has no container yet; waiting for one"));
        } else if wanted.follow && reading.is_under_way() && is_passing(&error) {
            // Where it was lost is known, so that no line is missed or comes twice.
            reading.pause(console, format!("disconnected ({error}); reconnecting"));
        } else {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far somebody has read.
#[derive(Default)]
struct ReadPosition {
    /// The last line that was read.
    last: Option<String>,
    /// Whether the server has answered at all.
    has_begun: bool,
    /// Whether it has been said that there is a pause.
    is_paused: bool,
}

impl ReadPosition {
    fn pause(&mut self, console: Console, why: String) {
        if !std::mem::replace(&mut self.is_paused, true) {
            console.to_stderr(why);
        }
    }

    /// Whether the server has answered before, if only that there is nothing to read yet.
    fn is_under_way(&self) -> bool {
        self.has_begun || self.is_paused
    }

    fn begin(&mut self, console: Console) {
        if std::mem::take(&mut self.is_paused) && self.has_begun {
            console.to_stderr("connected again");
        }
        self.has_begun = true;
    }
}

fn exit(error: &anyhow::Error) -> Option<Exit> {
    error.downcast_ref::<Failure>().map(|failure| failure.exit)
}

fn is_passing(error: &anyhow::Error) -> bool {
    exit(error).is_none_or(|exit| matches!(exit, Exit::Unreachable | Exit::Failed))
}

/// How an answer has ended.
enum End {
    /// All is read, or nobody listens any more.
    LogOptions,
    /// Somebody follows, and nothing has run for a while.
    NothingRuns,
}

async fn read(
    context: &ProjectContext,
    wanted: &LogOptions,
    id: ServiceId,
    reading: &mut ReadPosition,
) -> Result<End> {
    let after = reading.last.as_deref();
    let answer =
        context.client().logs(&context.place, id, wanted.tail, wanted.follow, after).await?;
    reading.begin(context.console());
    let mut body = answer.bytes_stream();
    let mut frames = SseParser::default();
    loop {
        let part = tokio::time::timeout(SILENCE, body.next())
            .await
            .map_err(|_| anyhow!("the server is silent"))?;
        // The server says when that was all: without it, something is missing.
        let part = part.context("the server closed it before the end")?;
        for frame in frames.feed(&part.context("read what the service prints")?) {
            match LogEvent::read(&frame.event, &frame.data) {
                Some(LogEvent::End) if wanted.follow => return Ok(End::NothingRuns),
                Some(LogEvent::End) => return Ok(End::LogOptions),
                Some(LogEvent::Failed(error)) => return Err(broken_off(error)),
                Some(LogEvent::Line(entry)) => show(context, wanted, &entry),
                Some(LogEvent::Exited(origin)) => show_end(context, &origin),
                // A later server's, which this one does not know.
                None => (),
            }
            if !context.console().is_open() {
                return Ok(End::LogOptions);
            }
            if frame.id.is_some() {
                reading.last = frame.id;
            }
        }
    }
}

/// Why the server ends a stream in the middle.
fn broken_off(ErrorBody { error, message, .. }: ErrorBody) -> anyhow::Error {
    match error {
        ErrorCode::Forbidden => Failure::new(Exit::Forbidden, message).into(),
        ErrorCode::NotFound => Failure::not_found(message).into(),
        // A token that has ended is renewed with the next try.
        _ => Failure::failed(message).into(),
    }
}

fn show(context: &ProjectContext, wanted: &LogOptions, entry: &LogEntry) {
    let console = context.console();
    if console.json {
        console.value_line(entry);
        return;
    }
    let line = &entry.line;
    let time =
        if wanted.timestamps { format!("{} ", describe::moment(line.at)) } else { String::new() };
    let mark = match line.stream {
        LogStream::Stdout => "",
        LogStream::Stderr => "! ",
    };
    let cut = if line.cut { " […]" } else { "" };
    console.line(format!("{time}{mark}{}{cut}", line.line));
}

fn show_end(context: &ProjectContext, origin: &LogOrigin) {
    let console = context.console();
    if console.json {
        console.value_line(origin);
    } else {
        console.to_stderr(format!("container {} has ended", origin.container_id));
    }
}

/// One event of a stream of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct SseEvent {
    id: Option<String>,
    event: String,
    data: String,
}

/// Cuts a stream of bytes into events, wherever the network cuts it.
#[derive(Default)]
struct SseParser {
    rest: Vec<u8>,
}

impl SseParser {
    fn feed(&mut self, part: &[u8]) -> Vec<SseEvent> {
        self.rest.extend_from_slice(part);
        let mut frames = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let text: Vec<u8> = self.rest.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&text);
            let mut frame = SseEvent::default();
            for line in text.lines() {
                match line.split_once(':') {
                    Some(("id", id)) => frame.id = Some(id.trim().to_owned()),
                    Some(("event", word)) => frame.event = word.trim().to_owned(),
                    Some(("data", data)) => {
                        if !frame.data.is_empty() {
                            frame.data.push('\n');
                        }
                        frame.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                    }
                    _ => (),
                }
            }
            if frame != SseEvent::default() {
                frames.push(frame);
            }
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_wherever_the_network_cuts_them() {
        let text = ": still here\n\nid: 1\ndata: {\"line\":\"ü\"}\n\nevent: end\ndata: {}\n\n";

        for cut in 0..text.len() {
            let mut frames = SseParser::default();
            let mut all = frames.feed(&text.as_bytes()[..cut]);
            all.extend(frames.feed(&text.as_bytes()[cut..]));

            let shown: Vec<_> =
                all.iter().map(|frame| (frame.event.as_str(), frame.data.as_str())).collect();
            assert_eq!(shown, [("", "{\"line\":\"ü\"}"), ("end", "{}")], "cut at {cut}");
        }
    }
}
