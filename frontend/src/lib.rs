//! The web app: the canvas and the screens around it, in Yew.

pub mod api;
pub mod app;
pub mod canvas;
pub mod card;
pub mod component;
pub mod log;
mod pigments;
pub mod route;
pub mod screen;
pub mod session;
pub mod shell;
pub mod theme;
pub mod variables;
pub mod view;
