//! The crowd itself, in a process of its own: plain sockets and threads, so that it costs little beside
//! what it measures. It is told what to do on its input, and says what came of it on its output.

use anyhow::{Context, Result, bail};
use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::{
    io::{BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// The argument that makes this program a crowd.
pub(crate) const LOAD: &str = "crowd-load";
/// What it says when everybody is in and begins to move, and when they have stopped.
pub(super) const BEGUN: &str = "begun";
pub(super) const ENDED: &str = "ended";
/// How often everybody moves.
const MOVES_PER_SECOND: u32 = 20;
/// Tenths of a millisecond after which the clock in a move begins anew.
const ROUND: u64 = 1_000_000;
/// The longest delay that is told apart, in tenths of a millisecond.
const LONGEST: usize = 50_000;
/// What may still come after everybody has stopped.
const TAIL: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) address: String,
    pub(super) path: String,
    pub(super) token: String,
    pub(super) node: String,
    pub(super) people: u32,
    pub(super) seconds: u32,
}

/// What came of it. Times are tenths of a millisecond.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) expected: u64,
    pub(super) delivered: u64,
    pub(super) p50: u64,
    pub(super) p99: u64,
    /// Edits that came to whoever got the fewest.
    pub(super) edits: u64,
    /// Snapshots after the first of each.
    pub(super) snapshots: u64,
    pub(super) lost: u64,
}

/// What one of them has heard.
struct Heard {
    /// How many moves came after so many tenths of a millisecond.
    delays: Vec<u32>,
    edits: u64,
    snapshots: u64,
    is_lost: bool,
}

pub(super) fn run() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let task: Task = serde_json::from_str(&text)?;
    let start = Instant::now();
    let mut writers = Vec::new();
    let mut readers = Vec::new();
    for person in 0..task.people {
        let (writer, reader) = join(&task)?;
        writers.push(writer);
        let reading = thread::Builder::new().stack_size(256 * 1024);
        readers.push(reading.spawn(move || listen(reader, person, start))?);
    }

    say(BEGUN)?;
    let sent = play(&task, &mut writers, start)?;
    say(ENDED)?;
    thread::sleep(TAIL);
    for writer in &writers {
        // One that is lost is counted by its reader.
        let _ = writer.shutdown(Shutdown::Both);
    }
    let mut delays = vec![0_u64; LONGEST + 1];
    let mut outcome = Outcome {
        expected: sent * u64::from(task.people - 1),
        delivered: 0,
        p50: 0,
        p99: 0,
        edits: u64::MAX,
        snapshots: 0,
        lost: 0,
    };
    for reader in readers {
        let heard = reader.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?;
        for (all, one) in delays.iter_mut().zip(&heard.delays) {
            *all += u64::from(*one);
        }
        outcome.edits = outcome.edits.min(heard.edits);
        outcome.snapshots += heard.snapshots.saturating_sub(1);
        outcome.lost += u64::from(heard.is_lost);
    }
    outcome.delivered = delays.iter().sum();
    outcome.p50 = percentile(&delays, outcome.delivered / 2);
    outcome.p99 = percentile(&delays, outcome.delivered / 100 * 99);
    say(&serde_json::to_string(&outcome)?)
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn percentile(delays: &[u64], rank: u64) -> u64 {
    let mut seen = 0;
    let place = delays.iter().position(|count| {
        seen += count;
        seen > rank
    });
    place.map_or(u64::MAX, |place| u64::try_from(place).unwrap_or(u64::MAX))
}

/// Somebody comes in: the two halves of their socket.
fn join(task: &Task) -> Result<(TcpStream, BufReader<TcpStream>)> {
    let mut writer = TcpStream::connect(&task.address)?;
    writer.set_nodelay(true)?;
    write!(
        writer,
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        task.path, task.address, task.token
    )?;
    let mut reader = BufReader::with_capacity(256 * 1024, writer.try_clone()?);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        head.extend(byte);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        bail!("{}", String::from_utf8_lossy(&head));
    }
    write_frame(&mut writer, r#"{"type":"open"}"#)?;
    let mut payload = Vec::new();
    while !payload.starts_with(br#"{"type":"snapshot""#) {
        read_frame(&mut reader, &mut payload)?.context("a snapshot")?;
    }
    Ok((writer, reader))
}

/// Everybody moves, in turns. How many moves that were.
fn play(task: &Task, writers: &mut [TcpStream], start: Instant) -> Result<u64> {
    let begun = Instant::now();
    let moves = task.people * MOVES_PER_SECOND * task.seconds;
    let step = Duration::from_secs(1) / (task.people * MOVES_PER_SECOND);
    for number in 0..moves {
        if let Some(rest) = (step * number).checked_sub(begun.elapsed()) {
            thread::sleep(rest);
        }
        let person = number % task.people;
        let at = tenths(start) % ROUND;
        let message =
            format!(r#"{{"type":"drag","places":[["{}",{{"x":{at},"y":{person}}}]]}}"#, task.node);
        let writer = writers.get_mut(usize::try_from(person)?).context("somebody")?;
        // One that is lost is counted by its reader.
        let _ = write_frame(writer, &message);
    }
    Ok(u64::from(moves))
}

fn tenths(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros() / 100).unwrap_or(u64::MAX)
}

fn listen(mut reader: BufReader<TcpStream>, person: u32, start: Instant) -> Heard {
    let mut heard = Heard { delays: vec![0; LONGEST + 1], edits: 0, snapshots: 1, is_lost: false };
    let (staged, across) =
        (memmem::Finder::new(r#""event":"staged""#), memmem::Finder::new("\"x\":"));
    let mut payload = Vec::new();
    loop {
        match read_frame(&mut reader, &mut payload) {
            Ok(Some(())) => (),
            Ok(None) => {
                heard.is_lost = true;
                return heard;
            }
            // Shut down, by this very program.
            Err(_) => return heard,
        }
        let now = tenths(start) % ROUND;
        if payload.starts_with(br#"{"type":"drags""#) {
            for place in across.find_iter(&payload) {
                let (at, rest) = number(&payload[place + 4..]);
                let (who, _) = number(&rest[5..]);
                if who != u64::from(person) {
                    let delay = (now + ROUND - at) % ROUND;
                    heard.delays[usize::try_from(delay).unwrap_or(LONGEST).min(LONGEST)] += 1;
                }
            }
        } else if payload.starts_with(br#"{"type":"events""#) {
            heard.edits += staged.find_iter(&payload).count() as u64;
        } else if payload.starts_with(br#"{"type":"snapshot""#) {
            heard.snapshots += 1;
        }
    }
}

/// The number at the beginning, and what follows it.
fn number(text: &[u8]) -> (u64, &[u8]) {
    let mut number = 0;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', more @ ..] = rest {
        number = number * 10 + u64::from(digit - b'0');
        rest = more;
    }
    (number, rest)
}

/// A text frame with a mask of zeros, which changes nothing.
fn write_frame(stream: &mut TcpStream, text: &str) -> Result<()> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len())?.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    Ok(stream.write_all(&frame)?)
}

/// Reads the next frame; `None`: the server closes.
fn read_frame(reader: &mut BufReader<TcpStream>, payload: &mut Vec<u8>) -> Result<Option<()>> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let length = match head[1] & 0x7f {
        126 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            u64::from(u16::from_be_bytes(length))
        }
        127 => {
            let mut length = [0; 8];
            reader.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        length => u64::from(length),
    };
    payload.resize(usize::try_from(length)?, 0);
    reader.read_exact(payload)?;
    Ok((head[0] & 0x0f != 0x08).then_some(()))
}
