//! What a simulated container does once it has been started.

use crate::{Command, Port};
use std::{collections::BTreeMap, time::Duration};

/// What a simulated container does once it has been started.
///
/// Said in its command, as clauses: `listen PORT MS`, `exit CODE MS`, `oom MS`, `silent MS` (runs on
/// and answers no more), `stubborn` (stops only when killed), `missing` (is not there: ends with 127), `print TEXT`. Without a command it runs
/// for ever and listens on its declared TCP ports at once. Words that mean nothing are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Ports, and how long after the start they answer.
    pub listens: BTreeMap<u16, Duration>,
    /// How long after the start nothing of it answers any more, though it runs.
    pub falls_silent: Option<Duration>,
    /// How long it lives, and how it ends.
    pub ends: Option<(Duration, i64)>,
    /// Whether its end is the kernel's doing, for want of memory.
    pub is_greedy: bool,
    /// Whether it ignores being asked to stop.
    pub is_stubborn: bool,
    /// What it prints at each start.
    pub prints: Vec<String>,
}

impl Program {
    pub(super) fn new(command: Option<&Command>, ports: &[Port]) -> Self {
        let mut program = Self::default();
        let Some(command) = command else {
            program.listens =
                ports.iter().map(|port| (port.number.get(), Duration::ZERO)).collect();
            return program;
        };
        let millis = |word: Option<&String>| {
            Duration::from_millis(word.and_then(|word| word.parse().ok()).unwrap_or(0))
        };
        let mut words = command.arguments().iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "listen" => {
                    let port = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                    program.listens.insert(port, millis(words.next()));
                }
                "exit" => {
                    let code = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                    program.ends = Some((millis(words.next()), code));
                }
                "oom" => {
                    program.ends = Some((millis(words.next()), 137));
                    program.is_greedy = true;
                }
                "silent" => program.falls_silent = Some(millis(words.next())),
                "stubborn" => program.is_stubborn = true,
                "missing" => program.ends = Some((Duration::ZERO, 127)),
                "print" => program.prints.extend(words.next().cloned()),
                _ => (),
            }
        }
        program
    }
}
