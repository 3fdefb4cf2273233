//! How the process ends: a sentence for people, a code for scripts.

use std::fmt;

/// What `--help` says about exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the server, the engine or the host did not do its part
  2  wrong usage or configuration
  3  not signed in, or not allowed
  4  what was named does not exist
  5  it clashes with what is there, or with what somebody else did: look again
  6  the server cannot be reached
  7  a deployment failed, or `doctor` found something broken
  8  Easel cannot start: address, data directory, key or database";

/// Why the process ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The server, the engine or the machine did not do its part.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Not signed in, or not allowed.
    Forbidden = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// It clashes with what is there.
    Conflict = 5,
    /// The server cannot be reached.
    Unreachable = 6,
    /// A deployment failed, or something is broken.
    Broken = 7,
    /// Easel cannot start.
    CannotStart = 8,
}

/// A sentence and a code.
#[derive(Debug)]
pub struct Failure {
    /// For scripts.
    pub exit: Exit,
    /// What happened, where, and what to do next.
    pub sentence: String,
}

impl Failure {
    /// A failure with this sentence.
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into() }
    }

    /// Wrong usage or configuration.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    /// Something outside did not do its part.
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Failed, sentence)
    }

    /// What was named does not exist.
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, sentence)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

/// The code for an error: that of the [`Failure`] in it, else 1.
#[must_use]
pub fn code(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Failure>().map_or(Exit::Failed, |failure| failure.exit) as u8
}

/// The sentence for an error, with what lies below it where that is not said yet.
#[must_use]
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
