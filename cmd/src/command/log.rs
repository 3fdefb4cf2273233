//! What services print.

use super::{Room, describe, find};
use crate::exit::{Exit, Failure};
use anyhow::{Context, Result, anyhow};
use domain::{ServiceId, Timestamp, runtime::LogStream};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// What somebody wants to read.
pub(super) struct Wanted {
    pub(super) service: String,
    pub(super) follow: bool,
    pub(super) tail: u32,
    pub(super) timestamps: bool,
}

/// One line, as far as it is shown.
#[derive(Deserialize)]
struct Line {
    at: Timestamp,
    stream: LogStream,
    line: String,
    #[serde(default)]
    cut: bool,
}

/// The server says at least this often that it is there.
const SILENCE: Duration = Duration::from_secs(60);

/// How long to wait before going on after a lost connection.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn logs(room: &Room, wanted: &Wanted) -> Result<()> {
    let snapshot = room.snapshot().await?;
    let id = find::service(&snapshot.spec, &wanted.service)?;
    let mut last = None;
    loop {
        let read = read(room, wanted, id, &mut last).await;
        match read {
            Ok(()) => return Ok(()),
            // Where it was lost is known, so that no line is missed or comes twice.
            Err(error) if wanted.follow && last.is_some() && is_passing(&error) => {
                room.console().note(format!("— the connection was lost ({error}); trying again"));
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_none_or(|failure| failure.exit == Exit::Unreachable)
}

async fn read(
    room: &Room,
    wanted: &Wanted,
    id: ServiceId,
    last: &mut Option<String>,
) -> Result<()> {
    let answer =
        room.client().logs(&room.place, id, wanted.tail, wanted.follow, last.as_deref()).await?;
    let mut body = answer.bytes_stream();
    let mut frames = Frames::default();
    loop {
        let part = tokio::time::timeout(SILENCE, body.next())
            .await
            .map_err(|_| anyhow!("the server is silent"))?;
        let Some(part) = part else {
            return if wanted.follow { Err(anyhow!("the server closed it")) } else { Ok(()) };
        };
        for frame in frames.feed(&part.context("read what the service prints")?) {
            if frame.event == "end" {
                return Ok(());
            }
            show(room, wanted, &frame);
            if frame.id.is_some() {
                *last = frame.id;
            }
        }
    }
}

fn show(room: &Room, wanted: &Wanted, frame: &Frame) {
    let console = room.console();
    let Ok(value) = serde_json::from_str::<Value>(&frame.data) else { return };
    if console.json {
        console.value_line(&value);
        return;
    }
    let Ok(line) = serde_json::from_value::<Line>(value.clone()) else {
        // Not a line: news such as the end of a container.
        if let Some(text) = value.get("message").and_then(Value::as_str) {
            console.line(format!("— {text}"));
        }
        return;
    };
    let time =
        if wanted.timestamps { format!("{} ", describe::moment(line.at)) } else { String::new() };
    let mark = match line.stream {
        LogStream::Stdout => "",
        LogStream::Stderr => "! ",
    };
    let cut = if line.cut { " […]" } else { "" };
    console.line(format!("{time}{mark}{}{cut}", line.line));
}

/// One event of a stream of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Frame {
    id: Option<String>,
    event: String,
    data: String,
}

/// Cuts a stream of bytes into events, wherever the network cuts it.
#[derive(Default)]
struct Frames {
    rest: Vec<u8>,
}

impl Frames {
    fn feed(&mut self, part: &[u8]) -> Vec<Frame> {
        self.rest.extend_from_slice(part);
        let mut frames = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let text: Vec<u8> = self.rest.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&text);
            let mut frame = Frame::default();
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
            if frame != Frame::default() {
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
            let mut frames = Frames::default();
            let mut all = frames.feed(&text.as_bytes()[..cut]);
            all.extend(frames.feed(&text.as_bytes()[cut..]));

            let shown: Vec<_> =
                all.iter().map(|frame| (frame.event.as_str(), frame.data.as_str())).collect();
            assert_eq!(shown, [("", "{\"line\":\"ü\"}"), ("end", "{}")], "cut at {cut}");
        }
    }
}
