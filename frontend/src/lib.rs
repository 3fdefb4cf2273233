//! The web app: the canvas and the screens around it, in Yew.

pub mod api;
pub mod app;
pub mod canvas;
pub mod card;
pub mod changes;
pub mod component;
mod contrast;
pub mod live;
pub mod log;
pub mod panel;
pub mod project;
pub mod route;
pub mod screen;
pub mod session;
pub mod shell;
pub mod theme;
pub mod variables;
pub mod view;
