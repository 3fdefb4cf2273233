//! What people and scripts read: aligned tables, sentences, JSON.

use serde::Serialize;
use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

/// Why standard output takes nothing any more: the first reason.
static STDOUT_ERROR: Mutex<Option<io::ErrorKind>> = Mutex::new(None);

/// Standard output and input, as far as commands use them.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Whether answers are JSON.
    pub json: bool,
    colour: bool,
}

/// What a word means, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names its meaning")]
pub enum Tone {
    Plain,
    Good,
    Busy,
    Bad,
    Quiet,
}

impl Console {
    /// The process's own.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json, colour: !json && std::io::stdout().is_terminal() && wants_colour() }
    }

    /// Whether the log may be coloured.
    #[must_use]
    pub fn stderr_has_colour() -> bool {
        std::io::stderr().is_terminal() && wants_colour()
    }

    /// Whether somebody can be asked.
    #[must_use]
    pub fn can_ask() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// One line.
    pub fn line(&self, text: impl AsRef<str>) {
        put(&printable(text.as_ref()));
    }

    /// One line about the answer rather than of it: on standard error, whatever the answer is.
    pub fn to_stderr(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr(), "{}", printable(text.as_ref()));
    }

    /// Whether standard output is still read, as far as writing has shown: what goes on for ever
    /// ends when it is not.
    #[must_use]
    pub fn is_open(&self) -> bool {
        stdout_error().is_none()
    }

    /// Why not all of the answer came out, if it is not because nobody wants to read it.
    #[must_use]
    pub fn write_error() -> Option<io::ErrorKind> {
        stdout_error().filter(|kind| *kind != io::ErrorKind::BrokenPipe)
    }

    /// One line that is not for scripts: it does not disturb JSON.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.json {
            self.line(text);
        }
    }

    /// A value as JSON.
    pub fn value(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value)
            .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
        put(&text);
    }

    /// A value as one line of JSON: for streams.
    pub fn value_line(&self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value) {
            put(&text);
        }
    }

    /// A word in the colour of its meaning.
    #[must_use]
    pub fn tone(&self, tone: Tone, word: &str) -> String {
        let code = match tone {
            Tone::Plain => return word.to_owned(),
            Tone::Good => 32,
            Tone::Busy => 33,
            Tone::Bad => 31,
            Tone::Quiet => 2,
        };
        if self.colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    /// A table with aligned columns; nothing when there are no rows, no titles when there is no head.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let head: Vec<String> =
            head.iter().map(|title| self.tone(Tone::Quiet, &title.to_uppercase())).collect();
        let title = (!head.is_empty()).then_some(&head);
        let all: Vec<&Vec<String>> = title.into_iter().chain(rows).collect();
        let columns = all.iter().map(|row| row.len()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                all.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        for row in all {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if column + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[column].saturating_sub(width(cell)) + 2));
                }
            }
            self.line(line.trim_end());
        }
    }

    /// Asks yes or no.
    #[must_use]
    pub fn confirm(question: &str) -> bool {
        let _ = write!(std::io::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).unwrap_or_default();
        read > 0 && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a line.
    #[must_use]
    pub fn ask(question: &str) -> Option<String> {
        let _ = write!(std::io::stderr(), "{question}: ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty())
    }
}

fn stdout_error() -> Option<io::ErrorKind> {
    *STDOUT_ERROR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a line. That it could not be written must not stop what is being done, so it is only
/// remembered.
fn put(line: &str) {
    let mut out = io::stdout();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        STDOUT_ERROR.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.kind());
    }
}

fn wants_colour() -> bool {
    // https://no-color.org: present and not empty means none.
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Text of others must not move the cursor or change colours: control characters are shown as
/// such. Our own colours stay.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            '\u{1b}' if is_our_colour(&mut rest.clone()) => shown.push(letter),
            letter if letter.is_control() => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    shown
}

fn is_our_colour(rest: &mut impl Iterator<Item = char>) -> bool {
    let code: String = rest.take_while(|letter| *letter != 'm').take(4).collect();
    matches!(code.as_str(), "[0" | "[2" | "[31" | "[32" | "[33")
}

fn width(cell: &str) -> usize {
    let mut inside = false;
    cell.chars()
        .filter(|letter| {
            let was_inside = inside;
            inside = if inside { *letter != 'm' } else { *letter == '\u{1b}' };
            !was_inside && !inside
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_room_and_foreign_escapes_are_shown_as_such() {
        let coloured = Console { json: false, colour: true }.tone(Tone::Good, "live");

        assert_eq!(width(&coloured), 4);
        assert_eq!(printable(&coloured), coloured);
        assert_eq!(printable("a\u{1b}[2Jb\u{7}"), "a\\u{1b}[2Jb\\u{7}");
    }
}
