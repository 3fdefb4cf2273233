//! What went wrong with a call, first as the engine put it, then as our port puts it.

use super::sentence;
use crate::Address;
use bollard::errors::Error;
use domain::runtime::RuntimeError;
use std::{error::Error as StdError, io, iter::successors};

/// Why a call failed. What an answer means depends on what was asked, so it stays as it came; but it is
/// only ever compared: neither a person nor the log is shown it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The engine answered, and did not do it.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The engine's own words.
        message: String,
    },
    /// An error of a stream that had begun well.
    Stream(String),
    /// It did not get that far.
    Error(RuntimeError),
}

impl Failure {
    /// What bollard's error means.
    pub(crate) fn of(error: Error, address: &Address) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                Self::Answer { status: status_code, message: clean_message(&message) }
            }
            Error::DockerStreamError { error } => Self::Stream(clean_message(&error)),
            Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => {
                Self::Error(RuntimeError::Refused("its answer cannot be read".to_owned()))
            }
            Error::RequestTimeoutError => Self::Error(RuntimeError::Timeout("answer")),
            other => Self::Error(RuntimeError::Unreachable(why_unreachable(&other, address))),
        }
    }

    /// The status, when the engine answered.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            Self::Stream(_) | Self::Error(_) => None,
        }
    }

    /// Whether the engine's words have this in them, whatever their letter case.
    pub(crate) fn says(&self, words: &str) -> bool {
        match self {
            Self::Answer { message, .. } | Self::Stream(message) => {
                message.to_lowercase().contains(words)
            }
            Self::Error(_) => false,
        }
    }

    /// Whether nothing can be said of anything but the engine.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Error(error) if error.is_outage())
    }

    /// Whether the engine wants another version than the one agreed on: it has been replaced.
    pub(crate) fn is_about_versions(&self) -> bool {
        self.status() == Some(400) && self.says("client version")
    }
}

impl From<Failure> for RuntimeError {
    fn from(failure: Failure) -> Self {
        let (status, message) = match failure {
            Failure::Error(error) => return error,
            Failure::Answer { status, message } => (Some(status), message),
            Failure::Stream(message) => (None, message),
        };
        if let Some(held_up) = sentence::busy(&message) {
            return Self::Busy(held_up.to_owned());
        }
        match status {
            Some(404) => Self::Gone(sentence::missing(&message)),
            Some(409) => Self::Busy("it is at work on the same thing".to_owned()),
            _ => Self::Refused(sentence::refusal(&message, status)),
        }
    }
}

/// The engine's words on one line, without its prefix, and not without end.
fn clean_message(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("Error response from daemon: ").unwrap_or(&line);
    line.chars().take(1000).collect()
}

/// For the sentence "the container engine cannot be reached: …".
fn why_unreachable(error: &Error, address: &Address) -> String {
    if let Error::SocketNotFoundError(path) = error {
        return no_socket(path);
    }
    let causes = successors(
        Some(error as &(dyn StdError + 'static)),
        |cause: &&(dyn StdError + 'static)| (*cause).source(),
    );
    let io = match error {
        Error::IOError { err } => Some(err),
        _ => causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).last(),
    };
    match (io.map(io::Error::kind), address) {
        (Some(io::ErrorKind::NotFound), _) => no_socket(address),
        (Some(io::ErrorKind::PermissionDenied), _) => format!(
            "Easel may not open {address}; add its user to the group `docker` and sign in again, \
             or run Easel as root"
        ),
        (Some(io::ErrorKind::ConnectionRefused), _) => {
            format!("nobody listens at {address}; is Docker running?")
        }
        _ if is_connect(error) => match io {
            Some(io) => format!("{address}: {io}"),
            None => format!("there is no way to {address}"),
        },
        _ => "it closed the connection before it had answered".to_owned(),
    }
}

fn no_socket(path: impl std::fmt::Display) -> String {
    format!("there is no socket at {path}; is Docker installed, and is it running?")
}

fn is_connect(error: &Error) -> bool {
    matches!(error, Error::HyperLegacyError { err } if err.is_connect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_io(kind: io::ErrorKind) -> RuntimeError {
        let error = Error::IOError { err: io::Error::from(kind) };
        Failure::of(error, &Address::default()).into()
    }

    fn answer(status_code: u16, message: &str) -> RuntimeError {
        let error = Error::DockerResponseServerError { status_code, message: message.to_owned() };
        Failure::of(error, &Address::default()).into()
    }

    // F28
    #[test]
    fn a_missing_socket_a_closed_door_and_a_silent_port_each_say_what_to_do() {
        let missing = from_io(io::ErrorKind::NotFound).to_string();
        let closed = from_io(io::ErrorKind::PermissionDenied).to_string();
        let silent = from_io(io::ErrorKind::ConnectionRefused).to_string();

        assert!(missing.contains("no socket at /var/run/docker.sock"), "{missing}");
        assert!(closed.contains("group `docker`") && closed.contains("as root"), "{closed}");
        assert!(silent.contains("is Docker running?"), "{silent}");
    }

    #[test]
    fn a_cut_answer_is_an_outage() {
        let cut = from_io(io::ErrorKind::UnexpectedEof);

        assert!(cut.is_outage());
        assert!(cut.to_string().contains("before it had answered"));
    }

    // F45, F55
    #[test]
    fn answers_are_sorted_by_what_to_do_about_them() {
        assert_eq!(
            answer(404, "No such container: 4ab2"),
            RuntimeError::Gone("container 4ab2".to_owned())
        );
        assert_eq!(
            answer(404, "network easel-1-2 not found"),
            RuntimeError::Gone("network easel-1-2".to_owned())
        );
        assert!(matches!(
            answer(409, "removal of container 4ab2 is already in progress"),
            RuntimeError::Busy(_)
        ));
        assert!(matches!(answer(403, "Address already in use"), RuntimeError::Busy(_)));
        assert_eq!(
            answer(500, "write /var/lib/docker/x: no space\n left on device"),
            RuntimeError::Refused("its disk is full; free some space".to_owned())
        );
    }
}
