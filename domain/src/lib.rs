//! What Easel is: entities, value types, pure rules, and the ports that adapters implement.
//!
//! Nothing here does I/O, reads a clock or mints an id, so the browser runs the very same rules.

pub mod access;
pub mod account;
pub mod address;
pub mod api;
pub mod apply;
pub mod audit;
pub mod canvas;
pub mod change;
pub mod changes;
pub mod check;
pub mod clock;
pub mod config;
pub mod conflict;
pub mod consequence;
pub mod content;
pub mod dependency;
pub mod deployment;
pub mod deployments;
mod describe;
mod discard;
pub mod edit;
pub mod effect;
pub mod error;
pub mod event;
pub mod field;
pub mod group;
pub mod host;
pub mod id;
pub mod image;
pub mod layout;
mod lookup;
pub mod name;
pub mod nested;
pub mod network;
pub mod outbound;
pub mod page;
pub mod project;
pub mod readiness;
mod require;
pub mod resolve;
mod reveal;
pub mod rollout;
pub mod runtime;
pub mod secret;
pub mod service;
pub mod setting;
pub mod settle;
mod shared;
pub mod spec;
pub mod storage;
pub mod supersede;
pub mod template;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
mod touched;
pub mod variable;
pub mod visible;
pub mod volume;
pub mod workspace;
pub mod write;

pub use address::Address;
pub use clock::{Clock, Ids};
pub use config::{
    Command, Limits, MemorySize, Port, PortNumber, Ports, Protocol, PullPolicy, Replicas, Source,
    Strategy,
};
pub use content::Content;
pub use deployment::Deployment;
pub use error::{Error, FieldErrors, Resource, Result};
pub use field::Field;
pub use group::Group;
pub use id::{
    ApiKeyId, ChangeId, DeploymentId, EnvironmentId, GroupId, InstanceId, ProjectId, ReplicaId,
    ServiceId, SessionId, UserId, VolumeId,
};
pub use image::ImageRef;
pub use lookup::Edge;
pub use name::{Email, IconUrl, Invalid, Message, MountPath, Name, Slug, VariableKey};
pub use readiness::{HealthCheck, Probe};
pub use secret::Secret;
pub use service::Service;
pub use setting::Setting;
pub use shared::SharedService;
pub use spec::{EnvironmentSpec, RevisionNumber};
pub use template::{Reference, Template};
pub use time::Timestamp;
pub use variable::{Value, Variable};
pub use volume::Volume;

// Sorted, so that what is sent, stored and drawn has one order.
pub use std::collections::{BTreeMap as Map, BTreeSet as Set};
