//! What is said on the canvas's socket.

use super::ErrorCode;
use crate::{
    EnvironmentId, Map, Name, ProjectId, Secret, UserId,
    access::ProjectRole,
    canvas::Snapshot,
    event::LoggedEvent,
    layout::{Node, Position},
    nested::fields,
};
use serde::{Deserialize, Serialize};

/// What a client says on the canvas's socket. Edits are not among it: they are posted, under a key
/// that makes one of two, and an answer says which field is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first frame of clients that hold a token or key; browsers are known by their cookie.
    Auth {
        /// The access token or API key.
        token: Secret,
    },
    /// Opens the canvas: from where the client left off, if it knows.
    Open {
        /// The epoch that the number belongs to.
        #[serde(default)]
        epoch: Option<String>,
        /// The last event that the client has.
        #[serde(default)]
        after: Option<u64>,
    },
    /// Moves nodes for good: one write.
    Place {
        /// Tells acknowledgements apart.
        op: u64,
        /// Where.
        #[serde(deserialize_with = "places")]
        places: Vec<(Node, Position)>,
    },
    /// Shows others a drag while it lasts. Nothing is stored.
    Drag {
        /// Where.
        #[serde(deserialize_with = "places")]
        places: Vec<(Node, Position)>,
    },
}

fields! {
    places: Vec<(Node, Position)>,
}

/// What the server says on the canvas's socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first frame after the door let the client in.
    Welcome {
        /// Names the log: another one means that numbers do not continue.
        epoch: String,
        /// Which messages the server speaks.
        protocol: u32,
        /// The hash of the web app that belongs to this server.
        app: String,
        /// What the client may do here.
        role: ProjectRole,
        /// Which project.
        project: ProjectId,
        /// Which environment.
        environment: EnvironmentId,
        /// Which of all sockets this is: what says so came from here.
        participant: u64,
    },
    /// Everything; forget what you had.
    Snapshot {
        /// What the canvas shows.
        snapshot: Box<Snapshot>,
    },
    /// What has happened, in order.
    Events {
        /// Numbered without gaps.
        events: Vec<LoggedEvent>,
        /// Names of people that these events speak of.
        people: Map<UserId, Name>,
    },
    /// An operation is done and stored.
    Done {
        /// Which.
        op: u64,
        /// The last event at that moment.
        number: u64,
    },
    /// An operation, or a frame, was refused.
    Refused {
        /// Which operation, if it was one.
        op: Option<u64>,
        /// The code, as in all errors.
        error: ErrorCode,
        /// The sentence.
        message: String,
    },
    /// People drag: all who moved since the last of these, each as they are now. It is passing news:
    /// one that got lost is not sent again, and no event has its number.
    Drags {
        /// One for each socket, the receiver's own among them.
        drags: Vec<Drag>,
    },
}

/// What somebody drags at this moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drag {
    /// By which socket.
    pub participant: u64,
    /// Who.
    pub user: UserId,
    /// Where.
    pub places: Vec<(Node, Position)>,
}

/// How many places clients put into a frame, so that it stays below what the server reads.
pub const PLACES_PER_FRAME: usize = 400;

/// The number of the message set above: clients with another one reload.
pub const PROTOCOL: u32 = 3;
