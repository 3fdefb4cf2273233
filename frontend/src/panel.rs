//! The panel on the right: one thing of the canvas, opened.

mod check;
mod deployment;
mod deployments;
mod frame;
mod group;
mod history;
mod logs;
mod lost_volume;
mod mounts;
mod open;
mod replicas;
mod service;
mod setting;
mod settings;
mod volume;
mod width;

pub use self::{
    frame::{Panel, PanelProps},
    open::{Open, Tab},
    width::{free, width},
};
